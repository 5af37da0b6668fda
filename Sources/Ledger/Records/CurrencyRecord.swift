import Chain
import Primitives

extension Currency: StateValue {}

extension Amount: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(self) }

  init(from reader: inout ByteReader) throws(DecodingError) { self = try reader.readAmount() }
}

extension Denomination: StateValue {
  func encode(into writer: inout ByteWriter) { write(to: &writer) }
}

/// A currency of the registry with what the network has done in it.
struct CurrencyRecord: Hashable, Sendable, StateValue {
  var currency: Currency
  /// By the issuer, less what was burned.
  var minted = Amount.zero
  var take: TakeIndex
  /// All fees since genesis.
  var takeCollected = Amount.zero
  /// Fees × the stakers' share in basis points, summed: their part is its floor, however fees come in.
  var stakersDue: UInt128 = 0
  var stakersGiven = Amount.zero
  /// The proposal that set each of the parameters, in the order of `ParameterName.CurrencyField.allCases`; 0 is
  /// genesis.
  var proposals: [UInt64]

  init(currency: Currency, take: TakeIndex, proposal: UInt64 = 0) {
    self.currency = currency
    self.take = take
    proposals = Array(repeating: proposal, count: ParameterName.CurrencyField.allCases.count)
  }

  func encode(into writer: inout ByteWriter) {
    currency.encode(into: &writer)
    writer.write(minted)
    take.encode(into: &writer)
    writer.write(takeCollected)
    writer.write(stakersDue)
    writer.write(stakersGiven)
    for proposal in proposals { writer.write(proposal) }
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    currency = try Currency(from: &reader)
    minted = try reader.readAmount()
    take = try TakeIndex(from: &reader)
    takeCollected = try reader.readAmount()
    stakersDue = try reader.read()
    stakersGiven = try reader.readAmount()
    proposals = []
    for _ in ParameterName.CurrencyField.allCases { proposals.append(try reader.read()) }
  }
}
