import Cryptography
import Primitives

/// Handles handshake messages. The inexpensive checks are made here. The curve operations are effects
/// (`DatagramStep`) that other threads compute. When a result comes back, the checks that depend on the
/// tables of peers and sessions are repeated, since the tables may have changed.
extension DatagramEndpoint {
  /// The most handshake steps that other threads may be computing at once; messages beyond that are dropped.
  private static let stepLimit = 256

  func initiate(_ peer: DatagramPeer, _ turn: inout Turn) {
    release(peer.initiating)
    let index = freeIndex()
    let timestamp = max(epoch &+ turn.now.nanoseconds, peer.lastInitiation + 1)
    peer.lastInitiation = timestamp
    let cookie = peer.cookie.flatMap { turn.now.since($0.at) < .seconds(120) ? $0.bytes : nil }
    peer.initiating = index
    indices[index] = peer
    peer.attempts += 1
    peer.retryAt = turn.now + .seconds(1 << UInt64(min(peer.attempts - 1, 6)))
    turn.effects.append(.compute(.initiate(peer.id, sender: index, timestamp: timestamp, cookie: cookie)))
  }

  func initiation(_ bytes: [UInt8], from source: IPEndpoint, _ turn: inout Turn) throws(DatagramDrop) {
    let codeStart = DatagramMessage.Initiation.claimsCount + 64
    guard mac.isValid(bytes, count: codeStart) else { throw .wrongRecipient }
    guard let initiation = DatagramMessage.Initiation(bytes) else { throw .length }
    guard initiation.key != identity.publicKey else { throw .selfSession }
    try checkClaim(initiation)
    try checkBudget(bytes, initiation, from: source, &turn)
    guard initiation.timestamp > timestamps[initiation.key] ?? 0 else { throw .replayed }
    if peers[initiation.key] == nil { try checkRoom(for: source) }
    try compute(.respond(initiation, bytes: bytes, sender: freeIndex(), from: source), &turn)
  }

  /// Throws unless this node accepts a session with the key that the initiation names.
  private func checkClaim(_ initiation: DatagramMessage.Initiation) throws(DatagramDrop) {
    guard peers[initiation.key]?.isWanted ?? false || admits(initiation.key) else { throw .stranger }
  }

  /// Emits an effect that has another thread compute a step. Throws when `stepLimit` steps are under way.
  private func compute(_ step: DatagramStep, _ turn: inout Turn) throws(DatagramDrop) {
    guard openSteps < Self.stepLimit else { throw .overBudget }
    openSteps += 1
    turn.effects.append(.compute(step))
  }

  /// Takes the outcome of a step. During the computation, messages may have been handled and peers removed.
  func conclude(_ outcome: DatagramStep.Outcome, _ turn: inout Turn) {
    do throws(DatagramDrop) {
      switch outcome {
      case .initiated(let id, let pending, let message):
        guard let peer = peers[id], peer.initiating == pending.sender else { return }
        release(peer.pending?.sender)
        peer.initiating = nil
        peer.pending = pending
        turn.effects.append(.transmit(message, peer.endpoint))
      case .responded(let initiation, let session, let message, let source):
        openSteps -= 1
        try responded(initiation, session, message, to: source, &turn)
      case .completed(let id, let pending, let session, let source):
        openSteps -= 1
        guard let peer = peers[id], peer.pending === pending else { throw .unknownSession }
        completed(peer, session, from: source, &turn)
      case .refused(let drop):
        openSteps -= 1
        throw drop
      }
    } catch {
      count(error)
    }
  }

  private func responded(
    _ initiation: DatagramMessage.Initiation,
    _ session: DatagramSession,
    _ message: [UInt8],
    to source: IPEndpoint,
    _ turn: inout Turn
  ) throws(DatagramDrop) {
    try checkClaim(initiation)
    guard initiation.timestamp > timestamps[initiation.key] ?? 0 else { throw .replayed }
    if peers[initiation.key] == nil { try checkRoom(for: source) }
    guard indices[session.localIndex] == nil else { throw .full }
    timestamps.set(initiation.key, to: initiation.timestamp)
    let peer = peers[initiation.key] ?? makePeer(initiation.key, at: source, now: turn.now)
    if !peer.isUp { peer.endpoint = source }
    release(peer.replaceNext(with: session))
    indices[session.localIndex] = peer
    turn.effects.append(.transmit(message, source))
  }

  /// Throws when an initiation may not cause curve operations. Below the rate limits every initiation may.
  /// Above them it must include a cookie, which proves that the sender receives at its source address.
  /// Sources with cookies have rate limits of their own, so initiations with forged source addresses cannot
  /// lock them out.
  private func checkBudget(
    _ bytes: [UInt8],
    _ initiation: DatagramMessage.Initiation,
    from source: IPEndpoint,
    _ turn: inout Turn
  ) throws(DatagramDrop) {
    if cookies.isValid(bytes, from: source) {
      guard verifiedSources.admits(source.address, at: turn.now) else { throw .overBudget }
      return
    }
    let isWithinRate = initiations.take(at: turn.now, TokenBucket.Rate(settings.cookieThreshold))
    if isWithinRate, unverifiedSources.admits(source.address, at: turn.now) { return }
    let code = DatagramMessage.Initiation.claimsCount + 64
    var writer = ByteWriter(capacity: DatagramMessage.cookieCount)
    writer.write(DatagramMessage.cookie)
    writer.write(initiation.sender)
    writer.writeRaw(bytes[code..<code + DatagramMessage.macCount])
    writer.writeRaw(cookies.cookie(for: source, at: turn.now))
    turn.effects.append(.transmit(writer.bytes, source))
    throw .cookieRequired
  }

  func response(_ bytes: [UInt8], from source: IPEndpoint, _ turn: inout Turn) throws(DatagramDrop) {
    guard mac.isValid(bytes, count: DatagramMessage.responseCount - DatagramMessage.macCount) else {
      throw .wrongRecipient
    }
    guard let response = DatagramMessage.Response(bytes) else { throw .length }
    guard let peer = indices[response.receiver] else { throw .unknownSession }
    guard unverifiedSources.admits(source.address, at: turn.now) else { throw .overBudget }
    guard let pending = peer.pending, pending.sender == response.receiver else { throw .unknownSession }
    try compute(.complete(peer.id, pending, response, bytes: bytes, from: source), &turn)
  }

  private func completed(
    _ peer: DatagramPeer,
    _ session: DatagramSession,
    from source: IPEndpoint,
    _ turn: inout Turn
  ) {
    peer.pending = nil
    let wasUp = peer.isUp
    release(peer.adopt(session))
    peer.attempts = 0
    peer.lastReceived = turn.now
    peer.endpoint = source
    if !wasUp { turn.effects.append(.up(peer.id)) }
    // A first datagram at once: the responder uses the session only after it has received one, because the
    // sender of a replayed initiation cannot make one.
    transmit(peer, DatagramMessage.control, [Control.keepAlive], &turn)
  }

  func cookie(_ bytes: [UInt8], from source: IPEndpoint, _ turn: inout Turn) throws(DatagramDrop) {
    let index = DatagramMessage.index(bytes, at: 1)
    guard let peer = indices[index], let pending = peer.pending, pending.sender == index else {
      throw .unknownSession
    }
    guard DatagramMAC.isEqual(pending.mac, to: bytes[5..<21]) else { throw .notAuthentic }
    let isFirst = peer.cookie.map { turn.now.since($0.at) >= .seconds(1) } ?? true
    guard isFirst else { throw .overBudget }
    peer.cookie = (Array(bytes[21...]), turn.now)
    initiate(peer, &turn)
  }

  func checkRoom(for source: IPEndpoint) throws(DatagramDrop) {
    guard peers.count < settings.maximumPeers else { throw .full }
    let same = peers.values.count { $0.endpoint.address == source.address }
    guard same < settings.maximumPeersPerAddress else { throw .full }
  }
}
