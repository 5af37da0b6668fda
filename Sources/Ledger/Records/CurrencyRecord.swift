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

/// A registered currency and its network-wide totals.
struct CurrencyRecord: Hashable, Sendable, StateValue {
  var currency: Currency
  /// The units that the issuer has minted, less those it has burned.
  var minted = Amount.zero
  var take: TakeIndex
  /// The network's share of payments (the take) collected since genesis.
  var takeCollected = Amount.zero
  /// The sum, over all fees, of fee × stakers' share in basis points. In total the stakers get this sum
  /// divided by 10,000, rounded down, so the result does not depend on how the fees are split into payments.
  var accruedToStakersTimes10000: UInt128 = 0
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
    writer.write(currency, minted, take, takeCollected, accruedToStakersTimes10000, paidToStakers)
    for proposal in proposals { writer.write(proposal) }
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (currency, minted, take, takeCollected, accruedToStakersTimes10000, paidToStakers) = try reader.readAll()
    proposals = []
    for _ in ParameterName.CurrencyField.allCases { proposals.append(try reader.read()) }
  }
}
