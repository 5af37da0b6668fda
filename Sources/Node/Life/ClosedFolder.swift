public import API
public import Foundation
import Glibc

extension Failure {
  /// Nil unless the file may be there and lies in a folder that the user may not enter.
  public init?(closedFolder file: URL) {
    guard access(file.path, F_OK) != 0, errno == EACCES else { return nil }
    self.init(
      "\(file.path) cannot be read",
      why: "it lies in a folder that belongs to somebody else, who has closed it to you",
      fix: "run this as the user who made it, or name a home of your own with --home"
    )
  }
}

extension Home {
  /// Whether the file or folder is there.
  ///
  /// - Throws: `Failure` when it lies in a folder that the user may not enter, so that nobody takes it for missing.
  static func isThere(_ file: URL) throws -> Bool {
    if access(file.path, F_OK) == 0 { return true }
    if let closed = Failure(closedFolder: file) { throw closed }
    return false
  }
}
