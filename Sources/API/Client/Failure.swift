/// An error as the program shows it: what went wrong, why, and what to do.
public struct Failure: Error, CustomStringConvertible, Sendable {
  public var what: String
  public var why: String?
  public var fix: String?
  /// The program's exit status: 1 for a failure, 2 for wrong usage.
  public var code: Int32 = 1

  public init(_ what: String, why: String? = nil, fix: String? = nil, code: Int32 = 1) {
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
        fix: "check that it runs (`supercloud status`) and that --node is its HTTP address"
      )
    case .timedOut(let address, _):
      self.init(
        "\(error)",
        why: "it is busy, it waits for a block that does not come, or \(address) is not a node's HTTP port",
        fix: "`supercloud status` tells whether its height grows"
      )
    case .notHTTP:
      self.init(
        "\(error)",
        why: "it is another port, such as the one for peers",
        fix: "--node is the address after `api.listen` in the node's config.toml"
      )
    case .refused(_, let failure):
      let code = failure.code.map { " (\(failure.codespace ?? "")/\($0))" } ?? ""
      self.init(failure.message + code, fix: failure.fix)
    default: self.init("\(error)")
    }
  }
}
