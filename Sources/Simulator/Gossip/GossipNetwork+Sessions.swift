import Chain
import Gossip
import Primitives

extension GossipNetwork {
  // MARK: Sessions

  func dial(_ dial: Dial, from index: Int) {
    guard let other = addresses[dial.address], other != index, peers[other].isAlive, !peers[other].isHidden,
      dial.expectedKey == nil || dial.expectedKey == peers[other].id
    else {
      // Nobody there, or somebody else.
      return events.insert(.refused(dial, index), at: now + .milliseconds(400))
    }
    // Three messages there and back.
    var time = now
    for _ in 0..<3 { time = time + delay(index, other) }
    events.insert(.connect(dial, from: index, to: other), at: time)
  }

  func connect(_ dial: Dial, _ from: Int, _ to: Int) {
    guard peers[from].isAlive else { return }
    guard peers[to].isAlive, peers[from].sessions[to] == nil, peers[to].sessions[from] == nil else {
      return step(from, .dialFailed(dial))
    }
    let session = nextSession
    nextSession += 1
    noteDraws(from, to, session)
    peers[from].sessions[to] = session
    peers[to].sessions[from] = session
    peers[from].dialed.insert(to)
    let outbound = Connection(direction: .outbound(address: dial.address), host: host(of: to))
    step(from, .connected(peers[to].id, outbound))
    step(to, .connected(peers[from].id, Connection(direction: .inbound, host: host(of: from))))
  }

  private func host(of index: Int) -> String {
    String(peers[index].address.prefix { $0 != ":" })
  }

  /// One side closes; the other learns of it when the news arrives.
  func hangUp(_ index: Int, _ peer: PeerID, _ reason: DisconnectReason) {
    guard let other = indexes[peer], let session = peers[index].sessions[other] else { return }
    if case .banned = reason, !peers[index].isByzantine {
      measure.banned(isHonest: !peers[other].isByzantine)
    }
    let last = peers[index].streams[other] ?? now
    forget(index, other)
    let at = max(now + delay(index, other), last + Interval(nanoseconds: 1))
    events.insert(.ended(other, other: index, session: session), at: at)
  }

  func forget(_ index: Int, _ other: Int) {
    peers[index].sessions[other] = nil
    peers[index].streams[other] = nil
    peers[index].dialed.remove(other)
  }

  /// Ends a session on both sides at once.
  func cut(_ index: Int, _ other: Int) {
    guard peers[index].sessions[other] != nil else { return }
    forget(index, other)
    forget(other, index)
    step(index, .disconnected(peers[other].id))
    step(other, .disconnected(peers[index].id))
  }

  /// One peer leaves for good, another joins.
  func churn() {
    var index = Int(generator.next(below: UInt64(peers.count)))
    for _ in 0..<peers.count where !peers[index].isHonest || origins.contains(index) {
      index = (index + 1) % peers.count
    }
    peers[index].isAlive = false
    for other in peers[index].sessions.keys.sorted() { cut(index, other) }
    _ = join()
  }

  // MARK: Messages

  func delay(_ from: Int, _ to: Int) -> Interval {
    Interval(
      nanoseconds: delays.draw(from: from, to: to, &generator) + generator.next(below: 2_000_000)
    )
  }

  func send(
    _ message: GossipMessage,
    from index: Int,
    to peer: PeerID,
    via delivery: GossipCore.Delivery
  ) {
    guard let other = indexes[peer], let session = peers[index].sessions[other] else { return }
    if isAttacking, peers[index].isByzantine, !adversary.lets(message, to: other) { return }
    transmit(message, from: index, to: other, session: session, via: delivery)
  }

  func transmit(
    _ message: GossipMessage,
    from index: Int,
    to other: Int,
    session: UInt64,
    via delivery: GossipCore.Delivery
  ) {
    let isStream =
      delivery == .stream || peers[index].usesStreamsOnly || peers[other].usesStreamsOnly
    if isCounting {
      measure.sent(message, isStream: isStream, byHonest: !peers[index].isByzantine)
    }
    countDraw(message, from: index, to: other, session, isStream)
    let isLost =
      scenario.lossPartsPerMillion > 0 && generator.chance(partsPerMillion: scenario.lossPartsPerMillion)
    if isLost, !isStream { return }
    var at = now + delay(index, other)
    if isStream {
      if isLost { at = at + .milliseconds(200) }
      if let last = peers[index].streams[other] { at = max(at, last + Interval(nanoseconds: 1)) }
      peers[index].streams[other] = at
    }
    events.insert(.frame(message, from: index, to: other, session: session), at: at)
  }
}

/// Bytes on the wire.
enum GossipTraffic {
  /// With the session's framing and sealing, and with the headers of IP, UDP and TCP.
  static func bytes(of message: GossipMessage, isStream: Bool) -> Int {
    // Datagram: 13 header, 16 tag, 28 UDP and IPv4. Stream: 5 header, 17 + 3 record, 40 TCP and IPv4 per segment.
    let payload = message.encodedSize
    return isStream ? payload + 25 + 40 * (1 + payload / 1_400) : payload + 57
  }
}
