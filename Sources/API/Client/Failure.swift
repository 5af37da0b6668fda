/// An error as the program shows it: what went wrong, why, and what to do.
///
/// Commands in its texts stand in backticks, whole and as a shell takes them (`CommandText.quoted`). The command line
/// adds the options that were given to it, such as `--home`.
public struct Failure: Error, CustomStringConvertible, Sendable {
  public var what: String
  public var why: String?
  public var fix: String?
  /// The program's exit status: 1 for a failure, 2 for wrong usage.
  public var code: Int32 = 1
  /// A stable word for programs, such as `usage`, `unreachable` or `not_found`.
  public var kind: String

  /// Without a `kind` it is `usage` for the exit status 2, and else `failed`.
  public init(
    _ what: String,
    why: String? = nil,
    fix: String? = nil,
    code: Int32 = 1,
    kind: String? = nil
  ) {
    self.kind = kind ?? (code == 2 ? "usage" : "failed")
    self.what = what
    self.why = why
    self.fix = fix
    self.code = code
  }

  public var description: String {
    "error: \(what)" + (why.map { "\n  why   \($0)" } ?? "") + (fix.map { "\n  fix   \($0)" } ?? "")
  }
}

extension Failure {
  /// Explains an error of the client, with advice.
  public init(_ error: ClientError) {
    switch error {
    case .unreachable(let address, let reason):
      self.init(
        "the node at \(address) does not answer",
        why: reason,
        fix:
          "check that it runs (`supercloud start` runs the one of a home) and that --node is its HTTP address",
        kind: "unreachable"
      )
    case .timedOut(let address, _):
      self.init(
        "\(error)",
        why: "it is busy, it waits for a block that does not come, or \(address) is not a node's HTTP port",
        fix: "`supercloud status` tells whether its height grows",
        kind: "timed_out"
      )
    case .notHTTP:
      self.init(
        "\(error)",
        why: "it is another port, such as the one for peers",
        fix: "--node is the address after `api.listen` in the node's config.toml",
        kind: "not_http"
      )
    case .refused(_, let failure):
      let code = failure.code.map { " (\(failure.codespace ?? "")/\($0))" } ?? ""
      self.init(failure.message + code, fix: failure.fix, kind: failure.error)
    case .invalidAddress: self.init("\(error)", fix: "such as --node 127.0.0.1:26657", kind: "invalid")
    case .answerTooLarge: self.init("\(error)", fix: "ask for less: --limit", kind: "too_large")
    case .unexpectedAnswer:
      self.init("\(error)", fix: "use the version of supercloud that the node has", kind: "unexpected_answer")
    case .streamEnded:
      self.init("\(error)", fix: "try again, or ask another node: --node", kind: "unavailable")
    }
  }
}
