import CRocksDB
import Glibc

/// Distinguishes a file from its copies: by its inode and its time of birth, which no copying program
/// preserves.
///
/// The device number is left out, because it may change at each boot. A restored image of a whole disk has
/// the same identities, so it is not recognised.
struct FileIdentity: Hashable, Sendable {
  var inode: UInt64
  /// Nanoseconds since 1970, modulo 2^64; zero where the file system does not record it.
  var birth: UInt64
}

/// An open file. Failures are thrown with operation and path; calls that a signal interrupts are repeated.
public struct PosixFile: ~Copyable, Sendable {
  public let path: String
  let descriptor: Int32

  public enum Mode: Sendable {
    /// The file must exist.
    case existing
    /// The file is made if it is missing.
    case createIfMissing
    /// The file must not exist.
    case createNew
    /// The file must exist and is opened for reading only.
    case readOnly
  }

  public init(path: String, _ mode: Mode) throws(StorageError) {
    let flags =
      switch mode {
      case .existing: O_RDWR
      case .createIfMissing: O_RDWR | O_CREAT
      case .createNew: O_RDWR | O_CREAT | O_EXCL
      case .readOnly: O_RDONLY
      }
    descriptor = open(path, flags | O_CLOEXEC, 0o600)
    self.path = path
    guard descriptor >= 0 else { throw StorageError(code: errno, operation: "open", path: path) }
  }

  deinit {
    if descriptor >= 0 { _ = close(descriptor) }
  }

  private func failure(_ operation: String) -> StorageError {
    StorageError(code: errno, operation: operation, path: path)
  }

  func size() throws(StorageError) -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("stat") }
    return Int(status.st_size)
  }

  func identity() throws(StorageError) -> FileIdentity {
    let emptyPath: Int32 = 0x1000  // AT_EMPTY_PATH: the descriptor itself.
    var status = statx()
    let wanted = UInt32(STATX_BTIME) | UInt32(STATX_INO)
    guard statx(descriptor, "", emptyPath, wanted, &status) == 0 else { throw failure("statx") }
    guard status.stx_mask & UInt32(STATX_BTIME) != 0 else {
      return FileIdentity(inode: status.stx_ino, birth: 0)
    }
    let seconds = UInt64(bitPattern: status.stx_btime.tv_sec)
    return FileIdentity(
      inode: status.stx_ino,
      birth: seconds &* 1_000_000_000 &+ UInt64(status.stx_btime.tv_nsec)
    )
  }

  /// Reads `count` bytes from `offset`, or fewer at the end of the file.
  public func read(at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let result = bytes.withUnsafeMutableBytes { buffer in
        pread(descriptor, buffer.baseAddress?.advanced(by: filled), count - filled, off_t(offset + filled))
      }
      if result < 0 {
        if errno == EINTR { continue }
        throw failure("read")
      }
      if result == 0 { break }
      filled += result
    }
    bytes.removeLast(count - filled)
    return bytes
  }

  public func write(_ bytes: [UInt8], at offset: Int) throws(StorageError) {
    var written = 0
    while written < bytes.count {
      let result = bytes.withUnsafeBytes { buffer in
        pwrite(
          descriptor,
          buffer.baseAddress?.advanced(by: written),
          bytes.count - written,
          off_t(offset + written)
        )
      }
      if result < 0 {
        if errno == EINTR { continue }
        throw failure("write")
      }
      written += result
    }
  }

  /// Returns when contents and length are on disk.
  public func sync() throws(StorageError) {
    while fdatasync(descriptor) != 0 {
      guard errno == EINTR else { throw failure("fdatasync") }
    }
  }

  public func truncate(to size: Int) throws(StorageError) {
    while ftruncate(descriptor, off_t(size)) != 0 {
      guard errno == EINTR else { throw failure("truncate") }
    }
  }
}

/// Operations on folders and on the files in them.
enum Folder {
  /// Makes the folder and those above it that are missing.
  static func create(_ path: String) throws(StorageError) {
    var status = stat()
    if stat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFDIR else {
        throw .failed(path: path, detail: "it is not a folder")
      }
      return
    }
    let parent = self.parent(of: path)
    if parent != path { try create(parent) }
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
      throw StorageError(code: errno, operation: "mkdir", path: path)
    }
  }

  static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    let parent = path[..<slash]
    return parent.isEmpty ? "/" : String(parent)
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// The names in a folder, sorted, without `.` and `..`.
  static func names(in path: String) throws(StorageError) -> [String] {
    guard let stream = opendir(path) else {
      throw StorageError(code: errno, operation: "opendir", path: path)
    }
    defer { closedir(stream) }
    var names: [String] = []
    errno = 0
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
          String(cString: $0)
        }
      }
      if name != ".", name != ".." { names.append(name) }
      errno = 0
    }
    guard errno == 0 else { throw StorageError(code: errno, operation: "readdir", path: path) }
    return names.sorted()
  }

  static func remove(file path: String) throws(StorageError) {
    guard unlink(path) == 0 else { throw StorageError(code: errno, operation: "unlink", path: path) }
  }

  static func rename(_ path: String, to target: String) throws(StorageError) {
    guard Glibc.rename(path, target) == 0 else {
      throw StorageError(code: errno, operation: "rename", path: path)
    }
  }

  /// Makes earlier creations, renames and removals in the folder durable.
  static func sync(_ path: String) throws(StorageError) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw StorageError(code: errno, operation: "open", path: path) }
    defer { _ = close(descriptor) }
    guard fsync(descriptor) == 0 else { throw StorageError(code: errno, operation: "fsync", path: path) }
  }
}
