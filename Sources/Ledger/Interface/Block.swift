public import Chain
public import Cryptography
public import Primitives

/// A block's height, time and tick. Expiries, votes and unbonding go by the time, prices by the tick.
public struct Moment: Hashable, Sendable {
  public var height: Height
  /// The block's time, on which the validators agreed.
  public var time: Timestamp
  /// The tick in which the billing clock is at this block; see `BillingClock`.
  public var tick: Tick

  public init(height: Height, time: Timestamp, tick: Tick) {
    self.height = height
    self.time = time
    self.tick = tick
  }

  public static let zero = Moment(height: 0, time: .zero, tick: 0)
}

/// The input of a block apart from its transactions.
public struct BlockInput: Hashable, Sendable {
  /// A validator of the parent block's set, and whether it signed the parent's commit.
  public struct Signer: Hashable, Sendable {
    /// Operator address.
    public var validator: Address
    public var hasSigned: Bool

    public init(validator: Address, hasSigned: Bool) {
      self.validator = validator
      self.hasSigned = hasSigned
    }
  }

  /// A proven double signing. The caller has verified the evidence and looked up the validator.
  public struct Misbehaviour: Hashable, Sendable {
    /// Operator address.
    public var validator: Address
    /// The height of the messages that contradict each other, and the time of the block at that height.
    public var height: Height
    public var time: Timestamp

    public init(validator: Address, height: Height, time: Timestamp) {
      self.validator = validator
      self.height = height
      self.time = time
    }
  }

  /// As `LedgerQuery.moment(at:time:)` gives it on the state before the block.
  public var moment: Moment
  /// The double signing that this block proves.
  public var evidence: [Misbehaviour]
  /// All validators of the parent block's set, and whether they signed.
  public var lastCommit: [Signer]
  /// The version by whose rules the block is executed.
  public var protocolVersion: UInt32

  public init(
    moment: Moment,
    evidence: [Misbehaviour] = [],
    lastCommit: [Signer] = [],
    protocolVersion: UInt32 = 1
  ) {
    self.moment = moment
    self.evidence = evidence
    self.lastCommit = lastCommit
    self.protocolVersion = protocolVersion
  }
}

/// The result of a block: everything that the node writes, publishes and gives to consensus.
public struct BlockOutcome: Sendable {
  /// The changed entries, sorted by key, each key once.
  public var changes: [StateChange]
  /// The receipts of the transactions, in their order.
  public var receipts: [Receipt]
  /// The events outside transactions: due settlements, ended votes, slashes, rewards.
  public var events: [Event]
  /// The changes of the validator set, sorted by address. They take effect two heights later.
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
