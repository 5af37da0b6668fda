public import Chain
public import Cryptography
public import Primitives

/// How long a validator waits in each step of a round.
public struct Timeouts: Hashable, Sendable {
  /// An interval that grows with the round: `base + round · perRound`.
  public struct Growth: Hashable, Sendable {
    /// The interval in round 0.
    public var base: Interval
    /// By how much the interval grows with every round.
    public var perRound: Interval

    public init(base: Interval, perRound: Interval) {
      self.base = base
      self.perRound = perRound
    }
  }

  /// The time to wait for a proposal.
  public var propose: Growth
  /// The time to wait after a quorum has prevoted.
  public var prevote: Growth
  /// The time to wait after a quorum has precommitted.
  public var precommit: Growth
  /// No interval grows beyond this value, unless its base is longer. The network makes progress while its
  /// delays are shorter than this, and rounds stay short even after a long halt.
  public var ceiling: Interval

  public init(propose: Growth, prevote: Growth, precommit: Growth, ceiling: Interval = .seconds(10)) {
    self.propose = propose
    self.prevote = prevote
    self.precommit = precommit
    self.ceiling = ceiling
  }

  /// For validators on several continents: each base is longer than a vote takes between the most distant
  /// regions.
  public static let wan = Timeouts(
    propose: Growth(base: .milliseconds(1_000), perRound: .milliseconds(250)),
    prevote: Growth(base: .milliseconds(300), perRound: .milliseconds(150)),
    precommit: Growth(base: .milliseconds(300), perRound: .milliseconds(150))
  )

  /// For validators in one local network or on one machine.
  public static let lan = Timeouts(
    propose: Growth(base: .milliseconds(400), perRound: .milliseconds(200)),
    prevote: Growth(base: .milliseconds(100), perRound: .milliseconds(100)),
    precommit: Growth(base: .milliseconds(100), perRound: .milliseconds(100))
  )

  /// The interval of a timer in `round`. Zero for the kinds of timers that do not belong to a round.
  func interval(_ kind: Timer.Kind, round: Round) -> Interval {
    let growth: Growth
    switch kind {
    case .propose: growth = propose
    case .prevote: growth = prevote
    case .precommit: growth = precommit
    case .maximumBlockInterval, .minimumBlockInterval, .status: return .zero
    }
    let (grown, overflow) = growth.perRound.nanoseconds.multipliedReportingOverflow(by: UInt64(round))
    let sum = growth.base + Interval(nanoseconds: overflow ? .max : grown)
    return min(sum, max(ceiling, growth.base))
  }
}

/// The settings of a consensus machine.
public struct TendermintConfiguration: Hashable, Sendable {
  public var chain: ChainID
  /// This node's consensus key. A node without one, or whose key is not in the validator set of a height,
  /// follows that height without voting.
  public var key: PublicKey?
  /// How long to wait in each step of a round.
  public var timeouts: Timeouts
  /// The longest time without a block. After it a block is made even without work.
  public var maximumBlockInterval: Interval
  /// The shortest time between the starts of two heights that have work. Zero means no limit.
  public var minimumBlockInterval: Interval
  /// The time between two status messages within a height.
  public var statusInterval: Interval

  public init(
    chain: ChainID,
    key: PublicKey?,
    timeouts: Timeouts = .wan,
    maximumBlockInterval: Interval = .seconds(6),
    minimumBlockInterval: Interval = .zero,
    statusInterval: Interval = .seconds(1)
  ) {
    self.chain = chain
    self.key = key
    self.timeouts = timeouts
    self.maximumBlockInterval = maximumBlockInterval
    self.minimumBlockInterval = minimumBlockInterval
    self.statusInterval = statusInterval
  }
}

/// Proposer-based timestamps (CometBFT specification, `spec/consensus/proposer-based-timestamp`): the time of
/// a fresh block must be near the receiver's clock.
enum Timeliness {
  /// The greatest difference between the clocks of correct nodes.
  static let precisionMilliseconds: UInt64 = 500

  /// The longest time that a proposal may take to arrive. It is 2 s in round 0 and doubles with every round
  /// up to round 6, so that the network makes progress even if real delays are longer than 2 s.
  static func messageDelayMilliseconds(round: Round) -> UInt64 {
    2_000 << UInt64(min(round, 6))
  }

  /// Whether `time` in a block's header is plausible for a proposal that arrived at local time `receivedAt`.
  static func isTimely(_ time: Timestamp, receivedAt: Timestamp, round: Round) -> Bool {
    let earliest = receivedAt.advanced(byMilliseconds: precisionMilliseconds)
    let latest = time.advanced(
      byMilliseconds: messageDelayMilliseconds(round: round) + precisionMilliseconds
    )
    return time <= earliest && receivedAt <= latest
  }
}
