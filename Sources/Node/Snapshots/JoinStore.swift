public import Chain
public import Cryptography
import Foundation
import Primitives
public import Replication
public import Storage

/// The new database of a node that joins by a snapshot, beside the one in use until it is complete.
public struct JoinStore: Sendable {
  private static let planMark: [UInt8] = [0]
  private static let chunkMark: UInt8 = 1

  public let store: NodeStore

  public init(_ store: NodeStore) {
    self.store = store
  }

  init(_ home: Home, cacheBytes: Int) throws {
    var options = DatabaseOptions()
    options.cacheBytes = cacheBytes
    self.init(try NodeStore(path: home.joining.path, options: options))
  }

  /// The unfinished join of an earlier run: its plan and the paths of the staged chunks; nil when there is
  /// none.
  public func stagedJoin() throws -> (plan: SnapshotPlan, staged: [NibblePath])? {
    let marks = try store.stagedMarks()
    guard let first = marks.first, first.key == Self.planMark else { return nil }
    let plan = try SnapshotPlan(decoding: first.value)
    let staged = try marks.dropFirst().map { try NibblePath(decoding: $0.key.dropFirst()) }
    return (plan, staged)
  }

  public func begin(_ plan: SnapshotPlan) throws {
    try store.discardStaged()
    let pages = plan.manifest.topPages.map { Entry(key: $0.path.encoded(), value: $0.page.encoded()) }
    try store.stage(state: [], tree: pages, marks: [Entry(key: Self.planMark, value: plan.encoded)])
  }

  public func stage(_ path: NibblePath, _ part: SnapshotAssembly.Part) throws {
    try store.stage(
      state: part.entries.map { Entry(key: $0.key, value: $0.value) },
      tree: part.pages.map { Entry(key: $0.path.encoded(), value: $0.page.encoded()) },
      marks: [Entry(key: [Self.chunkMark] + path.encoded(), value: [])]
    )
  }

  public func discard() throws { try store.discardStaged() }

  /// Makes the staged state the store's origin, in one synced batch. Throws `StorageError.corrupt` when its
  /// root is not the one in the header.
  ///
  /// `trusted`: the header from which the operator had the chain verified.
  public func finish(_ plan: SnapshotPlan, genesis: Genesis, trusted: TrustedHeader? = nil) throws {
    let tip = plan.tip
    if tip.stateRoot != StateTree.emptyRoot {
      let page = try store.treePage(NibblePath.root.encoded()).map { try StateTreePage(decoding: $0) }
      guard page?.digest == tip.stateRoot else {
        throw StorageError.corrupt(
          path: store.database.path,
          detail: "the restored tree's root is not the header's: \(tip.stateRoot)"
        )
      }
    }
    let (name, digest) = (genesis.chain.text, genesis.digest.bytes)
    var origin = StoreOrigin(chainID: name, genesisDigest: digest, height: tip.height)
    origin.block = (plan.below.header.encoded, plan.below.certificate.encoded)
    origin.meta = [(StoreState.tipName, tip.encoded)]
    if let trusted { origin.meta.append((TrustedHeader.metaName, Array(trusted.description.utf8))) }
    origin.validators = LightBlocks.origin(tip)
    try store.initialize(origin)
  }

  // MARK: Taking the old database's place

  /// Moves the finished database to the place of the node's database. Both must be closed. If a crash
  /// interrupts the move, `recover` finishes it.
  static func replaceDatabase(_ home: Home) throws {
    let files = FileManager.default
    if files.fileExists(atPath: home.data.path) {
      try? files.removeItem(at: home.replaced)
      try files.moveItem(at: home.data, to: home.replaced)
    }
    try files.moveItem(at: home.joining, to: home.data)
    try? files.removeItem(at: home.replaced)
  }

  /// Finishes a move by `replaceDatabase` that a crash interrupted.
  static func recover(_ home: Home) throws {
    let files = FileManager.default
    guard files.fileExists(atPath: home.replaced.path) else { return }
    if !files.fileExists(atPath: home.data.path) { try files.moveItem(at: home.joining, to: home.data) }
    try? files.removeItem(at: home.replaced)
  }
}

extension Home {
  /// The folder of the snapshots that this node makes for others.
  public var snapshots: URL { folder.appending(path: "snapshots") }
  /// The folder of the database into which a snapshot is being fetched.
  var joining: URL { folder.appending(path: "joining") }
  /// The file that says from which trusted header that snapshot is verified.
  var joiningTrust: URL { folder.appending(path: "joining.trust") }
  /// The folder of the old database while the new one takes its place.
  var replaced: URL { folder.appending(path: "replaced") }
}
