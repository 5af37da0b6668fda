import Chain
import Primitives

/// The rules for a currency's names. People type and read amounts by denomination, alias or symbol, so each
/// of these must mean one currency only, and one unit of it.
enum CurrencyNames {
  /// Why `currency` cannot be registered beside `others`; nil when it can. Repeated denominations and aliases
  /// are the caller's matter.
  static func fault(of currency: Currency, beside others: [Currency]) -> String? {
    let symbol = folded(currency.symbol)
    guard (1...ChainLimits.symbolBytes).contains(symbol.count), let first = symbol.first, isLetter(first),
      symbol.allSatisfy({ isLetter($0) || isDigit($0) || "._-".utf8.contains($0) })
    else {
      return "a symbol is a letter followed by letters, digits and . _ -, at most \(ChainLimits.symbolBytes)"
    }
    guard UInt32(currency.exponent) <= ChainLimits.exponent else {
      return "a currency has at most \(ChainLimits.exponent) decimals"
    }
    for other in others {
      if folded(other.symbol) == symbol || names(other).contains(symbol) {
        return "the symbol \(currency.symbol) is taken by \(other.denomination)"
      }
      if names(currency).contains(folded(other.symbol)) {
        return "\(other.symbol) is the symbol of \(other.denomination) and cannot name another currency"
      }
    }
    guard currency.exponent == 0 || !names(currency).contains(symbol) else {
      return "\(currency.symbol) cannot mean both the main unit and the smallest one"
    }
    return nil
  }

  private static func names(_ currency: Currency) -> Set<[UInt8]> {
    Set(([currency.denomination] + currency.aliases).map { folded($0.name) })
  }

  /// The bytes of a name; letters that differ only in case are equal.
  private static func folded(_ name: String) -> [UInt8] {
    name.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
