import API
public import Chain
import Consensus
import Cryptography
import Foundation
import Gossip
import Ledger
public import Logging
import NIOCore
import NIOPosix
import Primitives
public import Replication
import Storage
import Transport
import UnixSignals

/// One node from start to end: it opens its home, joins its network, and serves until it is told to stop.
public struct NodeRuntime: Sendable {
  public let home: Home
  public let configuration: NodeConfiguration
  public let definition: NetworkDefinition
  let join: JoinOptions
  /// How many milliseconds this node's clock is ahead of the machine's; for tests.
  let clockOffset: Int64
  /// Whether free ports are taken when those of the configuration are in use. Others learn the ports from
  /// `runtime.json` and from the node's record.
  let takesFreePorts: Bool
  let logger: Logger

  /// Reads the home's configuration and network definition.
  ///
  /// - Throws: `DefinitionError` with file, problem and remedy.
  public init(
    home: Home,
    join: JoinOptions = JoinOptions(),
    clockOffset: Int64 = 0,
    takesFreePorts: Bool = false,
    logger: Logger
  ) throws {
    self.home = home
    self.join = join
    self.clockOffset = clockOffset
    self.takesFreePorts = takesFreePorts
    configuration = try NodeConfiguration.read(home.configuration)
    definition = try NetworkDefinition(at: home.network)
    self.logger = logger
  }

  /// Runs until SIGTERM or SIGINT, or until a write to the disk fails. Signals that mean nothing to a node are
  /// logged and do not end it.
  public func run() async throws {
    try await IgnoredSignals.whileLogging(to: logger) { try await runUntilStopped() }
  }

  private func runUntilStopped() async throws {
    _ = OpenFiles.raiseLimit()
    let lock = try HomeLock(home: home.folder.path)
    defer { withExtendedLifetime(lock) {} }
    try JoinStore.recover(home)
    let own = try openStore()
    let store = try await joinBySnapshot(own, tip: try readTip(own))
    try verify(store)
    let tip = try readTip(store)
    try checkTrusted(store, tip: tip)
    try LightBlocks.writeMissingSets(store, tip: tip)
    logger.info(
      "opened the database",
      metadata: [
        "chain": "\(definition.genesis.chain)", "height": "\(tip.height)", "state": "\(tip.stateRoot)",
      ]
    )
    let parts = try await NodeParts.assemble(self, store: store, tip: tip)
    do {
      try await parts.serve()
    } catch {
      // After a failed write, RocksDB writes again while it closes, and aborts the process when that fails
      // too. All acknowledged data is synced, so the process may end with the database open.
      _ = Unmanaged.passRetained(store)
      throw error
    }
    store.database.close()
    logger.info("stopped")
  }

  // MARK: Storage

  func openStore() throws -> NodeStore {
    try FileManager.default.createDirectory(at: home.data, withIntermediateDirectories: true)
    var options = DatabaseOptions()
    options.cacheBytes = configuration.storage.blockCacheMebibytes << 20
    let store = try NodeStore(path: home.data.path, options: options)
    let genesis = definition.genesis
    if store.lastHeight == nil {
      try initialize(store)
      logger.info("made the genesis state", metadata: ["genesis": "\(genesis.digest)"])
    } else {
      guard try store.genesisDigest() == genesis.digest.bytes else {
        throw DefinitionError(
          file: home.network.path,
          problem: "the genesis digest is \(genesis.digest), but this home's data belongs to another genesis",
          remedy: "restore the network definition that the home was made with, or start a new home"
        )
      }
    }
    return store
  }

  /// The state of a chain at its genesis.
  public static func genesisTip(_ genesis: Genesis) throws -> Tip { try genesisState(of: genesis).tip }

  private static func genesisState(of genesis: Genesis) throws -> (
    outcome: (changes: [StateChange], validators: [ValidatorUpdate]), update: StateTreeUpdate, tip: Tip
  ) {
    let outcome: (changes: [StateChange], validators: [ValidatorUpdate])
    do { outcome = try Executor.genesis(genesis) } catch { throw DefinitionError(error) }
    let update = try StateTree.apply(
      outcome.changes.map { StateTreeChange(key: $0.key, value: $0.value) },
      to: [NibblePath: StateTreePage](),
      root: StateTree.emptyRoot
    )
    let tip = try Tip(genesis: genesis, stateRoot: update.root, validators: outcome.validators)
    return (outcome, update, tip)
  }

  private func initialize(_ store: NodeStore) throws {
    let genesis = definition.genesis
    let (outcome, update, tip) = try Self.genesisState(of: genesis)
    var origin = StoreOrigin(chainID: genesis.chain.text, genesisDigest: genesis.digest.bytes)
    origin.state = outcome.changes.compactMap { change in
      change.value.map { Entry(key: change.key, value: $0) }
    }
    origin.tree = update.pages.compactMap { path, page in
      page.map { Entry(key: path.encoded(), value: $0.encoded()) }
    }
    origin.meta = [(StoreState.tipName, tip.encoded)]
    origin.validators = LightBlocks.origin(tip)
    try store.initialize(origin)
  }

  private func readTip(_ store: NodeStore) throws -> Tip {
    guard let bytes = try store.meta(StoreState.tipName), let tip = try? Tip(decoding: bytes) else {
      throw DefinitionError(
        file: home.data.path,
        problem: "the database has no record of its height",
        remedy: "move the folder away and let the node catch up from its peers"
      )
    }
    return tip
  }
}
