import Chain
import Cryptography
import Gossip
import Primitives

/// The phases of joining, and the requests to peers.
extension SnapshotJoin {
  /// The height of the snapshot that is being fetched; nil before one is chosen and after the end.
  var currentHeight: Height? {
    switch phase {
    case .gathering, .finished: nil
    case .proving(let height, _): height
    case .manifest(let below, _): below.height
    case .chunks(let plan, _): plan.tip.height
    }
  }

  /// Moves to the next phase if the current one is complete, or starts again with another snapshot if this
  /// one cannot be completed.
  mutating func advance(at now: Instant, _ effects: inout [Effect]) {
    if case .chunks(let plan, let assembly) = phase, assembly.isComplete {
      phase = .finished
      effects.append(.finished(.restored(plan)))
      return
    }
    if case .gathering(let since) = phase {
      chooseSnapshot(since: since ?? now, at: now, &effects)
      return
    }
    guard let height = currentHeight else { return }
    let isStuck = lastProgress.map { $0 + settings.noProgressTimeout <= now } ?? false
    guard isStuck || isUnavailable(height) else { return }
    // All peers have deleted the snapshot, or none answers. Start again with the snapshots that exist now.
    if case .chunks = phase { effects.append(.discard) }
    abandoned.insert(height)
    pendingRequests.removeAll { $0.request != .offers }
    queue = []
    for peer in peers.keys { peers[peer]?.offers = nil }
    phase = .gathering(since: now)
    lastProgress = now
  }

  /// Whether all peers have said that they do not have the snapshot.
  private func isUnavailable(_ height: Height) -> Bool {
    guard !peers.isEmpty else { return false }
    return peers.values.allSatisfy { peer in
      guard let offers = peer.offers else { return false }
      return peer.missingHeights.contains(height) || !offers.contains { $0.height == height }
    }
  }

  /// Chooses a snapshot once all peers have sent their offers or the time for that is over. Ends with
  /// `nothing` when there is none.
  private mutating func chooseSnapshot(since: Instant, at now: Instant, _ effects: inout [Effect]) {
    phase = .gathering(since: since)
    let isOver = since + settings.offerTimeout <= now
    let hasAll = !peers.isEmpty && peers.values.allSatisfy { $0.offers != nil }
    guard isOver || hasAll else { return }
    var least = ownHeight + settings.minimumGain
    if case .header(let height, _) = anchor { least = max(least, height) }
    if let best = mostOffered(from: least, at: now) {
      let proof = HeaderProof<PeerID>(
        chain: chain,
        anchor: anchor,
        targets: [best, best + 1],
        settings: trust
      )
      phase = .proving(best, proof)
      lastProgress = now
      return
    }
    // If peers have answered and offer nothing, joining ends. If none has answered, it waits longer, since
    // peers may still connect.
    let isAlone = peers.values.allSatisfy { $0.offers == nil }
    let limit = isAlone ? settings.noProgressTimeout : settings.offerTimeout
    guard since + limit <= now else { return }
    phase = .finished
    effects.append(.finished(hasAnchorMismatch ? .anchorUnknown : .nothing))
  }

  /// The height from `least` on that most peers offer, since a single peer may offer a snapshot that does not
  /// exist. If several heights are offered equally often, the greatest.
  private func mostOffered(from least: Height, at now: Instant) -> Height? {
    var counts: [Height: Int] = [:]
    for peer in peers.values where peer.backoffUntil <= now {
      for height in Set((peer.offers ?? []).map(\.height)) where height >= least {
        counts[height, default: 0] += 1
      }
    }
    return counts.keys.filter { !abandoned.contains($0) }
      .max { (counts[$0] ?? 0, $0) < (counts[$1] ?? 0, $1) }
  }

  /// Sends all requests that can be sent now.
  mutating func sendRequests(at now: Instant, _ effects: inout [Effect]) {
    for peer in peers.keys.sorted() where peers[peer]?.offers == nil {
      guard !pendingRequests.contains(where: { $0.peer == peer && $0.request == .offers }),
        (peers[peer]?.backoffUntil ?? .zero) <= now
      else { continue }
      send(.offers, .offersRequest, to: peer, at: now, &effects)
    }
    guard let height = currentHeight else { return }
    switch phase {
    case .gathering, .finished: return
    case .proving(_, let proof):
      guard let wanted = proof.next, !isRequested(.header(wanted)), let peer = availablePeer(height, at: now)
      else { return }
      send(.header(wanted), .lightBlockRequest(wanted), to: peer, at: now, &effects)
    case .manifest:
      guard !isRequested(.part(.manifest)), let peer = availablePeer(height, at: now) else { return }
      send(.part(.manifest), .partRequest(height, .manifest), to: peer, at: now, &effects)
    case .chunks:
      while pendingRequests.count < settings.maximumRequests, let path = queue.last,
        let peer = availablePeer(height, at: now)
      {
        queue.removeLast()
        send(.part(.chunk(path)), .partRequest(height, .chunk(path)), to: peer, at: now, &effects)
      }
    }
  }

  private func isRequested(_ request: Request) -> Bool { pendingRequests.contains { $0.request == request } }

  /// The peer to ask next: of those that have the snapshot, the one with the fewest pending requests, then
  /// the fewest failures. Nil when all are busy.
  private func availablePeer(_ height: Height, at now: Instant) -> PeerID? {
    var best: (load: Int, failures: UInt64, peer: PeerID)?
    for peer in peers.keys.sorted() {
      guard let state = peers[peer], state.backoffUntil <= now, !state.missingHeights.contains(height),
        state.offers?.contains(where: { $0.height == height }) ?? false
      else { continue }
      let load = pendingRequests.count { $0.peer == peer }
      guard load < settings.maximumRequestsPerPeer else { continue }
      if let (otherLoad, failures, _) = best, (otherLoad, failures) <= (load, state.failures) { continue }
      best = (load, state.failures, peer)
    }
    return best?.peer
  }

  private mutating func send(
    _ request: Request,
    _ message: SnapshotMessage,
    to peer: PeerID,
    at now: Instant,
    _ effects: inout [Effect]
  ) {
    pendingRequests.append(PendingRequest(request: request, peer: peer, since: now))
    effects.append(.send(message, to: peer))
  }
}
