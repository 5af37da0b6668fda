import Chain
import Primitives

extension Currency: StateValue {}

/// The canonical name of a currency that has an alias.
struct CanonicalName: StateValue {
  var name: Denomination

  init(_ name: Denomination) { self.name = name }

  func encode(into writer: inout ByteWriter) { name.write(to: &writer) }

  init(from reader: inout ByteReader) throws(DecodingError) { name = try Denomination(key: &reader) }
}

/// A registered currency with the network's totals in it.
struct CurrencyRecord: Hashable, Sendable, StateValue {
  var currency: Currency
  /// What the issuer minted, less what it burned.
  var minted = Amount.zero
  var take: TakeIndex
  /// The take collected since genesis.
  var takeCollected = Amount.zero
  /// The sum of fee × stakers' share in basis points. The stakers get its whole part divided by 10,000, so
  /// the result does not depend on how the fees are split.
  var owedToStakers: UInt128 = 0
  /// The units that went to stakers so far.
  var paidToStakers = Amount.zero
  /// The number of the proposal that set each parameter, in the order of
  /// `ParameterName.CurrencyField.allCases`; 0 for genesis.
  var proposals: [UInt64]

  init(currency: Currency, take: TakeIndex, proposal: UInt64 = 0) {
    self.currency = currency
    self.take = take
    proposals = Array(repeating: proposal, count: ParameterName.CurrencyField.allCases.count)
  }

  func encode(into writer: inout ByteWriter) {
    writer.write(currency, minted, take, takeCollected, owedToStakers, paidToStakers)
    for proposal in proposals { writer.write(proposal) }
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (currency, minted, take, takeCollected, owedToStakers, paidToStakers) = try reader.readAll()
    proposals = []
    for _ in ParameterName.CurrencyField.allCases { proposals.append(try reader.read()) }
  }
}
