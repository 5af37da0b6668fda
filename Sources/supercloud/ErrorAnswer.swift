import API
import ArgumentParser
import Foundation

/// An error as `--output json` prints it, in one line on standard error.
struct ErrorAnswer: Encodable {
  /// A stable word for programs, such as `usage`, `unreachable`, `not_found` or `rejected`.
  var error: String
  /// What went wrong, and why.
  var message: String
  /// What to do.
  var fix: String
  /// The exit status of the program.
  var code: Int32

  init(_ error: any Error, by invocation: Invocation = .current) {
    fix = "`\(invocation.help)` tells how the command is used"
    switch error {
    case let failure as Failure:
      (self.error, code) = (failure.kind, failure.code)
      message = failure.what + (failure.why.map { ": \($0)" } ?? "")
      if let advice = failure.fix { fix = advice }
    case let exit as ExitCode:
      // The command has printed its answer, such as the findings of a check.
      (self.error, code) = ("failed", exit.rawValue)
      message = "what was asked for does not hold; the answer on standard output says why"
      fix = "read the answer on standard output"
    case _ where Supercloud.exitCode(for: error) == .validationFailure:
      (self.error, code) = ("usage", 2)
      message = Supercloud.message(for: error)
    default:
      (self.error, code) = ("failed", 1)
      message = "\(error)"
    }
    message = Hint.completed(message, by: invocation)
    fix = Hint.completed(fix, by: invocation)
  }

  /// The JSON, without a line break.
  var line: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let data = (try? encoder.encode(self)) ?? Data()
    return String(decoding: data, as: UTF8.self)
  }
}
