import API
import Chain
import Cryptography
public import Foundation
import Gossip
import Ledger
import Node
import Primitives
import Replication
import Storage

/// The phases of measuring snapshots: each may run in its own process, since their files are in one folder.
public struct SnapshotRun {
  /// The time, sizes and memory of making a snapshot. Sizes are in bytes.
  public struct ExportRow: Codable, Sendable {
    public var seconds: Double
    public var entries: Int
    public var bytes: UInt64
    public var chunks: Int
    public var largestChunk: Int
    public var manifestBytes: Int
    public var idleBytes: UInt64
    public var peakBytes: UInt64
  }

  /// The time, traffic and memory of joining by the snapshot. Sizes are in bytes.
  public struct JoinRow: Codable, Sendable {
    public var seconds = 0.0
    public var receivedBytes: UInt64 = 0
    public var messages = 0
    public var peers = 0
    public var leases = 0
    public var storeBytes: UInt64 = 0
    public var idleBytes: UInt64
    public var peakBytes: UInt64 = 0
  }

  /// The facts about the store that `make` writes to a file for the other phases.
  private struct Source: Codable {
    var height: UInt64
    var stateRoot: String
    var time: UInt64
  }

  let folder: URL
  let peers: Int

  /// `folder`: the folder for the stores and the snapshot. `peers`: how many peers serve the joining node, at
  /// least 1.
  public init(folder: URL, peers: Int) {
    self.folder = folder
    self.peers = peers
  }

  private var chain: ChainID? { ChainID("bench") }
  private var archiveFolder: URL { folder.appending(path: "snapshot") }

  /// Makes a store with running leases in the folder. Returns how many seconds this took.
  ///
  /// - Throws: `Failure` when the ledger refuses the leases, `StorageError` when the folder cannot be used.
  public func make(leases: Int, _ progress: (String) -> Void) throws -> Double {
    let data = folder.appending(path: "data")
    try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
    let start = ContinuousClock.now
    var market = try SettlementMarket(leases: leases, folder: data)
    let root = try market.open { progress("\(leases) leases: \($0) are open") }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let moment = market.moment
    let time = moment.time.milliseconds
    let source = Source(height: moment.height, stateRoot: root.description, time: time)
    try JSONEncoder().encode(source).write(to: folder.appending(path: "source.json"))
    return seconds
  }

  private func source() throws -> (height: Height, root: Digest, time: Timestamp) {
    let data = try Data(contentsOf: folder.appending(path: "source.json"))
    let source = try JSONDecoder().decode(Source.self, from: data)
    guard let bytes = Hex.decode(source.stateRoot), let root = Digest(bytes) else { throw Failure("no root") }
    return (source.height, root, Timestamp(milliseconds: source.time))
  }

  // MARK: Export

  /// Makes a snapshot of the store that `make` has left.
  ///
  /// - Throws: `Failure`, `StorageError`, or an error of reading or writing the folder's files.
  public func export() throws -> ExportRow {
    let (height, root, _) = try source()
    let store = try NodeStore(path: folder.appending(path: "data").path)
    let idle = PeakMemory.reset()
    let start = ContinuousClock.now
    let export = SnapshotExport(of: store, at: try store.database.snapshot(), height: height, root: root)
    let report = try export.run(into: archiveFolder)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let archive = try SnapshotArchive(archiveFolder)
    return ExportRow(
      seconds: seconds,
      entries: report.entries,
      bytes: report.bytes,
      chunks: report.chunks,
      largestChunk: report.largestChunk,
      manifestBytes: try archive.part(.manifest)?.count ?? 0,
      idleBytes: idle,
      peakBytes: PeakMemory.bytes
    )
  }

  // MARK: Joining

  /// Joins by the snapshot that `export` has left, as a new node with simulated peers that answer from its
  /// files.
  ///
  /// - Throws: `Failure` when a part is wrong, `StorageError`, or an error of reading or writing files.
  public func join() throws -> JoinRow {
    let archive = try SnapshotArchive(archiveFolder)
    let blocks = try headers(above: archive)
    guard let chain, let below = blocks[archive.height] else { throw Failure("no header") }
    let store = JoinStore(try NodeStore(path: folder.appending(path: "joined").path))
    var settings = SnapshotJoin.Settings()
    settings.minimumGain = 1
    var machine = SnapshotJoin(
      chain: chain,
      anchor: .header(below.height, below.identifier),
      ownHeight: 0,
      trust: .init(trustingMilliseconds: 1_000_000_000),
      settings: settings
    )
    let idle = PeakMemory.reset()
    let start = ContinuousClock.now
    var row = JoinRow(idleBytes: idle)
    let plan = try fetch(&machine, archive, blocks, into: store, &row)
    try store.finish(plan, genesis: Genesis.empty(chain))
    row.seconds = (ContinuousClock.now - start) / .seconds(1)
    row.peakBytes = PeakMemory.bytes
    row.leases = Int(LedgerQuery(state: StoreState(store: store.store)).runningLeaseCount)
    try store.store.database.flush()
    for table in ColumnFamily.allCases {
      row.storeBytes += try store.store.database.approximateSize(of: table)
    }
    return row
  }

  /// Passes messages between the joining machine and the simulated peers until all parts are staged.
  private func fetch(
    _ machine: inout SnapshotJoin,
    _ archive: SnapshotArchive,
    _ blocks: [Height: LightBlock],
    into store: JoinStore,
    _ row: inout JoinRow
  ) throws -> SnapshotPlan {
    let wall = (blocks.values.map(\.header.time).max() ?? .zero).advanced(byMilliseconds: 1_000)
    let start = ContinuousClock.now
    var inputs: [SnapshotJoin.Input] = (0..<peers).map {
      .connected(SettlementMarket.key("peer \($0)").publicKey)
    }
    var used: Set<PeerID> = []
    while true {
      let now = Instant(nanoseconds: UInt64((ContinuousClock.now - start) / .nanoseconds(1)))
      var turn = SnapshotJoin.Turn(at: now, wall: wall)
      machine.step(inputs.isEmpty ? .tick : inputs.removeFirst(), &turn)
      for effect in turn.effects {
        switch effect {
        case .send(let request, let peer):
          guard let answer = try answer(to: request, archive, blocks) else { continue }
          let bytes = answer.encoded
          row.receivedBytes += UInt64(bytes.count)
          row.messages += 1
          if used.insert(peer).inserted { row.peers += 1 }
          inputs.append(.message(try SnapshotMessage(kind: answer.kind, bytes: bytes), from: peer))
        case .begin(let plan): try store.begin(plan)
        case .stage(let path, let part): try store.stage(path, part)
        case .discard: try store.discard()
        case .reportPeer(_, let part): throw Failure("\(part) is wrong")
        case .finished(.restored(let plan)): return plan
        case .finished(let outcome): throw Failure("nothing was restored: \(outcome)")
        }
      }
    }
  }

  private func answer(
    to request: SnapshotMessage,
    _ archive: SnapshotArchive,
    _ blocks: [Height: LightBlock]
  ) throws -> SnapshotMessage? {
    switch request {
    case .offersRequest: .offers([SnapshotOffer(height: archive.height, bytes: archive.bytes)])
    case .lightBlockRequest(let height): .lightBlock(height, blocks[height]?.encoded)
    case .partRequest(let height, let part): .part(height, part, try archive.part(part))
    default: nil
    }
  }

  /// Two headers signed by one validator. The second contains the root of the snapshot's state.
  private func headers(above archive: SnapshotArchive) throws -> [Height: LightBlock] {
    let time = try source().time
    let signer = SettlementMarket.key("consensus")
    guard let chain else { throw Failure("no chain") }
    var set = try ValidatorSet([Validator(address: signer.address, key: signer.publicKey, power: 10)])
    var blocks: [Height: LightBlock] = [:]
    var parent = Digest.zero
    for (offset, root) in [Digest.zero, archive.root].enumerated() {
      var next = set
      next.advance()
      let height = archive.height + Height(offset)
      let time = time.advanced(byMilliseconds: UInt64(offset))
      var header = Header.empty(chain, height, time, by: signer.address)
      (header.parent, header.stateRoot) = (parent, root)
      (header.validatorsHash, header.nextValidatorsHash) = (set.hash, next.hash)
      let vote = Vote.signBody(height: header.height, round: 0, validRound: nil, block: header.identifier)
      let certificate = Certificate(
        kind: .precommit,
        height: header.height,
        round: 0,
        validRound: nil,
        block: header.identifier,
        signers: [1],
        signatures: [signer.sign(domain: .precommit, chain: chain.text, vote)]
      )
      blocks[header.height] = LightBlock(
        header: header,
        certificate: certificate,
        validators: set,
        nextValidators: next
      )
      parent = header.identifier
      set = next
    }
    return blocks
  }
}

extension Genesis {
  /// The genesis of a chain that has nothing but a name.
  fileprivate static func empty(_ chain: ChainID) -> Genesis {
    Genesis(chain: chain, time: .zero, currencies: [], parameters: Parameters(), accounts: [], validators: [])
  }
}
