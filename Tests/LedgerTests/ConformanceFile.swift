import Foundation
import Testing
import Vectors

/// A file of `Tests/Vectors/market`.
struct ConformanceFile {
  let name: String
  let root: [String: Any]

  init(_ name: String) throws {
    self.name = name
    root = try Vectors.object("market/\(name).json")
  }

  func list(_ key: String) throws -> [[String: Any]] {
    try #require(root[key] as? [[String: Any]], "\(name).json has no list \(key)")
  }
}

/// What became of a file's cases.
struct ConformanceTally {
  let file: String
  private(set) var cases = 0
  private(set) var agreed = 0
  /// Case and reason.
  private(set) var onPurpose: [(name: String, reason: String)] = []
  /// Case and the room whose tests play it.
  private(set) var elsewhere: [(name: String, reason: String)] = []
  private(set) var differing: [String] = []

  init(_ file: String) {
    self.file = file
  }

  mutating func record(_ name: String, agrees: Bool, _ detail: @autoclosure () -> String = "") {
    cases += 1
    if agrees {
      agreed += 1
    } else {
      differing.append(name + " " + detail())
    }
  }

  /// A case in which we want another result, which the caller has asserted.
  mutating func differ(_ name: String, because reason: String, asHere holds: Bool) {
    cases += 1
    if holds {
      onPurpose.append((name, reason))
    } else {
      differing.append(name + " (should differ: \(reason))")
    }
  }

  /// A case that another room decides, and whose tests play it.
  mutating func leave(_ name: String, because reason: String) {
    cases += 1
    elsewhere.append((name, reason))
  }

  /// Prints the file's row and fails when anything differs without being meant to.
  func finish(expected: Int? = nil) {
    let columns =
      "cases \(cases)  agreed \(agreed)  on purpose \(onPurpose.count)  in other rooms \(elsewhere.count)"
      + "  differing \(differing.count)"
    var text = "vectors market/\(file): \(columns)\n"
    for (name, reason) in onPurpose { text += "    differs on purpose: \(name): \(reason)\n" }
    for (name, reason) in elsewhere { text += "    in other rooms: \(name): \(reason)\n" }
    for name in differing { text += "    DIFFERS: \(name)\n" }
    print(text, terminator: "")
    #expect(differing.isEmpty, "\(file): \(differing)")
    if let expected { #expect(cases == expected, "\(file) has another number of cases than were looked at") }
  }
}

extension Dictionary where Key == String, Value == Any {
  func text(_ key: String) -> String { self[key] as? String ?? "" }

  func number(_ key: String) -> UInt64 { (self[key] as? NSNumber)?.uint64Value ?? 0 }

  func flag(_ key: String) -> Bool { self[key] as? Bool ?? false }

  func object(_ key: String) -> [String: Any] { self[key] as? [String: Any] ?? [:] }

  func texts(_ key: String) -> [String] { self[key] as? [String] ?? [] }

  func objects(_ key: String) -> [[String: Any]] { self[key] as? [[String: Any]] ?? [] }
}
