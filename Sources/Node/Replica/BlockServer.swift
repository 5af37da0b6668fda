import Chain
import Primitives
import Replication
import Storage
import Synchronization
import Transport
import Wire

/// Reads committed blocks for peers that catch up.
///
/// On a thread of its own, since the storage thread signs and commits. One answer at a time for each peer, and the
/// newest of its requests after that: who asks for more waits for itself, and holds a few words here.
final class BlockServer: Sendable {
  struct Request: Hashable, Sendable {
    var from: Height
    var count: UInt32
  }

  private struct State {
    /// Peers that an answer is being made for.
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

  /// `answer` reads and sends; called on the thread.
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
      // Behind the others that wait.
      if let following { run(peer, following) }
    }
  }

  func stop() { thread.stop() }
}
