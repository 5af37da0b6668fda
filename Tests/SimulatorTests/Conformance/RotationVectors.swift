import Chain
import Cryptography
import Foundation
import Primitives
import Testing

/// The recorded rotations of CometBFT (`Tests/Vectors/consensus/proposer_priority.json`), replayed step by step.
struct RotationVectors {
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

  /// How many of a case's steps give the same priorities and proposer.
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
