public import Chain
public import Cryptography
public import Primitives

/// A proposal and its state.
public struct ProposalRecord: Hashable, Sendable, StateValue {
  /// The lifecycle: deposit → voting or dropped; voting → passed, rejected or failed. The last four are
  /// final. The numbers are those of the Cosmos SDK, except for `dropped`.
  public enum Status: UInt8, Hashable, Sendable, CaseIterable {
    case deposit = 1
    case voting = 2
    case passed = 3
    case rejected = 4
    /// The vote passed, but carrying out the contents failed.
    case failed = 5
    /// The minimum deposit was not reached in time.
    case dropped = 6

    /// The name in events and in answers to queries.
    public var name: String {
      switch self {
      case .deposit: "deposit"
      case .voting: "voting"
      case .passed: "passed"
      case .rejected: "rejected"
      case .failed: "failed"
      case .dropped: "dropped"
      }
    }
  }

  public var proposer: Address
  public var title: String
  public var summary: String
  public var contents: [ProposalContent]
  public var isExpedited: Bool
  public var status = Status.deposit
  public var submittedAt: Moment
  public var depositEnd: Timestamp
  /// In `uakt`.
  public var deposit = Amount.zero
  /// Set when the voting period begins.
  public var votingStart: Timestamp?
  public var votingEnd: Timestamp?
  /// The result; set when the voting period ends.
  public var tally: Tally?
  /// Why the proposal failed, was rejected or was dropped; else empty.
  public var log = ""

  init(_ submission: SubmitProposal, at moment: Moment, depositEnd: Timestamp) {
    proposer = submission.proposer
    title = submission.title
    summary = submission.summary
    contents = submission.contents
    isExpedited = submission.isExpedited
    submittedAt = moment
    self.depositEnd = depositEnd
  }

  func encode(into writer: inout ByteWriter) {
    writer.write(proposer)
    writer.write(title)
    writer.write(summary)
    writer.write(UInt16(truncatingIfNeeded: contents.count))
    for content in contents { writer.writeCounted(content.encoded) }
    writer.write(isExpedited)
    writer.write(status.rawValue)
    writer.write(submittedAt)
    writer.write(depositEnd.milliseconds)
    writer.write(deposit)
    writer.write(votingStart?.milliseconds)
    writer.write(votingEnd?.milliseconds)
    writer.write(tally != nil)
    tally?.encode(into: &writer)
    writer.write(log)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    proposer = try reader.readAddress()
    title = try reader.readText(limit: ChainLimits.titleBytes)
    summary = try reader.readText(limit: ChainLimits.summaryBytes)
    let count = Int(try reader.read(UInt16.self))
    contents = []
    for _ in 0..<count { contents.append(try ProposalContent(decoding: try reader.readCounted())) }
    isExpedited = try reader.readFlag()
    guard let status = Status(rawValue: try reader.read()) else { throw .outOfRange(field: "status") }
    self.status = status
    submittedAt = try reader.readMoment()
    depositEnd = Timestamp(milliseconds: try reader.read())
    deposit = try reader.readAmount()
    votingStart = try reader.readOptionalTick().map { Timestamp(milliseconds: $0) }
    votingEnd = try reader.readOptionalTick().map { Timestamp(milliseconds: $0) }
    tally = try reader.readFlag() ? try Tally(from: &reader) : nil
    log = try reader.readText(limit: 1_024)
  }
}

/// One voter's vote.
public struct VoteRecord: Hashable, Sendable, StateValue {
  public var options: [WeightedVote]

  init(options: [WeightedVote]) { self.options = options }

  func encode(into writer: inout ByteWriter) {
    writer.write(UInt8(truncatingIfNeeded: options.count))
    for option in options {
      writer.write(option.option.rawValue)
      writer.write(option.weight)
    }
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    let count = Int(try reader.read(UInt8.self))
    options = []
    for _ in 0..<count {
      guard let option = VoteOption(rawValue: try reader.read()) else { throw .outOfRange(field: "option") }
      options.append(WeightedVote(option: option, weight: try reader.readDecimal()))
    }
  }
}

/// The key of `Tables.periods`: a proposal and the time at which its current period ends.
struct PeriodKey: StateKey, Hashable, Sendable {
  var time: Timestamp
  var proposal: UInt64

  init(time: Timestamp, proposal: UInt64) {
    self.time = time
    self.proposal = proposal
  }

  func write(to writer: inout ByteWriter) {
    writer.write(time.milliseconds)
    writer.write(proposal)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    time = Timestamp(milliseconds: try reader.read())
    proposal = try reader.read()
  }
}

extension UInt64: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(self) }
}

extension Tables {
  static var proposals: Table<UInt64, ProposalRecord> { Table(0x70) }
  static var proposalsByStatus: Table<StateIndexKey<UInt64>, Presence> { Table(0x71) }
  static var nextProposal: Table<SingleKey, UInt64> { Table(0x72) }
  static var proposalDeposits: Table<Pair<UInt64, Address>, Amount> { Table(0x73) }
  static var votes: Table<Pair<UInt64, Address>, VoteRecord> { Table(0x74) }
  static var periods: Table<PeriodKey, Presence> { Table(0x75) }
}
