import Chain
import Primitives
import Testing

@Suite struct CurrencyRegisterTests {
  static let weth = Denomination("weth")!
  static let point = Denomination("point")!
  static let register = CurrencyRegister([
    CurrencyUnit(denomination: .uakt, symbol: "AKT", exponent: 6, aliases: []),
    CurrencyUnit(denomination: .uusdc, symbol: "USDC", exponent: 6, aliases: [Denomination("ibc/170C")!]),
    CurrencyUnit(denomination: weth, symbol: "ETH", exponent: 18, aliases: []),
    CurrencyUnit(denomination: point, symbol: "POINT", exponent: 0, aliases: []),
  ])

  private func read(_ text: String) -> String {
    do {
      return try Self.register.coin(WrittenAmount(text)).description
    } catch {
      return "refused"
    }
  }

  @Test(arguments: [
    ("12500000", "uakt", "12.5 AKT"), ("1", "uakt", "0.000001 AKT"), ("0", "uakt", "0 AKT"),
    ("1.9", "uakt", "0.000001 AKT"), ("18446744073709551615", "uakt", "18446744073709.551615 AKT"),
    ("1000000000000000000", "weth", "1 ETH"), ("1", "weth", "0.000000000000000001 ETH"),
    ("18446744073709551615", "weth", "18.446744073709551615 ETH"), ("7", "point", "7 POINT"),
    ("2500000", "ibc/170C", "2.5 USDC"), ("12.5", "udoge", "12.5 udoge"),
  ])
  func `amounts are printed by the registered decimals, whole units exactly`(
    amount: String,
    denomination: String,
    text: String
  ) throws {
    let amount = try #require(Decimal18(amount))
    #expect(Self.register.text(amount, try #require(Denomination(denomination))) == text)
  }

  @Test(arguments: [
    ("2500000uakt", "2500000uakt"), ("2500000 uakt", "2500000uakt"), ("2.5AKT", "2500000uakt"),
    ("2.5 akt", "2500000uakt"), ("0.000001AKT", "1uakt"), ("5AKT", "5000000uakt"),
    ("5.000000000AKT", "5000000uakt"), ("1ETH", "1000000000000000000weth"),
    ("0.000000000000000001eth", "1weth"), ("1ibc/170C", "1uusdc"), ("3point", "3point"),
    ("3 POINT", "3point"), ("18446744073709551615uakt", "18446744073709551615uakt"),
  ])
  func `people's units and smallest units are read exactly`(text: String, coin: String) {
    #expect(read(text) == coin)
  }

  @Test(arguments: [
    "", "5", "AKT", "uakt", ".5AKT", "5.AKT", "5,000AKT", "0,5AKT", "-5AKT", "+5AKT", "1e6uakt", "1E6uakt",
    "1e6AKT", "1e+6AKT", "0x10uakt", "5 000 uakt", "5UAKT", "5uatom", "0.0000001AKT", "2.5uakt",
    "18446744073709551616uakt", "99999999999999999999AKT", "20ETH", "٥AKT", "5AKT ", " 5AKT", "$5", "5€",
    "0.0000000000000000001ETH", "1.5POINT", "5AKTs",
  ])
  func `what is not exactly an amount of one registered currency is refused`(text: String) {
    #expect(read(text) == "refused", "\(text)")
  }

  @Test func `what a power of ten could mean is refused even where the name is registered`() throws {
    let odd = CurrencyUnit(denomination: Denomination("e6uakt")!, symbol: "ODD", exponent: 6, aliases: [])
    let register = CurrencyRegister(Self.register.units + [odd])
    #expect(throws: AmountFault.exponent) { try register.coin(WrittenAmount("1e6uakt")) }
    #expect(try register.coin(WrittenAmount("1 e6uakt")) == Coin(1, odd.denomination))
  }

  @Test func `a refusal says why and what to write`() {
    let unknown = AmountFault.unknown("UAKT", known: Self.register.units)
    #expect(unknown.description == "this network has no currency `UAKT`")
    #expect(unknown.remedy.hasPrefix("use uakt or AKT, uusdc or USDC"))
    #expect(throws: AmountFault.tooPrecise("uakt", decimals: 0, Self.register.units[0])) {
      try Self.register.coin(WrittenAmount("2.5uakt"))
    }
    #expect(
      AmountFault.tooPrecise("uakt", decimals: 0, Self.register.units[0]).description
        == "uakt is the smallest unit and has no fractions (1 AKT = 1,000,000 uakt)"
    )
  }

  @Test func `every amount that is printed is read back as it was`() throws {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<2_000 {
      let unit = Self.register.units[Int(generator.next(below: 4))]
      let coin = Coin(generator.next(below: .max) >> generator.next(below: 64), unit.denomination)
      let text = Self.register.text(coin)
      #expect(try Self.register.coin(WrittenAmount(text)) == coin, "\(text)")
    }
  }

  @Test func `prices per hour and month follow the decimals too`() throws {
    let price = try #require(Decimal18("1000000000000000"))
    // 0.001 ETH a tick of 6 s: 600 ticks an hour.
    #expect(Self.register.text(price, Self.weth, times: 3_600_000, over: 6_000) == "0.6 ETH")
    let month = Self.register.text(price, Self.weth, times: 730 * 3_600_000, over: 6_000, isRounded: true)
    #expect(month == "438 ETH")
    #expect(Self.register.text(price, Self.weth, times: 1, over: 0) == nil)
    // A third of a tick's price is cut to the last decimal, not rounded up.
    #expect(Self.register.text(Decimal18(10), .uakt, times: 1, over: 3) == "0.000003 AKT")
  }
}
