import Foundation

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
  /// The hash of a signed transaction that may still get into a block although this is an error; nil when
  /// there is none.
  public var openTransaction: String?

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

extension Failure {
  /// The error of a transaction that a node has taken and that no block has in time.
  static func late(_ hash: String, after patience: Duration, why: String) -> Failure {
    let seconds = (patience / .seconds(1)).formatted()
    return open(hash, "the transaction \(hash) is not in a block yet after \(seconds) s", why: why)
  }

  /// An error after which a transaction may still get into a block.
  static func open(_ hash: String, _ what: String, why: String) -> Failure {
    var failure = Failure(
      what,
      why: why,
      fix: "`supercloud query transaction \(hash)` tells whether a block has it; "
        + "run the command again only when none can any more",
      kind: "pending"
    )
    failure.openTransaction = hash
    return failure
  }
}

extension NodeClient {
  /// Waits until a block has a transaction that the node has taken, at most for the client's `timeout`.
  ///
  /// - Throws: `Failure` with the reason when the transaction was rejected in its block, or that names it when no
  ///   block has it in time; `ClientError`.
  public func result(of hash: String) async throws -> Answer.TransactionResult {
    let patience = timeout ?? .seconds(120)
    let deadline = ContinuousClock.now + patience
    while true {
      let rest = max(.milliseconds(1), deadline - ContinuousClock.now)
      do {
        let found: Answer.TransactionResult = try await get("/v1/transactions/\(hash)", timeout: rest)
        if found.height > 0 { return try found.accepted() }
      } catch ClientError.timedOut {}
      guard ContinuousClock.now < deadline else {
        throw Failure.late(hash, after: patience, why: "the chain makes no block, or others come first")
      }
      try await Task.sleep(for: .milliseconds(100))
    }
  }
}

extension Answer.TransactionResult {
  /// The result, if the block has done what the transaction says.
  ///
  /// - Throws: `Failure` with the ledger's reason when it was rejected.
  func accepted() throws(Failure) -> Self {
    guard code == 0 else {
      throw Failure("the transaction was rejected: \(log)", why: "\(codespace)/\(code) in block \(height)")
    }
    return self
  }
}
