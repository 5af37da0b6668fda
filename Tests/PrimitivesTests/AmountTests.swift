import Primitives
import Testing

@Suite struct AmountTests {
  @Test func `amounts add and subtract, and say when the result is out of range`() throws {
    #expect(try Amount(2).adding(Amount(3)) == Amount(5))
    #expect(try Amount(3).subtracting(Amount(3)).isZero)
    #expect(throws: ArithmeticError.overflow) { try Amount(.max).adding(Amount(1)) }
    #expect(throws: ArithmeticError.underflow) { try Amount(2).subtracting(Amount(3)) }
    #expect(Amount(2) < Amount(3))
    #expect(Amount(1_000).description == "1000")
  }

  @Test(
    arguments: [
      "uakt", "uusdc", "abc", "A1/:._-",
      "ibc/170C677610AC31DF0904FFE09CD3B5C657492170E7E52372E48756B71E56F2F1",
    ]
  )
  func `a denomination is a letter and 2 to 127 letters, digits or / : . _ -`(name: String) throws {
    let denomination = try #require(Denomination(name))
    #expect(denomination.name == name)
    #expect(denomination.description == name)
  }

  @Test(
    arguments: [
      "", "a", "ab", "1abc", "/abc", "ab c", "abç", "uakt\n", "ab,c", String(repeating: "a", count: 129),
    ]
  )
  func `other names are refused`(name: String) {
    #expect(Denomination(name) == nil)
  }

  @Test func `the longest denomination has 128 characters`() {
    #expect(Denomination(String(repeating: "a", count: 128)) != nil)
  }

  @Test func `denominations sort by their bytes`() {
    #expect(Denomination.uakt < Denomination.uusdc)
    #expect(!(Denomination.uakt < Denomination.uakt))
    #expect(Denomination("Zzz")! < Denomination("aaa")!)
  }

  @Test func `a coin's text is its amount and denomination without a space, and reads back`() throws {
    let coin = Coin(5_000_000, .uakt)
    #expect(coin.description == "5000000uakt")
    #expect(Coin("5000000uakt") == coin)
    #expect(Coin("18446744073709551615uusdc") == Coin(.max, .uusdc))
    #expect(Coin("0uakt")?.amount.isZero == true)
  }

  @Test(
    arguments: [
      "", "5", "uakt", "5 uakt", "-5uakt", "+5uakt", "5.5uakt", "18446744073709551616uakt", "5ua", "٥uakt",
      "5uakt ",
      "5uakt,6uusdc",
    ]
  )
  func `other texts are no coins`(text: String) {
    #expect(Coin(text) == nil)
  }

  @Test(arguments: UInt64(1)...10)
  func `any coin reads back from its text`(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<200 {
      let coin = Coin(
        generator.next() >> generator.next(below: 64),
        generator.chance(partsPerMillion: 500_000) ? .uakt : .uusdc
      )
      #expect(Coin(coin.description) == coin, "seed \(seed)")
    }
  }

  @Test func `a price's text is its decimal and denomination`() throws {
    #expect(DecimalCoin(try #require(Decimal18("2.50")), .uakt).description == "2.5uakt")
  }
}
