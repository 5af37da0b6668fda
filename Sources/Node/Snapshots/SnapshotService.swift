import Chain
import Cryptography
import Foundation
import Gossip
import Logging
import Primitives
import Replication
import Storage
import Synchronization
import Wire

/// Makes a node's snapshots, and answers peers that ask for snapshots and light blocks.
///
/// Both happen on threads of their own; a commit only takes a frozen view of the database. One snapshot is
/// made at a time; a height that becomes due during that time is skipped. The number of waiting requests is
/// bounded, per peer and in total.
final class SnapshotService: Sendable {
  /// The number of snapshots that are kept.
  static let kept = 2
  private static let waitingPerPeer = 4
  private static let waitingInTotal = 64

  private struct State {
    /// The finished snapshots, the newest first.
    var archives: [SnapshotArchive] = []
    /// The height of the snapshot that is being made.
    var exporting: Height?
    var waiting: [PeerID: Int] = [:]
  }

  private let folder: URL
  private let store: NodeStore
  private let interval: Height
  private let logger: Logger
  private let send: @Sendable (SnapshotMessage, PeerID) -> Void
  private let state = Mutex(State())
  private let isStopped = Atomic(false)
  private let exporter = WorkerThread(name: "snapshots")
  private let server = WorkerThread(name: "snapshot-server")

  /// `interval`: the number of heights between snapshots; 0 makes none.
  init(
    folder: URL,
    store: NodeStore,
    interval: Height,
    logger: Logger,
    send: @escaping @Sendable (SnapshotMessage, PeerID) -> Void
  ) {
    self.folder = folder
    self.store = store
    self.interval = interval
    self.logger = logger
    self.send = send
    let archives = Self.found(in: folder, store, logger)
    state.withLock { $0.archives = archives }
  }

  /// Finds the snapshots of earlier runs. Removes those that are unfinished, of another chain, or below the
  /// store's lowest height.
  private static func found(in folder: URL, _ store: NodeStore, _ logger: Logger) -> [SnapshotArchive] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    var archives: [SnapshotArchive] = []
    for name in names {
      let place = folder.appending(path: name)
      do {
        guard Height(name) != nil else { throw DecodingError.invalid(field: "name") }
        let archive = try SnapshotArchive(place)
        let header = try store.header(at: archive.height + 1).map { try Header(decoding: $0) }
        guard archive.height >= store.lowestHeight, header.map({ $0.stateRoot == archive.root }) ?? true
        else { throw DecodingError.invalid(field: "root") }
        archives.append(archive)
      } catch {
        logger.info(
          "removing a snapshot that is unfinished, not of this chain or older than the kept blocks",
          metadata: ["folder": "\(place.path)"]
        )
        try? FileManager.default.removeItem(at: place)
      }
    }
    return archives.sorted { $0.height > $1.height }
  }

  var archives: [SnapshotArchive] { state.withLock { $0.archives } }

  /// The lowest height of a snapshot, finished or being made; nil when there is none. A peer that fetches the
  /// snapshot needs that height's header and all later blocks, so they must be kept.
  var lowestHeight: Height? {
    state.withLock { state in (state.archives.map(\.height) + [state.exporting].compactMap(\.self)).min() }
  }

  /// Ends exports and answers. The database is not used after this returns.
  func stop() async {
    isStopped.store(true, ordering: .relaxed)
    for thread in [exporter, server] {
      await withCheckedContinuation { continuation in thread.run { continuation.resume() } }
      thread.stop()
    }
  }

  // MARK: Making

  /// Must be called on the storage thread when a block has been written: the view is of exactly that height.
  func committed(_ tip: Tip) {
    guard interval > 0, tip.height.isMultiple(of: interval), !isStopped.load(ordering: .relaxed) else {
      return
    }
    let isFree = state.withLock { state in
      guard state.exporting == nil else { return false }
      state.exporting = tip.height
      return true
    }
    guard isFree else {
      logger.info(
        "no snapshot is made: the one before is not finished",
        metadata: ["height": "\(tip.height)"]
      )
      return
    }
    do {
      let view = try store.database.snapshot()
      exporter.run { self.export(tip, view) }
    } catch {
      state.withLock { $0.exporting = nil }
      logger.error(
        "a snapshot could not be made",
        metadata: ["height": "\(tip.height)", "error": "\(error)"]
      )
    }
  }

  private func export(_ tip: Tip, _ view: Storage.Snapshot) {
    defer { state.withLock { $0.exporting = nil } }
    let target = folder.appending(path: "\(tip.height)")
    let start = ContinuousClock.now
    do {
      var export = SnapshotExport(of: store, at: view, height: tip.height, root: tip.stateRoot)
      export.isCancelled = { self.isStopped.load(ordering: .relaxed) }
      let report = try export.run(into: target)
      let archive = try SnapshotArchive(target)
      let old = state.withLock { state in
        state.archives = ([archive] + state.archives).sorted { $0.height > $1.height }
        let old = state.archives.dropFirst(Self.kept)
        state.archives.removeLast(old.count)
        return Array(old)
      }
      for archive in old { try? FileManager.default.removeItem(at: archive.folder) }
      logger.info(
        "made a snapshot",
        metadata: [
          "height": "\(tip.height)", "entries": "\(report.entries)", "bytes": "\(report.bytes)",
          "chunks": "\(report.chunks)", "time": "\(ContinuousClock.now - start)",
        ]
      )
    } catch is CancellationError {
    } catch {
      logger.error(
        "a snapshot could not be made",
        metadata: ["height": "\(tip.height)", "error": "\(error)"]
      )
    }
  }

  // MARK: Serving

  /// Answers a request of a joining peer. Answers are ignored: this node has joined already.
  ///
  /// - Throws: `DecodingError` when the bytes are not a message of that kind.
  func handle(_ kind: FrameKind, _ bytes: [UInt8], from peer: PeerID) throws(DecodingError) {
    let message = try SnapshotMessage(kind: kind, bytes: bytes)
    switch message {
    case .offers, .lightBlock, .part: return
    case .offersRequest, .lightBlockRequest, .partRequest: break
    }
    let isTaken = state.withLock { state in
      let waiting = state.waiting[peer] ?? 0
      guard waiting < Self.waitingPerPeer,
        state.waiting.values.reduce(0, +) < Self.waitingInTotal
      else { return false }
      state.waiting[peer] = waiting + 1
      return true
    }
    // A peer whose requests are dropped here repeats them later.
    guard isTaken else { return }
    server.run { [self] in
      defer {
        state.withLock { state in
          let left = (state.waiting[peer] ?? 1) - 1
          state.waiting[peer] = left > 0 ? left : nil
        }
      }
      guard !isStopped.load(ordering: .relaxed), let answer = answer(to: message) else { return }
      send(answer, peer)
    }
  }

  private func answer(to message: SnapshotMessage) -> SnapshotMessage? {
    do {
      switch message {
      case .offersRequest:
        // The state root is in the next block's header; until that block exists, nobody can verify the state.
        let last = store.lastHeight ?? 0
        let offers = archives.filter { $0.height < last }.prefix(SnapshotMessage.offerLimit)
        return .offers(offers.map { SnapshotOffer(height: $0.height, bytes: $0.bytes) })
      case .lightBlockRequest(let height):
        return .lightBlock(height, try LightBlocks.block(at: height, in: store)?.encoded)
      case .partRequest(let height, let part):
        let archive = archives.first { $0.height == height }
        return .part(height, part, try archive?.part(part))
      case .offers, .lightBlock, .part: return nil
      }
    } catch {
      logger.error("a part of a snapshot, or a header, could not be read", metadata: ["error": "\(error)"])
      return nil
    }
  }
}
