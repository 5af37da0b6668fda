import Glibc

/// The exclusive right of this process to use a home folder. It lasts as long as this value; the system also
/// releases it when the process ends in any way.
public struct HomeLock: ~Copyable, Sendable {
  private let file: PosixFile

  /// Takes the lock of `home`; makes the folder if it is missing.
  ///
  /// Throws `.locked` with the holder's process id when another process, or another `HomeLock`, has it.
  public init(home: String) throws(StorageError) {
    try Folder.create(home)
    let path = home + "/lock"
    let file = try PosixFile(path: path, .createIfMissing)
    while flock(file.descriptor, LOCK_EX | LOCK_NB) != 0 {
      let code = errno
      if code == EINTR { continue }
      guard code == EWOULDBLOCK else { throw StorageError(code: code, operation: "flock", path: path) }
      throw .locked(path: home, holder: Self.holder(in: file))
    }
    // The process id is only for the error message of a second process; `flock` is the lock.
    try file.truncate(to: 0)
    try file.write(Array("\(getpid())\n".utf8), at: 0)
    self.file = file
  }

  /// The process that has the lock of `home`. Nobody has it when the result is nil; when the id cannot be read,
  /// it is 0.
  ///
  /// The lock is tried for a moment, so a process that wants it at that moment is refused.
  public static func holder(of home: String) throws(StorageError) -> Int32? {
    let file: PosixFile
    do {
      file = try PosixFile(path: home + "/lock", .readOnly)
    } catch .missing {
      return nil
    }
    while flock(file.descriptor, LOCK_SH | LOCK_NB) != 0 {
      let code = errno
      if code == EINTR { continue }
      guard code == EWOULDBLOCK else { throw StorageError(code: code, operation: "flock", path: file.path) }
      return holder(in: file) ?? 0
    }
    return nil
  }

  private static func holder(in file: borrowing PosixFile) -> Int32? {
    guard let bytes = try? file.read(at: 0, count: 16) else { return nil }
    return Int32(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
  }
}
