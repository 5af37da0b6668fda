import Chain
import Cryptography
import Primitives
import Replication
import Storage
import Synchronization
import Transport
import Wire

/// Reads committed blocks for peers that catch up.
///
/// It has a thread of its own, so that it does not delay the storage thread, which signs and commits. For
/// each peer one answer is made at a time, and only the newest further request is kept, so a peer that sends
/// many requests delays only itself.
final class BlockServer: Sendable {
  struct Request: Hashable, Sendable {
    var from: Height
    var count: UInt32
  }

  private struct State {
    /// The peers for which an answer is being made or queued.
    var active: Set<PeerID> = []
    var next: [PeerID: Request] = [:]
  }

  private let state = Mutex(State())
  private let thread = WorkerThread(name: "blocks")
  private let answer: @Sendable (PeerID, Request) -> Void

  init(store: NodeStore, transport: Transport.Endpoint) {
    answer = { peer, request in
      let blocks = CommittedBlock.answer(from: request.from, count: request.count) { height in
        guard let block = try? store.body(at: height), let certificate = try? store.certificate(at: height)
        else { return nil }
        return CommittedBlock(block: block, certificate: certificate)
      }
      let message = PeerMessage.blocksResponse(blocks)
      transport.send(to: peer, type: message.kind.rawValue, bytes: message.encoded, class: .sync)
    }
  }

  /// `answer` reads and sends the blocks; it is called on the server's thread.
  init(answer: @escaping @Sendable (PeerID, Request) -> Void) {
    self.answer = answer
  }

  func serve(_ peer: PeerID, _ request: Request) {
    let starts = state.withLock { state in
      let isNew = state.active.insert(peer).inserted
      if !isNew { state.next[peer] = request }
      return isNew
    }
    if starts { run(peer, request) }
  }

  private func run(_ peer: PeerID, _ request: Request) {
    thread.run { [self] in
      answer(peer, request)
      let following = state.withLock { state in
        let next = state.next.removeValue(forKey: peer)
        if next == nil { state.active.remove(peer) }
        return next
      }
      // The peer's next request is queued behind those of other peers.
      if let following { run(peer, following) }
    }
  }

  func stop() { thread.stop() }
}
