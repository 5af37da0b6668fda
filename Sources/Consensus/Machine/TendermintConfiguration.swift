public import Chain
public import Cryptography
public import Primitives

/// How long to wait for what, by round.
public struct Timeouts: Hashable, Sendable {
  /// `base + round · perRound`.
  public struct Growth: Hashable, Sendable {
    public var base: Interval
    public var perRound: Interval

    public init(base: Interval, perRound: Interval) {
      self.base = base
      self.perRound = perRound
    }
  }

  public var propose: Growth
  public var prevote: Growth
  public var precommit: Growth
  /// Growth ends here: a network whose delays stay below it is live, and a long halt does not make rounds endless.
  public var ceiling: Interval

  public init(propose: Growth, prevote: Growth, precommit: Growth, ceiling: Interval = .seconds(10)) {
    self.propose = propose
    self.prevote = prevote
    self.precommit = precommit
    self.ceiling = ceiling
  }

  /// Validators on several continents: each base is longer than a vote travels between the farthest regions.
  public static let wan = Timeouts(
    propose: Growth(base: .milliseconds(1_000), perRound: .milliseconds(250)),
    prevote: Growth(base: .milliseconds(300), perRound: .milliseconds(150)),
    precommit: Growth(base: .milliseconds(300), perRound: .milliseconds(150))
  )

  /// Validators in one network, or on one machine.
  public static let lan = Timeouts(
    propose: Growth(base: .milliseconds(400), perRound: .milliseconds(200)),
    prevote: Growth(base: .milliseconds(100), perRound: .milliseconds(100)),
    precommit: Growth(base: .milliseconds(100), perRound: .milliseconds(100))
  )

  /// Of the three kinds that belong to a round; zero for others.
  func interval(_ kind: Timer.Kind, round: Round) -> Interval {
    let growth: Growth
    switch kind {
    case .propose: growth = propose
    case .prevote: growth = prevote
    case .precommit: growth = precommit
    case .blockInterval, .pace, .status: return .zero
    }
    let (grown, overflow) = growth.perRound.nanoseconds.multipliedReportingOverflow(by: UInt64(round))
    let sum = growth.base + Interval(nanoseconds: overflow ? .max : grown)
    return min(sum, max(ceiling, growth.base))
  }
}

/// What a node fixes for its consensus machine.
public struct TendermintConfiguration: Hashable, Sendable {
  public var chain: ChainID
  /// The own consensus key. A node that is not in a height's set, or has none, follows without voting.
  public var key: PublicKey?
  public var timeouts: Timeouts
  /// A block is made at least so often, without work too.
  public var maximumBlockInterval: Interval
  /// Heights begin at least so far apart when there is work; zero for as fast as possible.
  public var minimumBlockInterval: Interval
  /// Between status messages within a height.
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

/// Proposer-based timestamps (CometBFT spec, `spec/consensus/proposer-based-timestamp`): a fresh block's time
/// must be near the receiver's clock.
enum Timeliness {
  /// How far correct clocks may lie apart.
  static let precisionMilliseconds: UInt64 = 500

  /// How long a proposal may travel: 2 s, doubled each round up to the sixth, so that a wrong guess heals itself.
  static func messageDelayMilliseconds(round: Round) -> UInt64 {
    2_000 << UInt64(min(round, 6))
  }

  /// Whether a block of `time`, received at local time `receivedAt`, was made when its proposer says.
  static func isTimely(_ time: Timestamp, receivedAt: Timestamp, round: Round) -> Bool {
    let earliest = receivedAt.advanced(byMilliseconds: precisionMilliseconds)
    let latest = time.advanced(
      byMilliseconds: messageDelayMilliseconds(round: round) + precisionMilliseconds
    )
    return time <= earliest && receivedAt <= latest
  }
}
