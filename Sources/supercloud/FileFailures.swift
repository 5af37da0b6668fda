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
}
