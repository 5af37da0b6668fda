import Cryptography
import Primitives

/// The handshake messages of the datagram side, in the order: what is cheap is checked before what is dear.
extension DatagramEndpoint {
  func initiate(_ peer: DatagramPeer, now: Instant, _ effects: inout [Effect]) {
    if peer.pending != nil, let old = peer.pending?.sender { indices[old] = nil }
    let index = freeIndex()
    let timestamp = max(epoch &+ now.nanoseconds, peer.lastInitiation + 1)
    peer.lastInitiation = timestamp
    var message: [UInt8] = []
    let cookie = peer.cookie.flatMap { now.since($0.at) < .seconds(120) ? $0.bytes : nil }
    peer.pending = DatagramHandshake.initiate(
      to: peer.id,
      as: identity,
      on: network,
      sender: index,
      timestamp: timestamp,
      cookie: cookie,
      message: &message
    )
    indices[index] = peer
    peer.attempts += 1
    peer.retryAt = now + .seconds(1 << UInt64(min(peer.attempts - 1, 6)))
    effects.append(.transmit(message, peer.endpoint))
  }

  func initiation(
    _ bytes: [UInt8],
    from source: IPEndpoint,
    now: Instant,
    _ effects: inout [Effect]
  ) throws(DatagramDrop) {
    let codeStart = DatagramMessage.Initiation.claimsCount + 64
    guard mac.holds(bytes, count: codeStart) else { throw .wrongRecipient }
    guard let initiation = DatagramMessage.Initiation(bytes) else { throw .length }
    guard initiation.key != identity.publicKey else { throw .selfSession }
    guard peers[initiation.key]?.isWanted ?? false || admits(initiation.key) else { throw .stranger }
    try checkBudget(bytes, initiation, from: source, now: now, &effects)
    guard timestamps.isNew(initiation.timestamp, of: initiation.key) else { throw .replayed }
    if peers[initiation.key] == nil { try checkRoom(for: source) }
    guard
      DatagramHandshake.isSigned(initiation, bytes, to: identity.publicKey, on: network)
    else { throw .badSignature }
    let index = freeIndex()
    var message: [UInt8] = []
    let session = try DatagramHandshake.respond(
      to: initiation,
      bytes,
      as: identity,
      on: network,
      sender: index,
      at: now,
      message: &message
    )
    timestamps.remember(initiation.timestamp, of: initiation.key)
    let peer = peers[initiation.key] ?? makePeer(initiation.key, at: source, now: now)
    if !peer.isUp { peer.endpoint = source }
    retire(peer.prepare(session))
    indices[index] = peer
    effects.append(.transmit(message, source))
  }

  /// Admits an initiation to the dear part. A source beyond its budget, or any when many come, has to show a cookie:
  /// then it is not forged, and has a budget that nobody else can use up.
  private func checkBudget(
    _ bytes: [UInt8],
    _ initiation: DatagramMessage.Initiation,
    from source: IPEndpoint,
    now: Instant,
    _ effects: inout [Effect]
  ) throws(DatagramDrop) {
    let threshold = UInt64(max(1, settings.cookieThreshold))
    if cookies.holds(bytes, from: source) {
      guard proven.admits(source.address, at: now) else { throw .overBudget }
      return
    }
    let isUnburdened = unburdened.take(at: now, .init(perSecond: threshold, burst: threshold))
    if isUnburdened, unproven.admits(source.address, at: now) { return }
    let code = DatagramMessage.Initiation.claimsCount + 64
    var writer = ByteWriter(capacity: DatagramMessage.cookieCount)
    writer.write(DatagramMessage.cookie)
    writer.write(initiation.sender)
    writer.writeRaw(bytes[code..<code + DatagramMessage.macCount])
    writer.writeRaw(cookies.cookie(for: source, at: now))
    effects.append(.transmit(writer.bytes, source))
    throw .cookieRequired
  }

  func response(
    _ bytes: [UInt8],
    from source: IPEndpoint,
    now: Instant,
    _ effects: inout [Effect]
  ) throws(DatagramDrop) {
    guard mac.holds(bytes, count: DatagramMessage.responseCount - DatagramMessage.macCount) else {
      throw .wrongRecipient
    }
    guard let response = DatagramMessage.Response(bytes) else { throw .length }
    guard let peer = indices[response.receiver] else { throw .unknownSession }
    guard unproven.admits(source.address, at: now) else { throw .overBudget }
    guard let pending = peer.pending.take() else { throw .unknownSession }
    guard pending.sender == response.receiver else {
      peer.pending = consume pending
      throw .unknownSession
    }
    let session: DatagramSession
    do throws(DatagramDrop) {
      session = try DatagramHandshake.complete(
        pending,
        with: response,
        bytes,
        from: peer.id,
        on: network,
        at: now
      )
    } catch {
      // A forger must not be able to end the handshake: the true response may still come.
      peer.pending = consume pending
      throw error
    }
    let wasUp = peer.isUp
    retire(peer.adopt(session))
    peer.attempts = 0
    peer.lastReceived = now
    peer.endpoint = source
    handshakes += 1
    if !wasUp { effects.append(.up(peer.id)) }
    // Tells the responder that the initiation was no replay.
    transmit(peer, DatagramMessage.control, [Control.keepAlive], now: now, &effects)
  }

  func cookie(
    _ bytes: [UInt8],
    from source: IPEndpoint,
    now: Instant,
    _ effects: inout [Effect]
  ) throws(DatagramDrop) {
    let index = DatagramMessage.index(bytes, at: 1)
    guard let peer = indices[index], peer.pending != nil else { throw .unknownSession }
    guard peer.pending?.sender == index, let mac = peer.pending?.mac else { throw .unknownSession }
    guard DatagramMAC.equal(mac, bytes[5..<21]) else { throw .notAuthentic }
    let isFirst = peer.cookie.map { now.since($0.at) >= .seconds(1) } ?? true
    guard isFirst else { throw .overBudget }
    peer.cookie = (Array(bytes[21...]), now)
    initiate(peer, now: now, &effects)
  }

  func checkRoom(for source: IPEndpoint) throws(DatagramDrop) {
    guard peers.count < settings.maximumPeers else { throw .full }
    var same = 0
    for peer in peers.values where peer.endpoint.address == source.address { same += 1 }
    guard same < settings.maximumPeersPerAddress else { throw .full }
  }
}

/// The newest initiation of each key, in bounded memory: two tables, of which the older is dropped when the newer
/// is full. What is forgotten costs nothing but work, since a replay cannot use the session it asks for.
struct TimestampMemory {
  private static let capacity = 8_192
  private var newer: [PublicKey: UInt64] = [:]
  private var older: [PublicKey: UInt64] = [:]

  func isNew(_ timestamp: UInt64, of key: PublicKey) -> Bool {
    timestamp > (newer[key] ?? older[key] ?? 0)
  }

  mutating func remember(_ timestamp: UInt64, of key: PublicKey) {
    newer[key] = timestamp
    if newer.count >= Self.capacity {
      older = newer
      newer = [:]
    }
  }
}
