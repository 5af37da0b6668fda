import Chain
import Cryptography
import Gossip
import Primitives

/// The handling of answers from peers.
extension SnapshotJoin {
  mutating func receive(
    _ message: SnapshotMessage,
    from peer: PeerID,
    at now: Instant,
    _ wall: Timestamp,
    _ effects: inout [Effect]
  ) {
    switch message {
    case .offersRequest, .lightBlockRequest, .partRequest: return
    case .offers(let offers):
      guard removeRequest(.offers, of: peer) else { return }
      peers[peer]?.offers = offers
    case .lightBlock(let height, let bytes):
      guard removeRequest(.header(height), of: peer) else { return }
      receive(header: bytes, at: height, from: peer, now, wall, &effects)
    case .part(let height, let part, let bytes):
      guard height == currentHeight, removeRequest(.part(part), of: peer) else { return }
      guard let bytes else {
        recordMissingPart(by: peer, height, at: now)
        return requeue(.part(part))
      }
      switch part {
      case .manifest: receive(manifest: bytes, from: peer, now, &effects)
      case .chunk(let path): receive(chunk: bytes, path, from: peer, now, &effects)
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
    _ now: Instant,
    _ wall: Timestamp,
    _ effects: inout [Effect]
  ) {
    guard case .proving(let target, var proof) = phase else { return }
    guard let bytes else { return recordMissingPart(by: peer, target, at: now) }
    guard let block = try? LightBlock(decoding: bytes), block.height == height else {
      return banPeer(peer, .header(height), &effects)
    }
    let outcome = proof.add(block, from: peer, at: wall)
    phase = .proving(target, proof)
    switch outcome {
    case .progress:
      recordSuccess(peer, at: now)
      hasAnchorMismatch = false
      if proof.next == nil, let below = proof.proven[target], let above = proof.proven[target + 1] {
        phase = .manifest(below: below, above: above)
      }
    case .wrong(let source):
      if case .header(height, _) = anchor { hasAnchorMismatch = true }
      banPeer(source, .header(height), &effects)
    case .failed(let error):
      phase = .finished
      effects.append(.finished(.untrusted(error)))
    }
  }

  private mutating func receive(
    manifest bytes: [UInt8],
    from peer: PeerID,
    _ now: Instant,
    _ effects: inout [Effect]
  ) {
    guard case .manifest(let below, let above) = phase else { return }
    guard
      let manifest = try? SnapshotManifest(
        decoding: bytes,
        height: below.height,
        root: above.header.stateRoot
      )
    else { return banPeer(peer, .manifest(below.height), &effects) }
    guard let plan = SnapshotPlan(below: below, above: above, manifest: manifest) else {
      // Both headers are verified, so this cannot happen unless validators have signed a broken chain.
      preconditionFailure("verified headers \(below.height) and \(above.height) do not follow each other")
    }
    recordSuccess(peer, at: now)
    let assembly = SnapshotAssembly(manifest)
    queue = assembly.missing.sorted(by: >)
    phase = .chunks(plan, assembly)
    effects.append(.begin(plan))
  }

  private mutating func receive(
    chunk bytes: [UInt8],
    _ path: NibblePath,
    from peer: PeerID,
    _ now: Instant,
    _ effects: inout [Effect]
  ) {
    guard case .chunks(let plan, var assembly) = phase, assembly.missing.contains(path) else { return }
    // Only `assembly` must refer to the set of missing chunks now; otherwise it would be copied for each
    // chunk.
    phase = .finished
    let part: SnapshotAssembly.Part?
    if let chunk = try? SnapshotChunk(decoding: bytes), chunk.path == path {
      part = try? assembly.accept(chunk)
    } else {
      part = nil
    }
    phase = .chunks(plan, assembly)
    guard let part else {
      queue.append(path)
      return banPeer(peer, .chunk(path), &effects)
    }
    recordSuccess(peer, at: now)
    effects.append(.stage(path, part))
  }
}
