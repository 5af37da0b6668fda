import Chain
import Cryptography
import Foundation
import Primitives
import Testing

/// The rotation equals CometBFT's, step by step (`conformance/consensus/proposer_priority.json`).
@Suite struct ValidatorSetVectorTests {
  struct File: Decodable {
    let cases: [Case]
  }

  struct Case: Decodable {
    struct Member: Decodable {
      let addr: String
      let power: Int64
      let priority: Int64?
    }

    struct Step: Decodable {
      enum Argument {
        case none
        case number(Int)
        case changes([(String, Int64)])
      }

      let op: String
      let arg: Argument
      let proposer: String
      let set: [Member]?

      enum Keys: String, CodingKey { case op, arg, proposer, set }

      init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Keys.self)
        op = try values.decode(String.self, forKey: .op)
        proposer = try values.decode(String.self, forKey: .proposer)
        set = try values.decodeIfPresent([Member].self, forKey: .set)
        if let number = try? values.decode(Int.self, forKey: .arg) {
          arg = .number(number)
        } else if var list = try? values.nestedUnkeyedContainer(forKey: .arg) {
          var changes: [(String, Int64)] = []
          while !list.isAtEnd {
            var pair = try list.nestedUnkeyedContainer()
            changes.append((try pair.decode(String.self), try pair.decode(Int64.self)))
          }
          arg = .changes(changes)
        } else {
          arg = .none
        }
      }
    }

    let name: String
    let `init`: [Member]
    let log: [Step]
  }

  /// The vectors name validators only by address, some by fewer than 20 bytes; zeros behind keep their order.
  func validator(_ hex: String, _ power: Int64) throws -> Validator {
    let short = try #require(Hex.decode(hex))
    let bytes = short + Array(repeating: 0, count: 20 - short.count)
    let key = try #require(PublicKey(bytes + Array(repeating: 0, count: 12)))
    return Validator(address: try #require(Address(bytes)), key: key, power: power)
  }

  @Test func `Every recorded step gives the same priorities and proposer`() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let file = root.appending(path: "../shared/conformance/consensus/proposer_priority.json")
    let cases = try JSONDecoder().decode(File.self, from: Data(contentsOf: file)).cases
    #expect(cases.count == 8)
    print("proposer rotation against CometBFT\n  steps  equal  validators  case")
    var total = 0
    for entry in cases {
      let equal = try replay(entry)
      print(
        "  \(pad(entry.log.count, 5))  \(pad(equal, 5))  \(pad(entry.`init`.count, 10))  \(entry.name)"
      )
      #expect(equal == entry.log.count, "\(entry.name)")
      total += equal
    }
    print("  \(pad(total, 5))  in all")
    #expect(total == 127)
  }

  func pad(_ number: Int, _ width: Int) -> String {
    let text = String(number)
    return String(repeating: " ", count: max(0, width - text.count)) + text
  }

  func replay(_ entry: Case) throws -> Int {
    var set = try ValidatorSet(entry.`init`.map { try validator($0.addr, $0.power) })
    var equal = 0
    for step in entry.log {
      var proposer = set.proposer
      switch (step.op, step.arg) {
      case ("init", _): break
      case ("advance", .number(let times)): set.advance(times)
      case ("round", .number(let round)): proposer = set.proposer(round: Round(round))
      case ("change", .changes(let changes)):
        let updates = try changes.map { change in
          let changed = try validator(change.0, change.1)
          return ValidatorUpdate(address: changed.address, key: changed.key, power: changed.power)
        }
        set = try set.applying(updates)
        set.advance()
      default: Issue.record("unknown step \(step.op)")
      }
      if step.op != "round" { proposer = set.proposer }
      let expected = try step.set.map { members in
        try members.map { member in
          var expected = try validator(member.addr, member.power)
          expected.priority = member.priority ?? 0
          return expected
        }
      }
      let agrees = try set[proposer]?.address == validator(step.proposer, 1).address
      if agrees, expected == nil || expected == set.members { equal += 1 }
    }
    return equal
  }
}
