public import Cryptography
public import Primitives

public enum VoteOption: UInt8, Hashable, Sendable, CaseIterable {
  case yes = 1
  case abstain = 2
  case no = 3
  case noWithVeto = 4
}

/// One option of a vote, with the share of the voter's stake that votes for it (`WeightedVoteOption` of the Cosmos
/// SDK). The shares of one vote sum to 1.
public struct WeightedVoteOption: Hashable, Sendable {
  public var option: VoteOption
  public var weight: Decimal18

  public init(option: VoteOption, weight: Decimal18) {
    self.option = option
    self.weight = weight
  }
}

/// One effect of a proposal that passes.
public enum ProposalContent: Hashable, Sendable {
  case text(String)
  /// New values of parameters, applied together or not at all.
  case parameters([ParameterChange])
  case addCurrency(Currency)
  case retireCurrency(Denomination)
  case communitySpend(recipient: Address, amount: [Coin])
  case softwareUpgrade(SoftwareUpgrade)
}

/// A parameter's key, as in `ParameterKey` or `currency.uusdc.mint_cap`, and its new value as text.
public struct ParameterChange: Hashable, Sendable {
  public var key: String
  public var value: String

  public init(key: String, value: String) {
    self.key = key
    self.value = value
  }
}

/// A planned upgrade: from `height` on, nodes must run a program that supports `protocolVersion`.
public struct SoftwareUpgrade: Hashable, Sendable {
  public var name: String
  public var height: Height
  public var protocolVersion: UInt32
  public var info: String

  public init(name: String, height: Height, protocolVersion: UInt32, info: String) {
    self.name = name
    self.height = height
    self.protocolVersion = protocolVersion
    self.info = info
  }
}

/// Submits a proposal, on which others can then deposit and vote.
public struct SubmitProposal: Hashable, Sendable {
  public var proposer: Address
  public var title: String
  public var summary: String
  public var contents: [ProposalContent]
  public var deposit: [Coin]
  public var isExpedited: Bool

  public init(
    proposer: Address,
    title: String,
    summary: String,
    contents: [ProposalContent],
    deposit: [Coin],
    isExpedited: Bool = false
  ) {
    self.proposer = proposer
    self.title = title
    self.summary = summary
    self.contents = contents
    self.deposit = deposit
    self.isExpedited = isExpedited
  }
}
