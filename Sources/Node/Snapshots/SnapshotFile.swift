import Storage

/// A file that is written sequentially through one buffer and read at any offset.
final class SnapshotFile {
  private static let bufferBytes = 1 << 20

  private let file: PosixFile
  private var buffer: [UInt8] = []
  /// Bytes written; those in the buffer count.
  private(set) var count: UInt64 = 0

  /// With `writing`, makes the file or empties an existing one; otherwise opens it for reading.
  init(_ path: String, writing: Bool) throws {
    file = try PosixFile(path: path, writing ? .createIfMissing : .readOnly)
    if writing { try file.truncate(to: 0) }
  }

  func append(_ bytes: some Collection<UInt8>) throws {
    buffer.append(contentsOf: bytes)
    count += UInt64(bytes.count)
    if buffer.count >= Self.bufferBytes { try flush() }
  }

  /// Writes the buffer to the file, without a sync.
  func flush() throws {
    try file.write(buffer, at: Int(count) - buffer.count)
    buffer.removeAll(keepingCapacity: true)
  }

  func sync() throws {
    try flush()
    try file.sync()
  }

  /// Reads exactly `count` bytes from `offset`. Throws when the file is shorter.
  func read(_ count: Int, at offset: UInt64) throws -> [UInt8] {
    let bytes = try file.read(at: Int(offset), count: count)
    guard bytes.count == count else {
      throw StorageError.corrupt(path: file.path, detail: "it ends before \(offset) and \(count) bytes more")
    }
    return bytes
  }
}
