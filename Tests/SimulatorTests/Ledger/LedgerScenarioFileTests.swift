import Chain
import Foundation
import Ledger
import Primitives
import Simulator
import Testing

@Suite struct LedgerScenarioFileTests {
  /// The example of the issue, whole.
  static let example = """
    {"takeRates":{"uakt":400,"uusdc":2000},"payoutInterval":600,"accounts":{"alice":{"uakt":"1000000"}},
     "steps":[
      {"tick":0,"do":"open","deployment":"d1","tenant":"alice","deposit":"1000uakt",
       "leases":[{"provider":"p1","price":"2.5uakt"}]},
      {"tick":5,"do":"deposit","deployment":"d1","from":"bob","amount":"100uakt"},
      {"tick":9,"do":"setTake","denom":"uakt","basisPoints":1000},
      {"tick":10,"do":"withdraw","deployment":"d1","provider":"p1"},
      {"tick":11,"do":"closeLease","deployment":"d1","provider":"p1","by":"tenant"},
      {"tick":20,"do":"closeDeployment","deployment":"d1"}],
     "untilTick":100}
    """

  @Test func `the example's result is written with decimal strings`() throws {
    let scenario = try JSONDecoder().decode(LedgerScenario.self, from: Data(Self.example.utf8))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let text = String(decoding: try encoder.encode(try scenario.run()), as: UTF8.self)
    #expect(
      text
        == #"{"balances":{"alice":{"uakt":"999972"},"bob":{"uakt":"0"},"p1":{"uakt":"26"}},"#
        + #""communityPool":{"uakt":"2"},"escrow":{"d1":{"closedAtTick":20,"funds":"0","state":"closed"}},"#
        + #""leases":[{"closedAtTick":11,"deployment":"d1","earned":"27.5","fee":"1","paid":"27","#
        + #""provider":"p1","reason":"owner","state":"closed"}],"#
        + #""refused":[{"code":"sdk\/5","step":1}],"supplyConserved":true}"#
    )
  }

  @Test func `what has not ended has null for its end`() throws {
    let text = Self.example.replacing(#""untilTick":100"#, with: #""untilTick":7"#)
    let scenario = try JSONDecoder().decode(LedgerScenario.self, from: Data(text.utf8))
    let result = try JSONSerialization.jsonObject(with: JSONEncoder().encode(scenario.run()))
    let lease = try #require(((result as? [String: Any])?["leases"] as? [[String: Any]])?.first)
    #expect(lease["closedAtTick"] is NSNull)
    #expect(lease["earned"] as? String == "17.5")
    #expect(lease["paid"] as? String == "0")
  }

  /// What is replaced in the example, by what, where the fault is, and a part of what it says.
  @Test(arguments: [
    (#""deposit":"1000uakt""#, #""deposit":1000"#, "steps.0.deposit", "a text"),
    (#""deposit":"1000uakt""#, #""deposit":"1000""#, "steps.0.deposit", "not an amount"),
    (#""deposit":"1000uakt""#, #""deposit":"-1uakt""#, "steps.0.deposit", "not an amount"),
    (#""price":"2.5uakt""#, #""price":"2,5uakt""#, "steps.0.leases.0.price", "not a price"),
    (#""price":"2.5uakt""#, #""price":"2.5uakt","offer":1"#, "steps.0.leases.0.offer", "not known"),
    (#""do":"withdraw""#, #""do":"withdrawal""#, "steps.3.do", "there is no step `withdrawal`"),
    (#""by":"tenant""#, #""by":"bob""#, "steps.4.by", "tenant or provider"),
    (#""by":"tenant""#, #""by":"provider","reason":"bored""#, "steps.4.reason", "manifest_timeout"),
    (#""tick":5,"#, "", "steps.1.tick", "missing"),
    (#""tick":5,"#, #""tick":-5,"#, "steps.1.tick", "whole number"),
    (#""tick":5,"#, #""tick":5.5,"#, "steps.1.tick", "whole number"),
    (#"{"uakt":400"#, #"{"uakt":10001"#, "takeRates.uakt", "10001 is not"),
    (#"{"uakt":400"#, #"{"a":400"#, "takeRates.a", "not a denomination"),
    (#""payoutInterval":600"#, #""payoutInterval":0"#, "payoutInterval", "between 1 and"),
    (#"{"uakt":"1000000"}"#, #"{"uakt":"1e6"}"#, "accounts.alice.uakt", "whole number of units"),
    (#"{"uakt":"1000000"}"#, #"{"uakt":1000000}"#, "accounts.alice.uakt", "decimal string"),
    (#""untilTick":100"#, #""untilTick":100,"fees":1"#, "fees", "not known"),
    (#""steps":["#, #""stages":["#, "steps", "missing"),
  ])
  func `a fault says where it is and what is wanted`(
    old: String,
    new: String,
    path: String,
    text: String
  ) throws {
    let file = Self.example.replacing(old, with: new, maxReplacements: 1)
    try #require(file != Self.example)
    do {
      _ = try JSONDecoder().decode(LedgerScenario.self, from: Data(file.utf8))
      Issue.record("\(new) is accepted")
    } catch Swift.DecodingError.dataCorrupted(let context) {
      let found = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
      #expect(found.joined(separator: ".") == path)
      #expect(context.debugDescription.contains(text), "\(context.debugDescription)")
    }
  }

  @Test func `more deposits of different origin than an account keeps apart are refused with a code`() throws
  {
    let steps = (0..<70).map {
      #"{"tick":1,"do":"deposit","deployment":"d1","from":"f\#($0)","amount":"1uakt"}"#
    }
    let accounts = (0..<70).map { #""f\#($0)":{"uakt":"1"}"# }.joined(separator: ",")
    let file = """
      {"takeRates":{},"payoutInterval":600,"accounts":{"alice":{"uakt":"9"},\(accounts)},"steps":[
      {"tick":0,"do":"open","deployment":"d1","tenant":"alice","deposit":"9uakt","leases":[]},
      \(steps.joined(separator: ",\n"))],"untilTick":2}
      """
    let result = try JSONDecoder().decode(LedgerScenario.self, from: Data(file.utf8)).run()
    #expect(result.refused.map(\.code.description) == Array(repeating: "supercloud/56", count: 8))
    #expect(result.escrow.first?.funds == Decimal18(71))
  }
}
