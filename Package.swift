// swift-tools-version: 6.2
import PackageDescription

// Rooms, bottom-up; a room may import only what its row names (`Tests/LayoutTests` holds the list).
//
//   Primitives ── Cryptography ── Wire ─┬─ Chain ─┬─ Ledger ─────┐
//                                       │         ├─ Consensus ──┼─ Replication ─┬─ Simulator
//                                       │         ├─ Gossip ─────┘               │
//                                       │         └─ SDL  Storage  Provider  API ┤
//                                       └─ Transport ────────────────────────────┴─ Node ── Testnet ── Bench ── supercloud

let language: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("InferIsolatedConformances"),
  .treatAllWarnings(as: .error),
]

/// The page of a room: a file that is not built.
let page = ["README.md"]

/// A core is deterministic: no clock, no socket, no disk, no `unsafe` that is not spelled out.
func core(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(
    name: name,
    dependencies: dependencies,
    exclude: page,
    swiftSettings: language + [.strictMemorySafety()]
  )
}

/// A shell owns one kind of input or output and keeps no rules of its own.
func shell(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, exclude: page, swiftSettings: language)
}

func tests(_ room: String, _ extra: [Target.Dependency] = []) -> Target {
  let rooms =
    extra.contains { if case .byNameItem(room, _) = $0 { true } else { false } }
    ? extra : [.byName(name: room)] + extra
  return .testTarget(name: room + "Tests", dependencies: rooms, swiftSettings: language)
}

let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let toml = Target.Dependency.product(name: "TOMLKit", package: "TOMLKit")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")

let foundationRooms: [Target.Dependency] = ["Primitives", "Cryptography"]
let chainRooms: [Target.Dependency] = foundationRooms + ["Wire", "Chain"]
let coreRooms: [Target.Dependency] = chainRooms + ["Ledger", "Consensus", "Gossip", "Replication"]

let package = Package(
  name: "supercloud",
  products: [
    .executable(name: "supercloud", targets: ["supercloud"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
    .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
    .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    .package(url: "https://github.com/LebJe/TOMLKit", exact: "0.6.0"),
    .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
  ],
  targets: [
    .systemLibrary(name: "CSodium", providers: [.apt(["libsodium-dev"])]),
    .systemLibrary(name: "CRocksDB", providers: [.apt(["librocksdb-dev"])]),
    // The files of Network, as bytes in the program.
    .target(name: "CNetworks"),

    core("Primitives"),
    core("Cryptography", ["Primitives", "CSodium"]),
    // Generated code: `unsafe` is spelled by the generator's runtime, not by us.
    .target(
      name: "Wire",
      dependencies: ["Primitives", protobuf],
      exclude: page + ["Protos", "generate"],
      swiftSettings: language
    ),
    core("Chain", ["Primitives", "Cryptography", "Wire"]),
    core("Ledger", chainRooms + [heap]),
    core("Consensus", chainRooms),
    core("Gossip", chainRooms + [deque, heap]),
    core("Replication", chainRooms + ["Ledger", "Consensus", "Gossip", deque, heap]),

    shell("SDL", foundationRooms + ["Chain", "Yams"]),
    shell("Storage", chainRooms + ["CRocksDB"]),
    shell("Transport", foundationRooms + ["Wire", nioCore, nioPosix, logging]),
    shell(
      "Provider",
      chainRooms + ["Ledger", "SDL", nioCore, nioPosix, nioHTTP, logging, subprocess, system]
    ),
    shell(
      "API",
      chainRooms + [
        "Ledger", asyncHTTPClient, hummingbird, httpTypes, nioCore, nioPosix, nioHTTP, logging,
      ]
    ),
    shell("Simulator", coreRooms + [heap]),
    shell(
      "Node",
      coreRooms + [
        "CNetworks", "Storage", "Transport", "SDL", "Provider", "API", nioCore, nioPosix, logging, toml,
        lifecycle,
        signals,
      ]
    ),
    shell("Testnet", chainRooms + ["Storage", "Provider", "API", "Node", signals, subprocess, system]),
    shell(
      "Bench",
      coreRooms + ["Storage", "Transport", "API", "Node", "Testnet", nioCore, nioPosix]
    ),
    .executableTarget(
      name: "supercloud",
      dependencies: coreRooms + [
        "Simulator", "Storage", "Transport", "SDL", "Provider", "API", "Node", "Bench", "Testnet", arguments,
        nioCore, nioPosix, logging, signals,
      ],
      exclude: page,
      swiftSettings: language
    ),

    // Data and their reader, for tests only.
    .target(
      name: "Vectors",
      path: "Tests/Vectors",
      exclude: ["README.md", "consensus", "market", "sdl"],
      swiftSettings: language
    ),

    tests("Primitives"),
    tests("Cryptography", ["Primitives", "Vectors"]),
    tests("Wire", ["Primitives"]),
    tests("Chain", ["Primitives", "Cryptography", "Wire"]),
    tests("Ledger", chainRooms + ["Vectors"]),
    tests("Consensus", chainRooms + ["Simulator"]),
    tests("Gossip", chainRooms + ["Simulator", "Vectors"]),
    tests("Replication", coreRooms + ["Simulator"]),
    tests("SDL", foundationRooms + ["Chain", "Vectors"]),
    tests("Storage", chainRooms),
    tests("Transport", foundationRooms + [nioCore, nioPosix]),
    tests("Provider", chainRooms + ["Ledger", "SDL"]),
    tests("API", chainRooms + ["Ledger", nioCore, nioEmbedded, nioPosix, logging]),
    tests("Simulator", coreRooms + ["Vectors"]),
    tests("Node", coreRooms + ["Storage", "Transport", "SDL", "Provider", "API", nioCore, nioPosix]),
    tests("supercloud", chainRooms + ["API", "Node", "Simulator", arguments]),
    .testTarget(name: "LayoutTests", swiftSettings: language),
  ]
)
