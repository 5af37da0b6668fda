public import Chain
public import Cryptography
import Foundation
import Logging
import Primitives
import Replication
import Storage

/// How a node that is far behind catches up.
public struct JoinOptions: Sendable {
  public enum Mode: String, CaseIterable, Sendable {
    /// The node catches up by a snapshot if it was away for over an hour, otherwise block by block.
    case auto = "auto"
    /// The node catches up by a snapshot, if one is higher than the node's own height.
    case always = "always"
    /// The node catches up block by block.
    case never = "never"
  }

  public var mode: Mode
  /// A header that the operator trusts. With nil, the node trusts its own newest header or the genesis
  /// validators.
  public var trusted: TrustedHeader?

  public init(mode: Mode = .auto, trusted: TrustedHeader? = nil) {
    self.mode = mode
    self.trusted = trusted
  }
}

/// The height and hash of a header, written `HEIGHT:HASH`.
public struct TrustedHeader: Hashable, Sendable, CustomStringConvertible {
  public var height: Height
  public var hash: Digest

  /// Parses `HEIGHT:HASH`: a height above 0, a colon and 64 hex digits; nil for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let height = Height(parts[0]), height > 0, height <= ChainLimits.height,
      let bytes = Hex.decode(String(parts[1])), let hash = Digest(bytes)
    else { return nil }
    (self.height, self.hash) = (height, hash)
  }

  public var description: String { "\(height):\(hash)" }

  /// Under which name a store keeps the trusted header that its chain was found to have.
  static let metaName = "trusted"

  /// The error that says that the chain has `block` at the height instead.
  func refutation(by block: Digest, at path: String) -> DefinitionError {
    DefinitionError(
      file: path,
      problem: "--trust names \(self), but block \(height) of this chain is \(block)",
      remedy: """
        one of the two is false: check the hash with somebody you trust; if it is right, this home or its peers \
        follow another chain: move the folder away and start again with the same --trust
        """
    )
  }
}

extension NodeRuntime {
  /// Compares the header that --trust names with the block that this home has. A block that the chain has not
  /// reached yet is compared when it comes.
  ///
  /// - Throws: `DefinitionError` when they differ, or when the block is pruned and was never compared.
  func checkTrusted(_ store: NodeStore, tip: Tip) throws {
    guard let trusted = join.trusted, trusted.height > 0, trusted.height <= tip.height else { return }
    let known = try store.meta(TrustedHeader.metaName)
    if known == Array(trusted.description.utf8) { return }
    let found: Digest
    if trusted.height == tip.height {
      found = tip.block
    } else if let header = try store.header(at: trusted.height) {
      found = try Header(decoding: header).identifier
    } else {
      throw DefinitionError(
        file: home.data.path,
        problem: "--trust names \(trusted), and this home has blocks from \(store.lowestBlock) on only",
        remedy: "name a header of a later height, which this home can compare"
      )
    }
    guard found == trusted.hash else { throw trusted.refutation(by: found, at: home.data.path) }
    try store.setMeta(TrustedHeader.metaName, Array(trusted.description.utf8))
    logger.info("this home's chain has the trusted header", metadata: ["header": "\(trusted)"])
  }

  /// Removes an unfinished join that was begun with another trusted header: what it fetched was verified from
  /// there.
  private func discardJoinOfOtherTrust() throws {
    let files = FileManager.default
    let mark = home.joiningTrust
    let wanted = join.trusted?.description ?? "own"
    guard (try? String(contentsOf: mark, encoding: .utf8)) != wanted else { return }
    if files.fileExists(atPath: home.joining.path) {
      logger.info("discarding a snapshot that was begun with another trusted header")
      try files.removeItem(at: home.joining)
    }
    try wanted.write(to: mark, atomically: true, encoding: .utf8)
  }

  /// The shortest absence, in milliseconds, after which a node fetches a snapshot instead of every block.
  private static let absence: UInt64 = 3_600_000

  /// Fetches a snapshot that is far ahead of the store, if peers have one, and returns the new store; `store`
  /// is closed then. Otherwise returns `store`.
  func joinBySnapshot(_ store: NodeStore, tip: Tip) async throws -> NodeStore {
    guard isJoinWanted(tip) else {
      try? FileManager.default.removeItem(at: home.joining)
      return store
    }
    try discardJoinOfOtherTrust()
    let joining = try JoinStore(home, cacheBytes: configuration.storage.blockCacheMebibytes << 20)
    switch try await joiner(to: joining, tip: tip).run() {
    case .nothing:
      logger.info("no peer has a useful snapshot; catching up block by block")
      joining.store.database.close()
      return store
    case .untrusted(let error) where join.mode == .auto && join.trusted == nil:
      logger.warning(
        "the newest header cannot be verified from what this node trusts; catching up block by block",
        metadata: [
          "reason": "\(error)", "remedy": "name a recent header that you trust: --trust HEIGHT:HASH",
        ]
      )
      joining.store.database.close()
      return store
    case .untrusted(let error):
      throw DefinitionError(
        file: home.network.path,
        problem:
          "the chain's headers cannot be verified from height \(join.trusted?.height ?? tip.height): \(error)",
        remedy: "name a recent header that you trust: --trust HEIGHT:HASH"
      )
    case .anchorUnknown:
      throw DefinitionError(
        file: home.network.path,
        problem:
          "no peer has the header that --trust names: \(join.trusted.map(\.description) ?? "none")",
        remedy:
          "check height and hash with somebody you trust, or by `light` with a node that has it"
      )
    case .restored(let plan):
      try joining.finish(plan, genesis: definition.genesis, trusted: join.trusted)
      joining.store.database.close()
      store.database.close()
      try JoinStore.replaceDatabase(home)
      logger.info(
        "restored the state from a snapshot",
        metadata: ["height": "\(plan.tip.height)", "state": "\(plan.tip.stateRoot)"]
      )
      return try openStore()
    }
  }

  private func joiner(to joining: JoinStore, tip: Tip) throws -> SnapshotJoiner {
    var settings = SnapshotJoin.Settings()
    settings.noProgressTimeout = .seconds(10)
    if join.mode == .always { settings.minimumGain = 1 }
    var keys = try NodeKeys(runtime: self)
    if let key = keys.validator, try home.signerQuarantine(of: key) != nil { keys.consensus = nil }
    return try SnapshotJoiner(
      genesis: definition.genesis,
      seeds: definition.seeds,
      transport: NodeParts.transport(self, keys: keys),
      store: joining,
      ownHeight: tip.height,
      anchor: join.trusted.map { TrustAnchor.header($0.height, $0.hash) } ?? .tip(tip),
      settings: settings,
      logger: logger
    )
  }

  private func isJoinWanted(_ tip: Tip) -> Bool {
    let others = definition.seeds.contains { seed in (try? home.machineKey("node").publicKey) != seed.key }
    guard others else { return false }
    switch join.mode {
    case .never: return false
    case .always: return true
    case .auto: return Timestamp.now.milliseconds(since: tip.time) > Self.absence
    }
  }
}
