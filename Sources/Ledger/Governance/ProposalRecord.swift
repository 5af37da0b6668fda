public import Chain
public import Cryptography
public import Primitives

/// A proposal and its state.
public struct ProposalRecord: Hashable, Sendable, StateValue {
  /// The lifecycle: deposit → voting or dropped; voting → passed, rejected or failed. The last four are
  /// final. The numbers are those of the Cosmos SDK, except for `dropped`.
  public enum Status: UInt8, Hashable, Sendable, CaseIterable, StateValue {
    case deposit = 1
    case voting = 2
    case passed = 3
    case rejected = 4
    /// The vote passed, but executing the contents failed.
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
  /// The sum of the deposits on the proposal, in `uakt`.
  public var deposit = Amount.zero
  /// The beginning and the end of the voting period, set when the period begins.
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
    writer.write(
      contents,
      isExpedited,
      status,
      submittedAt,
      depositEnd,
      deposit,
      votingStart,
      votingEnd,
      tally
    )
    writer.write(log)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    proposer = try reader.readAddress()
    title = try reader.readText(limit: ChainLimits.titleBytes)
    summary = try reader.readText(limit: ChainLimits.summaryBytes)
    (contents, isExpedited, status, submittedAt, depositEnd, deposit) = try reader.readAll()
    (votingStart, votingEnd, tally) = try reader.readAll()
    log = try reader.readText(limit: 1_024)
  }
}

/// One voter's vote.
public struct VoteRecord: Hashable, Sendable {
  public var options: [WeightedVoteOption]
}

extension VoteRecord: StateValue {
  func encode(into writer: inout ByteWriter) {
    writer.write(UInt8(truncatingIfNeeded: options.count))
    for option in options { writer.write(option.option, option.weight) }
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    options = []
    for _ in 0..<(try reader.read(UInt8.self)) {
      options.append(WeightedVoteOption(option: try reader.readAll(), weight: try reader.readAll()))
    }
  }
}

/// The key of `Tables.periods`: a proposal and the time at which its current period ends.
struct PeriodKey: Hashable, Sendable {
  var time: Timestamp
  var proposal: UInt64
}

extension PeriodKey: StateKey {
  func encode(into writer: inout ByteWriter) { writer.write(time, proposal) }

  init(from reader: inout ByteReader) throws(DecodingError) { (time, proposal) = try reader.readAll() }
}

extension Tables {
  static var proposals: Table<UInt64, ProposalRecord> { Table(0x70) }
  static var proposalsByStatus: Table<StateIndexKey<UInt64>, Presence> { Table(0x71) }
  static var nextProposal: Table<SingleKey, UInt64> { Table(0x72) }
  static var proposalDeposits: Table<Pair<UInt64, Address>, Amount> { Table(0x73) }
  static var votes: Table<Pair<UInt64, Address>, VoteRecord> { Table(0x74) }
  static var periods: Table<PeriodKey, Presence> { Table(0x75) }
}
