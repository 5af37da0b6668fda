import Foundation
import Testing

/// Which room may import what. A row names everything, also what another row would bring along.
enum Rooms {
  static let foundation: Set = ["Primitives", "Cryptography"]
  static let chain = foundation.union(["Wire", "Chain"])
  static let cores = chain.union(["Ledger", "Consensus", "Gossip", "Replication"])
  static let sockets: Set = ["NIOCore", "NIOPosix"]
  /// Modules of the platform; no core has any.
  static let platform: Set = [
    "Foundation", "FoundationEssentials", "Glibc", "Synchronization", "Dispatch",
  ]

  static let allowed: [String: Set<String>] = [
    "CSodium": [],
    "CRocksDB": [],
    "CNetworks": [],
    "Primitives": [],
    "Cryptography": ["Primitives", "CSodium"],
    "Wire": ["Primitives", "SwiftProtobuf"],
    "Chain": foundation.union(["Wire"]),
    "Ledger": chain.union(["HeapModule"]),
    "Consensus": chain,
    "Gossip": chain.union(["DequeModule", "HeapModule"]),
    "Replication": chain.union(["Ledger", "Consensus", "Gossip", "DequeModule", "HeapModule"]),
    "Simulator": cores.union(platform).union(["HeapModule"]),
    // CYaml is the parser inside Yams.
    "SDL": foundation.union(platform).union(["Chain", "Yams", "CYaml"]),
    "Storage": chain.union(platform).union(["CRocksDB"]),
    "Transport": foundation.union(platform).union(sockets).union(["Wire", "Logging"]),
    "Provider": chain.union(platform).union(sockets).union([
      "Ledger", "SDL", "NIOHTTP1", "Logging", "Subprocess", "SystemPackage",
    ]),
    // HTTPTypes and ServiceLifecycle are what Hummingbird's own interface is made of.
    "API": chain.union(platform).union(sockets).union([
      "Ledger", "NIOHTTP1", "Logging", "AsyncHTTPClient", "Hummingbird", "HTTPTypes", "ServiceLifecycle",
    ]),
    "Node": cores.union(platform).union(sockets).union([
      "CNetworks", "Storage", "Transport", "SDL", "Provider", "API", "Logging", "TOMLKit", "ServiceLifecycle",
      "UnixSignals",
    ]),
    "Bench": cores.union(platform).union(sockets).union(["Storage", "Transport", "API", "Node", "Testnet"]),
    "Testnet": chain.union(platform).union([
      "Storage", "Provider", "API", "Node", "UnixSignals", "Subprocess", "SystemPackage",
    ]),
    "supercloud": cores.union(platform).union(sockets).union([
      "Simulator", "Storage", "Transport", "SDL", "Provider", "API", "Node", "Bench", "Testnet",
      "ArgumentParser", "Logging", "UnixSignals",
    ]),
  ]

  /// What would make a core depend on anything but its inputs: clocks, chance, tasks, fractions that round.
  static let forbiddenInCores: Set = [
    "Double", "Float", "Float16", "Float32", "Float64", "Float80", "CGFloat", "Decimal", "Date", "UUID",
    "Task", "async", "await", "Thread", "DispatchQueue", "ContinuousClock", "SuspendingClock",
    "SystemRandomNumberGenerator", "randomElement", "shuffled", "shuffle", "hashValue", "ProcessInfo",
    "FileManager", "print", "debugPrint", "readLine",
  ]
}

@Suite struct RoomTests {
  let repository = Repository()

  @Test func `every room has a row, and every row its room`() throws {
    let rooms = try repository.names(in: "Sources").filter { $0 != "README.md" }
    #expect(rooms == Rooms.allowed.keys.sorted())
  }

  @Test(arguments: Rooms.allowed.keys.sorted())
  func `a room of more than ten files has a page`(room: String) throws {
    let count = try repository.swiftFiles(in: "Sources/\(room)").count
    let hasPage = try repository.names(in: "Sources/\(room)").contains("README.md")
    #expect(count <= 10 || hasPage, "Sources/\(room) has \(count) Swift files and no README.md")
  }

  @Test(arguments: Rooms.allowed.keys.sorted())
  func `a room imports only what its row names`(room: String) throws {
    let allowed = try #require(Rooms.allowed[room])
    for file in try repository.swiftFiles(in: "Sources/\(room)") {
      for (module, line) in CodeText(file.text).imports where !allowed.contains(module) {
        let isBridge = file.isGenerated || file.path == "Sources/Wire/Bytes.swift"
        if isBridge, Rooms.platform.contains(module) { continue }
        Issue.record("\(file):\(line): \(room) may not import \(module)")
      }
    }
  }

  @Test(arguments: Rooms.cores.sorted())
  func `cores know no clock, chance, task or rounding number`(room: String) throws {
    for file in try repository.swiftFiles(in: "Sources/\(room)") where !file.isGenerated {
      let found = CodeText(file.text).words(among: Rooms.forbiddenInCores)
      #expect(found.isEmpty, "\(file) uses \(found.joined(separator: ", "))")
    }
  }

  @Test func `no name stands for a type at the top level of two rooms`() throws {
    var rooms: [String: Set<String>] = [:]
    for room in Rooms.allowed.keys {
      for file in try repository.swiftFiles(in: "Sources/\(room)") where !file.isGenerated {
        for name in CodeText(file.text).topLevelTypes { rooms[name, default: []].insert(room) }
      }
    }
    for (name, rooms) in rooms where rooms.count > 1 {
      Issue.record("\(name) is declared in \(rooms.sorted().joined(separator: " and "))")
    }
  }

  @Test func `a name for the outside is written, not taken from the name of a case`() throws {
    for file in try repository.swiftFiles(in: "Sources") where !file.isGenerated {
      for (number, line) in file.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
      where line.contains(#""\(self)""#) {
        Issue.record("\(file):\(number + 1): renaming a case would change what others read")
      }
    }
  }

  @Test(arguments: ["Sources", "Tests"])
  func `no file is longer than 400 lines`(folder: String) throws {
    for file in try repository.swiftFiles(in: folder) where !file.isGenerated {
      let count = file.text.count { $0 == "\n" }
      #expect(count <= 400, "\(file) has \(count) lines")
    }
  }

  @Test func `the top level holds what belongs there and nothing else`() throws {
    // The resolver writes Package.resolved; it is not part of the repository.
    let names = try repository.names(in: "").filter { !$0.hasPrefix(".") && $0 != "Package.resolved" }
    #expect(names == ["Network", "Package.swift", "README.md", "Sources", "Testnet", "Tests"])
  }
}

@Suite struct LayoutCheckTests {
  @Test func `imports are found in every form, and not in comments or strings`() {
    let code = CodeText(
      """
      import Alpha
      public import Beta
        @testable import Gamma
      @_spi(Inner) internal import struct Delta.Thing
      // import No
      /* import No
         /* nested */ import No */
      let text = "import No"
      """
    )
    #expect(code.imports.map(\.module) == ["Alpha", "Beta", "Gamma", "Delta"])
    #expect(code.imports.map(\.line) == [1, 2, 3, 4])
  }

  @Test func `types of the top level are found with every modifier, and nested ones are not`() {
    let code = CodeText(
      """
      public struct Alpha {
        struct Inner {}
      }
      @MainActor final class Beta {}
      private indirect enum Gamma {}
      // struct No
      extension Delta { enum Inner {} }
      typealias Epsilon = Int
      """
    )
    #expect(code.topLevelTypes == ["Alpha", "Beta", "Gamma", "Epsilon"])
  }

  @Test func `words are found whole, and not in comments or strings`() {
    let code = CodeText(
      #"""
      /// A Task that is awaited.
      let first: Double = 1 // Float
      let text = "Date \" Task"
      let TaskList = 1
      func go() async {}
      """#
    )
    #expect(code.words(among: Rooms.forbiddenInCores) == ["Double", "async"])
  }
}
