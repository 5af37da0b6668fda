import Chain
import Primitives
import Provider

extension ProviderSettings {
  /// These settings with the currencies' own denominations in place of aliases. A currency that the network has
  /// not registered stays as it is: governance may add it later, and until then no order asks for it.
  ///
  /// - Throws: `SettingsError` for a symbol in place of a denomination, and for decimals that differ from the
  ///   registered ones, by which every price would be wrong by powers of ten.
  func settled(in register: CurrencyRegister) throws(SettingsError) -> ProviderSettings {
    var settings = self
    for (index, price) in prices.enumerated() {
      let key = "prices[\(index)]"
      guard let unit = Denomination(price.denomination).flatMap({ register.unit($0) }) else {
        guard let unit = register.unit(symbol: price.denomination) else { continue }
        throw SettingsError(
          key: key + ".denomination",
          problem: "is `\(price.denomination)`, a symbol",
          remedy: "write \(unit.denomination); the amounts stay, since they are in the main unit"
        )
      }
      guard price.exponent == UInt32(unit.exponent) else {
        throw SettingsError(
          key: key + ".exponent",
          problem:
            "is \(price.exponent), but 1 \(unit.symbol) is 10^\(unit.exponent) \(unit.denomination) here",
          remedy: "write \(unit.exponent)"
        )
      }
      settings.prices[index].denomination = unit.denomination.name
      if let like = Denomination(price.like).flatMap({ register.unit($0) }) {
        settings.prices[index].like = like.denomination.name
      }
    }
    return settings
  }
}
