import Glibc

/// An error of the store, the log, the signing guard or a file.
///
/// Every case but `refused` names the path; `detail` is the library's or the system's own message.
public enum StorageError: Error, Hashable, Sendable {
  /// Another process, or this one, has opened the database or file. `holder` is that process's id if it is
  /// known.
  case locked(path: String, holder: Int32?)
  /// The stored bytes differ from those that were written, or some are missing. Nothing was repaired.
  case corrupt(path: String, detail: String)
  /// No space or quota is left.
  case noSpace(path: String, detail: String)
  /// The system denies access.
  case denied(path: String, detail: String)
  /// A file, folder or database that must exist does not.
  case missing(path: String, detail: String)
  /// Any other failure of the disk, the system or the database.
  case failed(path: String, detail: String)
  /// The data was written by another version or for another network.
  case unsupported(path: String, detail: String)
  /// The database was closed before the call.
  case closed(path: String)
  /// An earlier write failed, so it is unknown what reached the disk; open it again to find out.
  case poisoned(path: String, cause: String)
  /// A record exceeds its limit of bytes.
  case tooLarge(path: String, count: Int, limit: Int)
  /// A block is not at the height after the last one.
  case wrongHeight(path: String, expected: UInt64, found: UInt64)
  /// The caller broke a rule of this interface, as `detail` says.
  case misuse(path: String, detail: String)
  /// The signing guard refuses to sign.
  case refused(SignerRefusal)

  /// The error for the `errno` of a failed system call.
  init(code: Int32, operation: String, path: String) {
    let detail = "\(operation): \(String(cString: strerror(code)))"
    switch code {
    case ENOSPC, EDQUOT, EFBIG: self = .noSpace(path: path, detail: detail)
    case EACCES, EPERM, EROFS: self = .denied(path: path, detail: detail)
    case ENOENT, ENOTDIR: self = .missing(path: path, detail: detail)
    default: self = .failed(path: path, detail: detail)
    }
  }

  /// The error for a message of RocksDB. Its C interface reports only a text, so the case is guessed from it.
  init(message: String, path: String) {
    let holds = { (text: String) in message.contains(text) }
    if holds("While lock file") || holds("lock hold by current process") {
      self = .locked(path: path, holder: nil)
    } else if holds("No space left") || holds("Disk quota exceeded") || holds("File too large") {
      self = .noSpace(path: path, detail: message)
    } else if message.hasPrefix("Corruption") {
      self = .corrupt(path: path, detail: message)
    } else if holds("Permission denied") || holds("Read-only file system") || holds("Operation not permitted")
    {
      self = .denied(path: path, detail: message)
    } else if holds("No such file or directory") || holds("does not exist") {
      self = .missing(path: path, detail: message)
    } else {
      self = .failed(path: path, detail: message)
    }
  }
}

extension StorageError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .locked(let path, let holder?): "\(path) is used by process \(holder)"
    case .locked(let path, nil): "\(path) is used by another process"
    case .corrupt(let path, let detail): "\(path) is damaged: \(detail)"
    case .noSpace(let path, let detail): "no space left for \(path): \(detail)"
    case .denied(let path, let detail): "\(path) is not accessible: \(detail)"
    case .missing(let path, let detail): "\(path) is missing: \(detail)"
    case .failed(let path, let detail): "\(path): \(detail)"
    case .unsupported(let path, let detail): "\(path) cannot be used: \(detail)"
    case .closed(let path): "\(path) is closed"
    case .poisoned(let path, let cause): "\(path) takes no more writes after a failed one: \(cause)"
    case .tooLarge(let path, let count, let limit): "\(path): \(count) bytes exceed the limit of \(limit)"
    case .wrongHeight(let path, let expected, let found): "\(path) is to get height \(expected), not \(found)"
    case .misuse(let path, let detail): "\(path): \(detail)"
    case .refused(let refusal): "not signed: \(refusal)"
    }
  }

  /// What the operator can do; nil when there is no advice.
  public var hint: String? {
    switch self {
    case .locked: "stop the other node, or give this one its own home"
    case .corrupt: "keep a copy for inspection, check the disk, then restore a snapshot or synchronise anew"
    case .noSpace: "free some space and start again; nothing that was acknowledged is lost"
    case .denied: "check the owner and the mode of the folder"
    case .missing: "check the path, or run `supercloud init`"
    case .unsupported: "use the version and the network that wrote it, or another home"
    case .poisoned, .failed: "check the disk and the system's log, then start again"
    case .closed, .tooLarge, .wrongHeight, .misuse: nil
    case .refused(let refusal): refusal.hint
    }
  }
}
