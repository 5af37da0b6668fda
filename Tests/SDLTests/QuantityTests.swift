import Foundation
import Primitives
import Testing

@testable import SDL

@Suite struct QuantityTests {
  @Test(arguments: [
    ("1", 1000), ("0.5", 500), ("0.1", 100), ("100m", 100), ("1.001", 1000), ("2.01", 2009), (".5", 500),
    ("2.", 2000), ("+2", 2000), ("1e1", 10_000), ("1_0", 10_000), ("0x1p1", 2000), ("0.57", 570),
    ("inf", UInt64.max),
  ])
  func `cpu is multiplied as a double and truncated`(_ text: String, _ millis: UInt64) throws {
    #expect(try Quantities.cpuMillis(text) == millis)
  }

  @Test(arguments: [
    "", "m", "one", "1 m", "100M", "100.5m", "-100m", "1_", "_1", "1__0", "0x10", "1e400", "1,5",
    "4294967296m",
  ])
  func `what is not an amount of cpu is refused`(_ text: String) {
    #expect(throws: QuantityError.syntax) { try Quantities.cpuMillis(text) }
  }

  @Test(arguments: [
    ("1", 1), ("1k", 1000), ("1Ki", 1024), ("1.1Gi", 1_181_116_006), ("0.5M", 500_000),
    ("3E", 3_000_000_000_000_000_000), ("16Ei", UInt64.max), ("1e3", 1000), ("1e1Ki", 10_240),
  ])
  func `sizes take decimal and binary suffixes`(_ text: String, _ bytes: UInt64) throws {
    #expect(try Quantities.bytes(text) == bytes)
  }

  @Test(arguments: ["", "Gi", "1GB", "1gb", "1gi", "1g", "1K", "1 Gi", "Gi1", "1KiB", "0x8000000"])
  func `what is not a size is refused`(_ text: String) {
    #expect(throws: QuantityError.syntax) { try Quantities.bytes(text) }
  }

  @Test func `quantities below zero have their own error`() {
    #expect(throws: QuantityError.negative) { try Quantities.bytes("-1Gi") }
    #expect(throws: QuantityError.negative) { try Quantities.cpuMillis("-1") }
    #expect(throws: QuantityError.syntax) { try Quantities.gpuMemoryBytes("80G") }
  }

  @Test(arguments: [
    ("1", "1.000000000000000000"), ("0.7", "0.700000000000000000"), ("+1.5", "1.500000000000000000"),
    ("007", "7.000000000000000000"), ("--5", "5.000000000000000000"),
    ("0.000000000000000001", "0.000000000000000001"),
  ])
  func `amounts are exact decimals`(_ text: String, _ fixed: String) throws {
    guard case .exact(let amount) = try PriceAmount(text) else {
      Issue.record("\(text) is not kept")
      return
    }
    #expect(amount.fixedText == fixed)
  }

  @Test(arguments: ["", "-", "1e3", "1_000", ".5", "5.", "1,5", "1.2.3", "0x10", "1.-5", "++1"])
  func `what is not an amount is refused`(_ text: String) {
    #expect(throws: PriceAmount.Failure.syntax) { try PriceAmount(text) }
  }

  @Test func `amounts have bounds of their own`() throws {
    #expect(throws: PriceAmount.Failure.zero) { try PriceAmount("0.0") }
    #expect(throws: PriceAmount.Failure.zero) { try PriceAmount("-0") }
    #expect(throws: PriceAmount.Failure.negative) { try PriceAmount("-0.7") }
    #expect(throws: PriceAmount.Failure.precision) { try PriceAmount("0.0000000000000000001") }
    // 2^315 − 1 and 2^315 in units of 10^-18.
    let digits = "66749594872528440074844428317798503581334516323645399060845050244444366430645"
    let largest = digits + ".017188217565216767"
    guard case .huge = try PriceAmount(largest) else {
      Issue.record("the largest amount is legal")
      return
    }
    #expect(throws: PriceAmount.Failure.range) { try PriceAmount(digits + ".017188217565216768") }
  }

  @Test(arguments: [
    ("1h", 3_600_000_000_000), ("1h30m", 5_400_000_000_000), ("1.5h", 5_400_000_000_000),
    (".5s", 500_000_000),
    ("1us", 1000), ("1µs", 1000), ("2ns", 2), ("+5m", 300_000_000_000), ("-1h", -3_600_000_000_000), ("0", 0),
    ("0s", 0), ("2562047h47m16.854775807s", Int64.max),
  ])
  func `spans of time are read to the nanosecond`(_ text: String, _ nanoseconds: Int64) {
    #expect(Durations.nanoseconds(text) == nanoseconds)
  }

  @Test(arguments: ["", "abc", "24", "1d", "1 h", "h", ".h", "1.h.", "2562047h47m16.854775808s", "1h-5m"])
  func `what is not a span of time is refused`(_ text: String) {
    #expect(Durations.nanoseconds(text) == nil)
  }

  @Test(arguments: [
    ("2", true), ("2.0", true), ("v2.0", true), (" 02.00 ", true), ("2.0.0+build", true), ("2.0.0-a", false),
    ("2.0.1", false), ("1.0", false), ("2.1.0-beta", false), ("2.1.1-beta", true), ("3", true),
    ("2.10", true),
  ])
  func `versions 2_0 and from 2_1 on are read`(_ text: String, _ isRead: Bool) throws {
    let version = try #require(VersionNumber(text))
    #expect((version.isExactly(2, 0, 0) || version.isAtLeast(2, 1, 0)) == isRead)
  }

  @Test(arguments: [
    "", "v", "latest", "2.0-beta", "2.x", "2..0", "2.0.0-", "2.0.0-01", "2.0.0+", "-2", "2,0",
  ])
  func `what is not a version is refused`(_ text: String) {
    #expect(VersionNumber(text) == nil)
  }

  private struct Fragments: Decodable {
    struct Group: Decodable { var cases: [[Value]] }
    enum Value: Decodable {
      case text(String), number(UInt64), null, other
      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
          self = .null
        } else if let number = try? container.decode(UInt64.self) {
          self = .number(number)
        } else if let text = try? container.decode(String.self) {
          self = .text(text)
        } else {
          self = .other
        }
      }
    }
    var cpu_units, byte_size, price, reclamation_min_window: Group
  }

  @Test(.enabled(if: Corpus.hasOthers, "the values are other people's and not here"))
  func `the corpus' single values come out as the reference's tests say`() throws {
    let data = try #require(try Corpus.otherData("fragments.json"))
    let fragments = try JSONDecoder().decode(Fragments.self, from: data)
    func each(_ group: Fragments.Group, _ read: (String) -> UInt64?) throws {
      for example in group.cases {
        guard case .text(let quoted) = example[0] else { continue }
        let text = quoted.replacing("\"", with: "")
        switch example[1] {
        case .number(let number): #expect(read(text) == number, "\(quoted)")
        case .null: #expect(read(text) == nil, "\(quoted)")
        default: Issue.record("unexpected fragment \(quoted)")
        }
      }
    }
    try each(fragments.cpu_units) { try? Quantities.cpuMillis($0) }
    try each(fragments.byte_size) { try? Quantities.bytes($0) }
    try each(fragments.reclamation_min_window) { text in
      Durations.nanoseconds(text).flatMap { $0 > 0 ? UInt64($0) : nil }
    }
    for example in fragments.price.cases {
      guard case .text(let text) = example[0] else { continue }
      let amount = try? PriceAmount(text)
      if case .text(let fixed) = example[1], case .exact(let decimal)? = amount {
        #expect(decimal.fixedText == fixed)
      } else {
        #expect(amount == nil, "\(text)")
      }
    }
  }
}
