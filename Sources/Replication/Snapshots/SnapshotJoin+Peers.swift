import Chain
import Cryptography
import Gossip
import Primitives

/// The phases of joining, the requests to peers, and their answers.
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
  mutating func advance(_ turn: inout Turn) {
    if case .chunks(let plan, let assembly) = phase, assembly.isComplete {
      phase = .finished
      return turn.effects.append(.finished(.restored(plan)))
    }
    if case .gathering(let since) = phase { return chooseSnapshot(since: since ?? turn.now, &turn) }
    guard let height = currentHeight else { return }
    let isStuck = lastProgress.map { $0 + settings.noProgressTimeout <= turn.now } ?? false
    guard isStuck || isUnavailable(height) else { return }
    // All peers have deleted the snapshot, or none answers. Start again with the snapshots that exist now.
    if case .chunks = phase { turn.effects.append(.discard) }
    abandoned.insert(height)
    pendingRequests.removeAll { $0.request != .offers }
    queue = []
    for peer in peers.keys { peers[peer]?.offers = nil }
    phase = .gathering(since: turn.now)
    lastProgress = turn.now
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
  private mutating func chooseSnapshot(since: Instant, _ turn: inout Turn) {
    phase = .gathering(since: since)
    let isOver = since + settings.offerTimeout <= turn.now
    let hasAll = !peers.isEmpty && peers.values.allSatisfy { $0.offers != nil }
    guard isOver || hasAll else { return }
    var least = ownHeight + settings.minimumGain
    if case .header(let height, _) = anchor { least = max(least, height) }
    if let best = mostOffered(from: least, at: turn.now) {
      let targets = [best, best + 1]
      phase = .proving(best, HeaderProof(chain: chain, anchor: anchor, targets: targets, settings: trust))
      lastProgress = turn.now
      return
    }
    // If peers have answered and offer nothing, joining ends. If none has answered, it waits longer, since
    // peers may still connect.
    let isAlone = peers.values.allSatisfy { $0.offers == nil }
    let limit = isAlone ? settings.noProgressTimeout : settings.offerTimeout
    guard since + limit <= turn.now else { return }
    phase = .finished
    turn.effects.append(.finished(hasAnchorMismatch ? .anchorUnknown : .nothing))
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
  mutating func sendRequests(_ turn: inout Turn) {
    for peer in peers.keys.sorted() where peers[peer]?.offers == nil {
      guard !pendingRequests.contains(where: { $0.peer == peer && $0.request == .offers }),
        (peers[peer]?.backoffUntil ?? .zero) <= turn.now
      else { continue }
      send(.offers, .offersRequest, to: peer, &turn)
    }
    guard let height = currentHeight else { return }
    switch phase {
    case .gathering, .finished: return
    case .proving(_, let proof):
      guard let wanted = proof.next, !isRequested(.header(wanted)),
        let peer = availablePeer(height, at: turn.now)
      else { return }
      send(.header(wanted), .lightBlockRequest(wanted), to: peer, &turn)
    case .manifest:
      guard !isRequested(.part(.manifest)), let peer = availablePeer(height, at: turn.now) else { return }
      send(.part(.manifest), .partRequest(height, .manifest), to: peer, &turn)
    case .chunks:
      while pendingRequests.count < settings.maximumRequests, let path = queue.last,
        let peer = availablePeer(height, at: turn.now)
      {
        queue.removeLast()
        send(.part(.chunk(path)), .partRequest(height, .chunk(path)), to: peer, &turn)
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
    _ turn: inout Turn
  ) {
    pendingRequests.append(PendingRequest(request: request, peer: peer, since: turn.now))
    turn.effects.append(.send(message, to: peer))
  }

  // MARK: Answers

  mutating func receive(_ message: SnapshotMessage, from peer: PeerID, _ turn: inout Turn) {
    switch message {
    case .offersRequest, .lightBlockRequest, .partRequest: return
    case .offers(let offers):
      guard removeRequest(.offers, of: peer) else { return }
      peers[peer]?.offers = offers
    case .lightBlock(let height, let bytes):
      guard removeRequest(.header(height), of: peer) else { return }
      receive(header: bytes, at: height, from: peer, &turn)
    case .part(let height, let part, let bytes):
      guard height == currentHeight, removeRequest(.part(part), of: peer) else { return }
      guard let bytes else {
        recordMissingPart(by: peer, height, at: turn.now)
        return requeue(.part(part))
      }
      switch part {
      case .manifest: receive(manifest: bytes, from: peer, &turn)
      case .chunk(let path): receive(chunk: bytes, path, from: peer, &turn)
      }
    }
  }

  /// Removes the request from the pending ones; false when the peer was not asked.
  private mutating func removeRequest(_ request: Request, of peer: PeerID) -> Bool {
    guard let place = pendingRequests.firstIndex(where: { $0.peer == peer && $0.request == request }) else {
      return false
    }
    pendingRequests.remove(at: place)
    return true
  }

  private mutating func recordSuccess(_ peer: PeerID, at now: Instant) {
    peers[peer]?.failures = 0
    lastProgress = now
  }

  /// Handles that a peer lacks a part of a snapshot that it offered. An honest peer may have deleted it. The
  /// peer is not asked for a while, which doubles every time.
  private mutating func recordMissingPart(by peer: PeerID, _ height: Height, at now: Instant) {
    peers[peer]?.missingHeights.insert(height)
    backOff(from: peer, at: now)
  }

  private mutating func receive(
    header bytes: [UInt8]?,
    at height: Height,
    from peer: PeerID,
    _ turn: inout Turn
  ) {
    guard case .proving(let target, var proof) = phase else { return }
    guard let bytes else { return recordMissingPart(by: peer, target, at: turn.now) }
    guard let block = try? LightBlock(decoding: bytes), block.height == height else {
      return banPeer(peer, .header(height), &turn)
    }
    let outcome = proof.add(block, from: peer, at: turn.wall)
    phase = .proving(target, proof)
    switch outcome {
    case .progress:
      recordSuccess(peer, at: turn.now)
      hasAnchorMismatch = false
      if proof.next == nil, let below = proof.proven[target], let above = proof.proven[target + 1] {
        phase = .manifest(below: below, above: above)
      }
    case .wrong(let source):
      if case .header(height, _) = anchor { hasAnchorMismatch = true }
      banPeer(source, .header(height), &turn)
    case .failed(let error):
      phase = .finished
      turn.effects.append(.finished(.untrusted(error)))
    }
  }

  private mutating func receive(manifest bytes: [UInt8], from peer: PeerID, _ turn: inout Turn) {
    guard case .manifest(let below, let above) = phase else { return }
    let root = above.header.stateRoot
    guard let manifest = try? SnapshotManifest(decoding: bytes, height: below.height, root: root) else {
      return banPeer(peer, .manifest(below.height), &turn)
    }
    guard let plan = SnapshotPlan(below: below, above: above, manifest: manifest) else {
      // Both headers are verified, so this cannot happen unless validators have signed a broken chain.
      preconditionFailure("verified headers \(below.height) and \(above.height) do not follow each other")
    }
    recordSuccess(peer, at: turn.now)
    let assembly = SnapshotAssembly(manifest)
    queue = assembly.missing.sorted(by: >)
    phase = .chunks(plan, assembly)
    turn.effects.append(.begin(plan))
  }

  private mutating func receive(
    chunk bytes: [UInt8],
    _ path: NibblePath,
    from peer: PeerID,
    _ turn: inout Turn
  ) {
    guard case .chunks(let plan, var assembly) = phase, assembly.missing.contains(path) else { return }
    // Only `assembly` must refer to the set of missing chunks now; otherwise it would be copied for each
    // chunk.
    phase = .finished
    let chunk = try? SnapshotChunk(decoding: bytes)
    let part = chunk.flatMap { $0.path == path ? try? assembly.accept($0) : nil }
    phase = .chunks(plan, assembly)
    guard let part else {
      queue.append(path)
      return banPeer(peer, .chunk(path), &turn)
    }
    recordSuccess(peer, at: turn.now)
    turn.effects.append(.stage(path, part))
  }
}
