import Foundation
import Glibc
import Storage

/// A file that is written from front to back through one buffer and read at any place.
final class SnapshotFile {
  private static let bufferBytes = 1 << 20

  let path: String
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  /// Bytes written, those in the buffer included.
  private(set) var count: UInt64 = 0

  /// Makes the file anew, or opens it for reading.
  init(_ path: String, writing: Bool) throws {
    self.path = path
    descriptor =
      writing
      ? open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600) : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SnapshotFileError(path: path, code: errno) }
  }

  deinit {
    close(descriptor)
  }

  func append(_ bytes: some Collection<UInt8>) throws {
    buffer.append(contentsOf: bytes)
    count += UInt64(bytes.count)
    if buffer.count >= Self.bufferBytes { try flush() }
  }

  /// Hands everything to the system.
  func flush() throws {
    var written = 0
    while written < buffer.count {
      let result = buffer.withUnsafeBytes { bytes in
        Glibc.write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
      }
      if result < 0, errno == EINTR { continue }
      guard result > 0 else { throw SnapshotFileError(path: path, code: errno) }
      written += result
    }
    buffer.removeAll(keepingCapacity: true)
  }

  func sync() throws {
    try flush()
    guard fsync(descriptor) == 0 else { throw SnapshotFileError(path: path, code: errno) }
  }

  /// Exactly `count` bytes from `offset`.
  func read(_ count: Int, at offset: UInt64) throws -> [UInt8] {
    var done = 0
    return try [UInt8](unsafeUninitializedCapacity: count) { bytes, filled in
      while done < count {
        let result = pread(
          descriptor,
          bytes.baseAddress.map { $0 + done },
          count - done,
          off_t(offset) + off_t(done)
        )
        if result < 0, errno == EINTR { continue }
        guard result > 0 else { throw SnapshotFileError(path: path, code: result == 0 ? EIO : errno) }
        done += result
      }
      filled = done
    }
  }
}

struct SnapshotFileError: Error, CustomStringConvertible {
  let path: String
  let code: Int32

  var description: String { "\(path): \(String(cString: strerror(code)))" }
}
