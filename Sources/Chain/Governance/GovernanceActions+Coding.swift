import Cryptography
import Primitives
import Wire

extension SubmitProposal {
  init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Cosmos_Gov_V1_MsgSubmitProposal(complete: bytes)
    let contents = try Field.list(wire.messages, "messages", limit: ChainLimits.proposalContents) {
      message throws(DecodingError) in
      try ProposalContent(message.typed)
    }
    self.init(
      proposer: try Field.address(wire.proposer, "proposer"),
      title: try Field.text(wire.title, "title", limit: ChainLimits.titleBytes),
      summary: try Field.text(wire.summary, "summary", limit: ChainLimits.summaryBytes),
      contents: contents,
      deposit: try Field.coins(wire.initialDeposit, "initial_deposit"),
      isExpedited: wire.expedited
    )
  }

  var encoded: [UInt8] {
    var wire = Cosmos_Gov_V1_MsgSubmitProposal()
    wire.messages = contents.map { .init($0.typed) }
    wire.initialDeposit = deposit.map(\.wire)
    wire.proposer = proposer.text()
    wire.title = title
    wire.summary = summary
    wire.expedited = isExpedited
    return wire.encoded
  }
}

extension Action {
  static func depositProposal(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Cosmos_Gov_V1_MsgDeposit(complete: bytes)
    return .depositProposal(
      id: wire.proposalID,
      depositor: try Field.address(wire.depositor, "depositor"),
      amount: try Field.coins(wire.amount, "amount", least: 1)
    )
  }

  static func vote(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Cosmos_Gov_V1_MsgVote(complete: bytes)
    return .vote(
      id: wire.proposalID,
      voter: try Field.address(wire.voter, "voter"),
      options: [
        WeightedVoteOption(option: try Field.kind(wire.option.rawValue, "option"), weight: Decimal18(1))
      ]
    )
  }

  static func voteWeighted(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Cosmos_Gov_V1_MsgVoteWeighted(complete: bytes)
    return .vote(
      id: wire.proposalID,
      voter: try Field.address(wire.voter, "voter"),
      options: try WeightedVoteOption.list(wire.options)
    )
  }

  /// The message type and bytes of a vote. The weighted message is used only when a weight is not 1.
  static func voteMessage(_ id: UInt64, _ voter: Address, _ options: [WeightedVoteOption]) -> (
    MessageType, [UInt8]
  ) {
    if options.count == 1, options[0].weight == Decimal18(1) {
      var wire = Cosmos_Gov_V1_MsgVote()
      wire.proposalID = id
      wire.voter = voter.text()
      wire.option = .init(rawValue: Int(options[0].option.rawValue)) ?? .unspecified
      return (.vote, wire.encoded)
    }
    var wire = Cosmos_Gov_V1_MsgVoteWeighted()
    wire.proposalID = id
    wire.voter = voter.text()
    wire.options = options.map(\.wire)
    return (.voteWeighted, wire.encoded)
  }
}

extension Cosmos_Gov_V1_MsgDeposit {
  init(_ id: UInt64, _ depositor: Address, _ amount: [Coin]) {
    self.init()
    proposalID = id
    self.depositor = depositor.text()
    self.amount = amount.map(\.wire)
  }
}

extension WeightedVoteOption {
  /// Decodes weighted options: each option at most once, with a weight above 0, and a sum of 1.
  fileprivate static func list(_ wire: [Cosmos_Gov_V1_WeightedVoteOption]) throws(DecodingError)
    -> [WeightedVoteOption]
  {
    var options: [WeightedVoteOption] = []
    var sum = Decimal18.zero
    for element in try Field.list(wire, "options", limit: VoteOption.allCases.count, least: 1) {
      let option: VoteOption = try Field.kind(element.option.rawValue, "option")
      // Unlike its other decimals, the Cosmos SDK writes this one with a point.
      guard element.weight.utf8.count <= 40, let weight = Decimal18(element.weight), !weight.isZero,
        weight <= Decimal18(1), !options.contains(where: { $0.option == option })
      else { throw .invalid(field: "options") }
      // This cannot overflow: there are at most four weights of at most 1.
      sum = Decimal18(raw: sum.raw + weight.raw)
      options.append(WeightedVoteOption(option: option, weight: weight))
    }
    guard sum == Decimal18(1) else { throw .invalid(field: "options") }
    return options
  }

  fileprivate var wire: Cosmos_Gov_V1_WeightedVoteOption {
    var wire = Cosmos_Gov_V1_WeightedVoteOption()
    wire.option = .init(rawValue: Int(option.rawValue)) ?? .unspecified
    wire.weight = weight.fixedText
    return wire
  }
}
