extension Answer {
  public struct Proposal: Codable, Sendable {
    public var id: UInt64
    public var title: String
    public var summary: String
    public var proposer: String
    /// `deposit`, `voting`, `passed`, `rejected`, `failed` or `dropped`.
    public var status: String
    public var expedited: Bool
    public var contents: [ProposalContent]
    /// The deposit on the proposal, in `uakt`.
    public var deposit: String
    public var submittedAtHeight: UInt64
    public var depositEnd: String
    public var votingStart: String?
    public var votingEnd: String?
    /// The tally; during the vote, as if the vote ended now; absent before the vote.
    public var tally: Tally?
    /// Why the proposal failed or was rejected.
    public var log: String
  }

  public struct ProposalContent: Codable, Sendable {
    /// `text`, `parameters`, `add_currency`, `retire_currency`, `community_spend` or `software_upgrade`.
    public var kind: String
    public var fields: [Event.Attribute]
  }

  /// Stake by vote option, in `uakt`, fractions included.
  public struct Tally: Codable, Sendable {
    public var yes: String
    public var abstain: String
    public var no: String
    public var noWithVeto: String
    /// All stake that can vote.
    public var bonded: String
  }

  public struct Vote: Codable, Sendable {
    public var voter: String
    /// Options with their weights; the weights sum to 1.
    public var options: [Event.Attribute]
  }

  public struct Grant: Codable, Sendable {
    public var granter: String
    public var grantee: String
    /// The purpose for which the grantee may spend: `fees` or `deposits`.
    public var kind: String
    /// The amount that the grantee may still spend.
    public var limit: Coin
    public var expiresAt: String
  }

  /// Attributes of a provider that an auditor has signed.
  public struct SignedAttributes: Codable, Sendable {
    public var provider: String
    public var auditor: String
    public var attributes: [Event.Attribute]
  }

  /// The network's income on one day (UTC).
  public struct Income: Codable, Sendable {
    /// The date, such as `2026-11-24`.
    public var day: String
    public var denomination: String
    public var amount: String
  }

  /// Whether a registered provider can serve a group of an order.
  public struct MatchResult: Codable, Sendable {
    public var provider: String
    public var hostUri: String
    public var group: UInt32
    public var matches: Bool
    /// A stable word for programs that names the reason against the match; absent when the group matches.
    public var code: String?
    /// The first reason against the match in words; absent when the group matches.
    public var reason: String?
  }

  /// An entry of the state, or its absence, with a proof; bytes are in hex.
  public struct Proof: Codable, Sendable {
    public var chainId: String
    /// The kind of entry: `balance`, `lease` or `vote`.
    public var kind: String
    public var key: String
    /// The value as the state stores it; absent when the proof shows that there is no such entry.
    public var value: String?
    public var proof: String
    /// The header of the height after the proven state. It contains that state's root.
    public var header: String
    public var certificate: String
    /// The validator set of the header's height, with proposer priorities.
    public var validators: String
  }
}
