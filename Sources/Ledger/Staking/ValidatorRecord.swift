import Chain
public import Cryptography
public import Primitives

/// A validator as the ledger knows it.
public struct ValidatorRecord: Hashable, Sendable, StateValue {
  public var consensusKey: PublicKey
  public var moniker: String
  /// Bonded, in `uakt`.
  public var stake: Amount
  public var commission: Decimal18

  init(genesis: Genesis.Validator) {
    consensusKey = genesis.consensusKey
    moniker = genesis.moniker
    stake = genesis.stake
    commission = genesis.commission
  }

  /// Voting power: one for each whole AKT, at least one.
  static func power(of stake: Amount) -> Int64 {
    max(1, Int64(clamping: stake.units / 1_000_000))
  }

  func encode(into writer: inout ByteWriter) {
    writer.write(consensusKey)
    writer.write(moniker)
    writer.write(stake)
    writer.write(commission)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    consensusKey = try reader.readPublicKey()
    moniker = try reader.readText(limit: ChainLimits.nameBytes)
    stake = try reader.readAmount()
    commission = try reader.readDecimal()
  }
}

extension Execution {
  func performStaking(_ action: Action) throws(Rejection) {
    throw .invalidRequest("this version's validators are those of genesis")
  }

  func performGovernance(_ action: Action) throws(Rejection) {
    throw .invalidRequest("this version has no votes yet")
  }
}
