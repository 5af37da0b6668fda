import Primitives
import Testing

@Suite struct Decimal18Tests {
  @Test(
    arguments: [
      ("0", 0 as UInt128),
      ("1", 1_000_000_000_000_000_000),
      ("2.5", 2_500_000_000_000_000_000),
      ("0.000000000000000001", 1),
      ("007.10", 7_100_000_000_000_000_000),
      ("340282366920938463463.374607431768211455", UInt128.max),
    ]
  )
  func `text of digits, with up to 18 of them behind a point, is read exactly`(text: String, raw: UInt128) {
    #expect(Decimal18(text)?.raw == raw)
  }

  @Test(
    arguments: [
      "", ".", "1.", ".5", "-1", "+1", " 1", "1 ", "1e3", "1.2.3", "0.0000000000000000001", "1,5", "٣", "1.٣",
      "340282366920938463463.374607431768211456", "340282366920938463464", "1.+5", "0x10", "1_000",
      "999999999999999999999999999999999999999999999999",
    ]
  )
  func `anything else is refused`(text: String) {
    #expect(Decimal18(text) == nil)
  }

  @Test func `the description is the shortest exact text and fixedText has 18 digits behind the point`() {
    #expect(Decimal18(raw: 0).description == "0")
    #expect(Decimal18(100).description == "100")
    #expect(Decimal18("2.50")?.description == "2.5")
    #expect(Decimal18(raw: 1_000_000_000_000).description == "0.000001")
    #expect(Decimal18("2.5")?.fixedText == "2.500000000000000000")
    #expect(Decimal18(raw: 1).fixedText == "0.000000000000000001")
  }

  @Test func `arithmetic that leaves the range throws instead of trapping`() throws {
    let largest = Decimal18(raw: .max)
    let least = Decimal18(raw: 1)
    #expect(throws: ArithmeticError.overflow) { try largest.adding(least) }
    #expect(throws: ArithmeticError.underflow) { try least.subtracting(largest) }
    #expect(throws: ArithmeticError.overflow) { try largest.multiplied(by: 2) }
    #expect(throws: ArithmeticError.overflow) { try largest.truncated() }
    #expect(try largest.multiplied(by: 1) == largest)
    #expect(try largest.multiplied(by: 0).isZero)
    #expect(try Decimal18(UInt64.max).truncated() == Amount(.max))
  }

  @Test func `truncation drops what is behind the point, however close to the next number`() throws {
    #expect(try #require(Decimal18("0.999999999999999999")).truncated() == .zero)
    #expect(try #require(Decimal18("12.5")).truncated() == Amount(12))
    #expect(try #require(Decimal18("3.000000000000000000")).truncated() == Amount(3))
  }

  @Test(arguments: UInt64(1)...20)
  func `both texts of any value read back to it`(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<500 {
      let value = generator.decimal()
      #expect(Decimal18(value.description) == value, "seed \(seed)")
      #expect(Decimal18(value.fixedText) == value, "seed \(seed)")
    }
  }

  @Test(arguments: UInt64(1)...20)
  func `a sum less one part is the other part, in either order`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<500 {
      let left = generator.decimal()
      let right = generator.decimal()
      let (sum, overflow) = left.raw.addingReportingOverflow(right.raw)
      guard !overflow else {
        #expect(throws: ArithmeticError.overflow, "seed \(seed)") { try left.adding(right) }
        continue
      }
      #expect(try left.adding(right) == Decimal18(raw: sum), "seed \(seed)")
      #expect(try right.adding(left) == Decimal18(raw: sum), "seed \(seed)")
      #expect(try left.adding(right).subtracting(right) == left, "seed \(seed)")
    }
  }

  @Test(arguments: UInt64(1)...20)
  func `a multiple equals the repeated sum`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<50 {
      let value = Decimal18(raw: UInt128(generator.next()) << 32)
      let count = generator.next(below: 40)
      var sum = Decimal18.zero
      for _ in 0..<count { sum = try sum.adding(value) }
      #expect(try value.multiplied(by: count) == sum, "seed \(seed)")
    }
  }

  @Test(
    arguments: UInt64(1)...20
  )
  func `whole part and fraction make up the value, and order is that of the raw number`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<200 {
      let value = Decimal18(raw: generator.decimal().raw % (UInt128(UInt64.max) * Decimal18.one))
      let whole = Decimal18(try value.truncated())
      #expect(value.fraction < Decimal18(1), "seed \(seed)")
      #expect(try whole.adding(value.fraction) == value, "seed \(seed)")
      let other = generator.decimal()
      #expect((value < other) == (value.raw < other.raw), "seed \(seed)")
    }
  }
}

extension SeededGenerator {
  /// Values of every size, the edges among them.
  fileprivate mutating func decimal() -> Decimal18 {
    let raw = UInt128(next()) << 64 | UInt128(next())
    switch next(below: 8) {
    case 0: return Decimal18(raw: raw % 10)
    case 1: return Decimal18(next())
    case 2: return Decimal18(raw: .max - raw % 10)
    default: return Decimal18(raw: raw >> UInt128(next(below: 128)))
    }
  }
}
