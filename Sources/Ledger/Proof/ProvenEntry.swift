public import Chain
public import Cryptography
public import Primitives

/// A kind of state entry for which users can get a proof, with its key.
public enum ProvenEntry: Hashable, Sendable {
  case balance(Address, Denomination)
  case lease(LeaseID)
  case vote(proposal: UInt64, voter: Address)

  public enum Kind: String, CaseIterable, Hashable, Sendable {
    case balance = "balance"
    case lease = "lease"
    case vote = "vote"

    /// The form of the key as text, for usage messages.
    public var form: String {
      switch self {
      case .balance: "ADDRESS/DENOMINATION"
      case .lease: "OWNER/DSEQ/GROUP/ORDER/PROVIDER"
      case .vote: "PROPOSAL/VOTER"
      }
    }
  }

  /// Parses a key in the form of `Kind.form`; nil when `text` has another form.
  public init?(_ kind: Kind, _ text: String) {
    let parts = text.split(
      separator: "/",
      maxSplits: kind == .balance ? 1 : .max,
      omittingEmptySubsequences: false
    )
    .map(String.init)
    switch kind {
    case .balance:
      guard parts.count == 2, let address = try? Address(text: parts[0]),
        let denomination = Denomination(parts[1])
      else { return nil }
      self = .balance(address, denomination)
    case .lease:
      guard parts.count == 5, let owner = try? Address(text: parts[0]), let sequence = UInt64(parts[1]),
        let group = UInt32(parts[2]), let order = UInt32(parts[3]),
        let provider = try? Address(text: parts[4])
      else { return nil }
      let deployment = DeploymentID(owner: owner, sequence: sequence)
      self = .lease(LeaseID(deployment: deployment, group: group, order: order, provider: provider))
    case .vote:
      guard parts.count == 2, let proposal = UInt64(parts[0]), let voter = try? Address(text: parts[1])
      else { return nil }
      self = .vote(proposal: proposal, voter: voter)
    }
  }

  public var kind: Kind {
    switch self {
    case .balance: .balance
    case .lease: .lease
    case .vote: .vote
    }
  }

  public var text: String {
    switch self {
    case .balance(let address, let denomination): "\(address.text())/\(denomination)"
    case .lease(let id): id.description
    case .vote(let proposal, let voter): "\(proposal)/\(voter.text())"
    }
  }

  /// The entry's key in the state tree.
  public var key: [UInt8] {
    switch self {
    case .balance(let address, let denomination): Tables.balances.bytes(Pair(address, denomination))
    case .lease(let id): Tables.leases.bytes(id)
    case .vote(let proposal, let voter): Tables.votes.bytes(Pair(proposal, voter))
    }
  }

  /// Decodes the entry's stored bytes into named fields for people. A nil `value` stands for an absent entry.
  ///
  /// - Throws: When the bytes are not a valid entry. They may come from an untrusted peer.
  public func decodedFields(of value: [UInt8]?) throws(DecodingError) -> [(name: String, text: String)] {
    guard let value else { return [absentField] }
    var reader = ByteReader(value)
    let fields: [(name: String, text: String)]
    switch self {
    case .balance(_, let denomination):
      fields = [("balance", Coin(try Amount(from: &reader), denomination).description)]
    case .lease: fields = Self.decodedFields(of: try LeaseRecord(from: &reader))
    case .vote: fields = try VoteRecord(from: &reader).options.map { ($0.option.name, $0.weight.description) }
    }
    try reader.finish()
    return fields
  }

  private var absentField: (name: String, text: String) {
    switch self {
    case .balance(_, let denomination): ("balance", Coin(0, denomination).description)
    case .lease: ("lease", "there is none")
    case .vote: ("vote", "none, or the proposal is not in its voting period")
    }
  }

  private static func decodedFields(of lease: LeaseRecord) -> [(name: String, text: String)] {
    var fields: [(name: String, text: String)] = [
      ("state", lease.state.name),
      ("price", "\(lease.price) per tick"),
      ("opened", "tick \(lease.openedAt.tick), height \(lease.openedAt.height)"),
      ("lease deposit", lease.deposit.description),
    ]
    if let closing = lease.closing {
      fields.append(("closed", "tick \(closing.moment.tick), height \(closing.moment.height)"))
      fields.append(("closed by", "\(closing.closer.name), \(closing.reason.name)"))
      fields.append(("earned", lease.earned.description))
      fields.append(("paid", lease.paid.description))
      fields.append(("fee", lease.fee.description))
    }
    return fields
  }
}
