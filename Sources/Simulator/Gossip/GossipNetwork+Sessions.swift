import Chain
import Cryptography
import Gossip
import Primitives

extension GossipNetwork {
  // MARK: Sessions

  /// Dials an address: the session opens after three one-way delays; if no peer with the expected key can be
  /// reached there, the dial fails after 400 ms.
  func dial(_ dial: Dial, from index: Int) {
    guard let other = addresses[dial.address], other != index, peers[other].isAlive, !peers[other].isHidden,
      dial.expectedKey == nil || dial.expectedKey == peers[other].id
    else {
      // No peer answers at the address, or it has another key.
      return events.insert(.refused(dial, index), at: now + .milliseconds(400))
    }
    // A handshake of three messages.
    var time = now
    for _ in 0..<3 { time = time + delay(index, other) }
    events.insert(.connect(dial, from: index, to: other), at: time)
  }

  /// Opens a session, unless there is one already or the dialed peer has left.
  func connect(_ dial: Dial, _ from: Int, _ to: Int) {
    guard peers[from].isAlive else { return }
    guard peers[to].isAlive, peers[from].sessions[to] == nil, peers[to].sessions[from] == nil else {
      return step(from, .dialFailed(dial))
    }
    let session = nextSession
    nextSession += 1
    noteSessionStart(from, to, session)
    peers[from].sessions[to] = session
    peers[to].sessions[from] = session
    peers[from].dialed.insert(to)
    let outbound = Connection(direction: .outbound(address: dial.address), host: host(of: to))
    step(from, .connected(peers[to].id, outbound))
    step(to, .connected(peers[from].id, Connection(direction: .inbound, host: host(of: from))))
  }

  private func host(of index: Int) -> String { String(peers[index].address.prefix { $0 != ":" }) }

  /// Ends a session on one side; the other learns of it one delay later, after all that the stream carried.
  func closeSession(_ index: Int, _ peer: PeerID, _ reason: CloseReason) {
    guard let other = indexes[peer], let session = peers[index].sessions[other] else { return }
    if case .banned = reason, !peers[index].isByzantine {
      measure.banned(isHonest: !peers[other].isByzantine)
    }
    let last = peers[index].streams[other] ?? now
    removeSession(index, other)
    let at = max(now + delay(index, other), last + Interval(nanoseconds: 1))
    events.insert(.ended(other, other: index, session: session), at: at)
  }

  /// Removes a session from the tables of one side.
  func removeSession(_ index: Int, _ other: Int) {
    peers[index].sessions[other] = nil
    peers[index].streams[other] = nil
    peers[index].dialed.remove(other)
  }

  /// Ends a session on both sides at once.
  func breakSession(_ index: Int, _ other: Int) {
    guard peers[index].sessions[other] != nil else { return }
    removeSession(index, other)
    removeSession(other, index)
    step(index, .disconnected(peers[other].id))
    step(other, .disconnected(peers[index].id))
  }

  /// Removes a random honest peer that is not an origin for good, and adds a new peer.
  func churn() {
    var index = Int(generator.next(below: UInt64(peers.count)))
    for _ in 0..<peers.count where !peers[index].isHonest || origins.contains(index) {
      index = (index + 1) % peers.count
    }
    peers[index].isAlive = false
    for other in peers[index].sessions.keys.sorted() { breakSession(index, other) }
    _ = join()
  }

  // MARK: Messages

  /// Draws the delay of a message: the network's, and up to 2 ms of batching.
  func delay(_ from: Int, _ to: Int) -> Interval {
    Interval(nanoseconds: delays.draw(from: from, to: to, &generator) + generator.next(below: 2_000_000))
  }

  /// Sends a message of a peer's machine, unless an attacker suppresses it.
  func send(_ message: GossipMessage, from index: Int, to peer: PeerID, via delivery: GossipCore.Delivery) {
    guard let other = indexes[peer], let session = peers[index].sessions[other] else { return }
    if isAttacking, peers[index].isByzantine, !adversary.allows(message, to: other) { return }
    transmit(message, from: index, to: other, session: session, via: delivery)
  }

  /// Sends and counts a message. A lost datagram does not arrive; a lost stream segment arrives 200 ms late.
  func transmit(
    _ message: GossipMessage,
    from index: Int,
    to other: Int,
    session: UInt64,
    via delivery: GossipCore.Delivery
  ) {
    let isStream = delivery == .stream || peers[index].usesStreamsOnly || peers[other].usesStreamsOnly
    if isCounting { measure.sent(message, isStream: isStream, byHonest: !peers[index].isByzantine) }
    countAttackTraffic(message, from: index, to: other, session, isStream)
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

extension GossipMessage {
  /// Bytes on the wire, with the framing and encryption of the session and the headers of IPv4, UDP and TCP.
  func wireSize(isStream: Bool) -> Int {
    // A datagram has 57 bytes more: 13 header, 16 authentication tag, 28 UDP and IPv4. A stream message has
    // 25 bytes more, 5 header and 17 + 3 of its encrypted record, and 40 of TCP and IPv4 for each segment of
    // 1,400 bytes.
    isStream ? encodedSize + 25 + 40 * (1 + encodedSize / 1_400) : encodedSize + 57
  }
}
