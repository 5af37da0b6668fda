public import Chain
public import Cryptography
public import Primitives

/// A point of the chain at which something is decided or asked.
public struct Moment: Hashable, Sendable {
  public var height: Height
  /// Consensus time.
  public var time: Timestamp
  public var tick: Tick

  public init(height: Height, time: Timestamp, tick: Tick) {
    self.height = height
    self.time = time
    self.tick = tick
  }

  public static let zero = Moment(height: 0, time: .zero, tick: 0)
}

/// What the ledger learns from a decided block beside its transactions.
public struct BlockInput: Hashable, Sendable {
  /// Whether a validator of the parent's set signed the parent's commit.
  public struct Signer: Hashable, Sendable {
    /// Operator address.
    public var validator: Address
    public var signed: Bool

    public init(validator: Address, signed: Bool) {
      self.validator = validator
      self.signed = signed
    }
  }

  /// Proven misbehaviour, attributed to its author by whoever verified the evidence.
  public struct Misbehaviour: Hashable, Sendable {
    /// Operator address.
    public var validator: Address
    /// When it happened.
    public var height: Height
    public var time: Timestamp

    public init(validator: Address, height: Height, time: Timestamp) {
      self.validator = validator
      self.height = height
      self.time = time
    }
  }

  public var moment: Moment
  /// Operator address of the proposer.
  public var proposer: Address
  public var evidence: [Misbehaviour]
  public var lastCommit: [Signer]
  /// The version by whose rules the block is executed.
  public var protocolVersion: UInt32

  public init(
    moment: Moment,
    proposer: Address,
    evidence: [Misbehaviour] = [],
    lastCommit: [Signer] = [],
    protocolVersion: UInt32 = 1
  ) {
    self.moment = moment
    self.proposer = proposer
    self.evidence = evidence
    self.lastCommit = lastCommit
    self.protocolVersion = protocolVersion
  }

  public init(
    height: Height,
    time: Timestamp,
    tick: Tick,
    proposer: Address,
    evidence: [Misbehaviour] = [],
    lastCommit: [Signer] = [],
    protocolVersion: UInt32 = 1
  ) {
    self.init(
      moment: Moment(height: height, time: time, tick: tick),
      proposer: proposer,
      evidence: evidence,
      lastCommit: lastCommit,
      protocolVersion: protocolVersion
    )
  }
}

/// What a block does: everything that a node writes, announces and passes on to consensus.
public struct BlockOutcome: Sendable {
  /// Sorted by key, each key once.
  public var changes: [StateChange]
  /// One for each transaction, in their order.
  public var receipts: [Receipt]
  /// What happened by itself: settlements that fell due, ended votes, slashes, rewards.
  public var events: [Event]
  /// Sorted by address; they take effect two heights later.
  public var validatorUpdates: [ValidatorUpdate]
  public var moment: Moment

  public init(
    changes: [StateChange],
    receipts: [Receipt],
    events: [Event],
    validatorUpdates: [ValidatorUpdate],
    moment: Moment
  ) {
    self.changes = changes
    self.receipts = receipts
    self.events = events
    self.validatorUpdates = validatorUpdates
    self.moment = moment
  }
}
