public import Chain
public import Primitives

/// The stake that voted for each option, and the rules that decide the result.
public struct Tally: Hashable, Sendable {
  /// The stake that voted for each option, in uakt, with fractions.
  public var yes = Decimal18.zero
  public var abstain = Decimal18.zero
  public var no = Decimal18.zero
  public var noWithVeto = Decimal18.zero
  /// All bonded stake, in uakt: what could have voted.
  public var bonded: Amount

  public init(bonded: Amount) { self.bonded = bonded }

  /// Adds stake to an option. The sums cannot overflow: they are parts of one supply.
  public mutating func add(_ stake: Decimal18, to option: VoteOption) throws(ArithmeticError) {
    switch option {
    case .yes: yes = try yes.adding(stake)
    case .abstain: abstain = try abstain.adding(stake)
    case .no: no = try no.adding(stake)
    case .noWithVeto: noWithVeto = try noWithVeto.adding(stake)
    }
  }

  /// The thresholds, in parts per million.
  public struct Rules: Hashable, Sendable {
    /// The least share of the bonded stake that must vote, abstentions included.
    public var quorum: UInt64
    /// A proposal passes only when yes is more than this share of all votes other than abstentions.
    public var threshold: UInt64
    /// A proposal is vetoed when vetoes are more than this share of all votes.
    public var veto: UInt64
  }

  public struct Result: Hashable, Sendable {
    public var passes: Bool
    /// Whether the deposits are destroyed: the quorum was missed or the proposal was vetoed.
    public var burnsDeposits: Bool
    public var log: String
  }

  /// Applies the rules of the Cosmos SDK's tally (`x/gov/keeper/tally.go`) in the same order. A turnout equal
  /// to the quorum is enough; a share of yes equal to the threshold is not.
  public func result(_ rules: Rules) throws(ArithmeticError) -> Result {
    guard !bonded.isZero else { return Result(passes: false, burnsDeposits: false, log: "nothing is staked") }
    let opinions = try yes.adding(no).adding(noWithVeto)
    let votes = try opinions.adding(abstain)
    guard !Self.isLess(votes, than: rules.quorum, of: Decimal18(bonded)) else {
      return Result(passes: false, burnsDeposits: true, log: "the quorum was missed")
    }
    guard !opinions.isZero else {
      return Result(passes: false, burnsDeposits: false, log: "everybody abstained")
    }
    guard !Self.isMore(noWithVeto, than: rules.veto, of: votes) else {
      return Result(passes: false, burnsDeposits: true, log: "it was vetoed")
    }
    guard Self.isMore(yes, than: rules.threshold, of: opinions) else {
      return Result(passes: false, burnsDeposits: false, log: "too few said yes")
    }
    return Result(passes: true, burnsDeposits: false, log: "")
  }

  /// Whether part ÷ whole < partsPerMillion ÷ 10⁶, computed without rounding.
  private static func isLess(_ part: Decimal18, than partsPerMillion: UInt64, of whole: Decimal18) -> Bool {
    part.raw.multipliedFullWidth(by: 1_000_000)
      < whole.raw.multipliedFullWidth(by: UInt128(partsPerMillion))
  }

  private static func isMore(_ part: Decimal18, than partsPerMillion: UInt64, of whole: Decimal18) -> Bool {
    part.raw.multipliedFullWidth(by: 1_000_000)
      > whole.raw.multipliedFullWidth(by: UInt128(partsPerMillion))
  }
}

extension Tally: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(yes, abstain, no, noWithVeto, bonded) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (yes, abstain, no, noWithVeto, bonded) = try reader.readAll()
  }
}

/// The deposit that a proposer must pay with the proposal.
public enum InitialDeposit {
  /// `basisPoints` of `minimum`, rounded half to even like the decimals of the Cosmos SDK.
  public static func required(basisPoints: UInt64, of minimum: Amount) -> Amount {
    let (product, rest) = (UInt128(minimum.units) * UInt128(min(basisPoints, 10_000)))
      .quotientAndRemainder(dividingBy: 10_000)
    let roundsUp = rest > 5_000 || (rest == 5_000 && product % 2 == 1)
    return Amount(UInt64(clamping: product + (roundsUp ? 1 : 0)))
  }
}
