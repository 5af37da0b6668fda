import API
import Foundation
import Glibc

extension Failure {
  /// What the platform says of a file that cannot be read, made or written, in words; nil for other errors.
  init?(aboutFile error: any Error) {
    guard let error = error as? CocoaError,
      let path = error.filePath ?? (error.userInfo[NSURLErrorKey] as? URL)?.path
    else { return nil }
    let cause = (error.underlying as? POSIXError)?.code
    let reason = cause.map { String(cString: strerror($0.rawValue)) } ?? error.localizedDescription
    // Errors of reading have the numbers below 512.
    let isReading = error.code.rawValue < 512
    self.init(
      isReading ? "\(path) cannot be read" : "\(path) cannot be made or written",
      why: reason,
      fix: isReading
        ? "check the path, and that you may read it"
        : "name a folder in which you may write with --home, or set HOME or TMPDIR to one"
    )
  }

  /// Nil unless the file may be there and lies in a folder that the user may not enter.
  init?(closedFolder file: URL) {
    guard access(file.path, F_OK) != 0, errno == EACCES else { return nil }
    self.init(
      "\(file.path) cannot be read",
      why: "it lies in a folder that belongs to somebody else, who has closed it to you",
      fix: "run this as the user who made it, or name a home of your own with --home"
    )
  }
}
