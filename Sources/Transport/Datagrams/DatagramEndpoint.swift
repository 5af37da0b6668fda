import Cryptography
import NIOCore
import Primitives

/// All datagram sessions of a node without IO: datagrams in, datagrams and events out.
final class DatagramEndpoint {
  enum Effect {
    case transmit([UInt8], IPEndpoint)
    /// Compute the step on another thread and give its outcome to `conclude`.
    case compute(DatagramStep)
    case deliver(PeerID, [UInt8])
    case up(PeerID)
    case down(PeerID)
    /// Of a session that is up: whether what is sent in it arrives, as far as it can be told.
    case usable(PeerID, Bool)
  }

  enum Control {
    static let keepAlive: UInt8 = 0
    static let report: UInt8 = 1
    static let close: UInt8 = 2
    /// Asks for a pong, which proves that datagrams arrive.
    static let ping: UInt8 = 3
    static let pong: UInt8 = 4
  }

  let identity: SigningKey
  let network: NetworkIdentity
  let settings: DatagramSettings
  /// Nanoseconds since 1970 at the instant zero of this node's clock.
  let epoch: UInt64
  let mac: DatagramMAC
  var cookies: CookieJar
  /// Handshake messages of sources that may be forged, and of those that showed a cookie.
  var unproven: SourceLimiter
  var proven: SourceLimiter
  /// Whose initiations are looked at, besides those of peers that this node calls itself.
  var admits: (PeerID) -> Bool = { _ in true }
  var unburdened = TokenBucket()
  var peers: [PeerID: DatagramPeer] = [:]
  var indices: [UInt32: DatagramPeer] = [:]
  private var backlogged: [PeerID] = []
  private var tickedAt: Instant
  var timestamps = TimestampMemory()
  private(set) var drops = [Int](repeating: 0, count: DatagramDrop.allCases.count)
  /// Datagrams dropped by the sender's pacing.
  private(set) var pacingDrops = 0
  var handshakes = 0
  /// Steps that are being computed for messages of others.
  var openSteps = 0

  init(
    identity: SigningKey,
    network: NetworkIdentity,
    settings: DatagramSettings,
    epochNanoseconds: UInt64,
    at now: Instant
  ) {
    self.identity = identity
    self.network = network
    self.settings = settings
    epoch = epochNanoseconds
    mac = DatagramMAC(recipient: identity.publicKey, network: network)
    cookies = CookieJar(at: now)
    tickedAt = now
    let limiter = SourceLimiter(
      rate: .init(
        perSecond: UInt64(max(1, settings.handshakesPerAddress)),
        burst: UInt64(max(1, settings.handshakesPerAddress)) * 2
      ),
      total: .init(
        perSecond: UInt64(max(1, settings.handshakesInTotal)),
        burst: UInt64(max(1, settings.handshakesInTotal))
      )
    )
    unproven = limiter
    proven = limiter
  }

  var hasBacklog: Bool { !backlogged.isEmpty }

  func isUp(_ peer: PeerID) -> Bool { peers[peer]?.isUp ?? false }

  func count(_ drop: DatagramDrop) {
    drops[Int(drop.rawValue)] += 1
  }

  // MARK: What the owner wants

  /// Opens a session with a peer whose key is known, and again whenever it ends, until `close`.
  func open(_ id: PeerID, at endpoint: IPEndpoint, now: Instant, _ effects: inout [Effect]) {
    guard id != identity.publicKey else { return }
    let peer = peers[id] ?? makePeer(id, at: endpoint, now: now)
    peer.isWanted = true
    guard !peer.isUp else { return }
    peer.endpoint = endpoint
    peer.attempts = 0
    initiate(peer, now: now, &effects)
  }

  /// Ends the session and does not open it again.
  func close(_ id: PeerID, now: Instant, _ effects: inout [Effect]) {
    guard let peer = peers[id] else { return }
    if peer.isUp { transmit(peer, DatagramMessage.control, [Control.close], now: now, &effects) }
    peer.isWanted = false
    down(peer, &effects)
    remove(peer)
  }

  /// Sends in the peer's session; false when there is none or `bytes` exceed a datagram.
  ///
  /// Above the peer's pace the datagram waits; when too many wait the oldest is dropped.
  func send(_ id: PeerID, _ bytes: [UInt8], now: Instant, _ effects: inout [Effect]) -> Bool {
    guard let peer = peers[id], peer.isUp,
      bytes.count <= DatagramMessage.maximum - DatagramMessage.minimumTransport
    else { return false }
    if peer.backlog.isEmpty, peer.pace.take(at: now, pace(of: peer)) {
      transmit(peer, DatagramMessage.data, bytes, now: now, &effects)
      return true
    }
    if peer.backlog.isEmpty { backlogged.append(id) }
    peer.backlog.append(bytes)
    if peer.backlog.count > settings.backlog {
      peer.backlog.removeFirst()
      pacingDrops += 1
    }
    return true
  }

  /// Sends what waited and whose turn has come. To be called every few milliseconds while `hasBacklog`.
  func drainBacklog(now: Instant, _ effects: inout [Effect]) {
    backlogged.removeAll { id in
      guard let peer = peers[id], peer.isUp else { return true }
      while !peer.backlog.isEmpty {
        guard peer.pace.take(at: now, pace(of: peer)) else { return false }
        transmit(peer, DatagramMessage.data, peer.backlog.removeFirst(), now: now, &effects)
      }
      return true
    }
  }

  private func pace(of peer: DatagramPeer) -> TokenBucket.Rate {
    TokenBucket.Rate(perSecond: max(1, peer.datagramsPerSecond), burst: UInt64(max(1, settings.burst)))
  }

  func transmit(
    _ peer: DatagramPeer,
    _ type: UInt8,
    _ plaintext: [UInt8],
    now: Instant,
    _ effects: inout [Effect]
  ) {
    guard let datagram = peer.seal(type, plaintext) else { return }
    peer.lastSent = now
    if type == DatagramMessage.data { peer.lastData = now }
    effects.append(.transmit(datagram, peer.endpoint))
  }

  // MARK: What comes in

  /// Takes one datagram; what is not right about it is counted and has no other effect.
  func receive(_ bytes: [UInt8], from source: IPEndpoint, now: Instant, _ effects: inout [Effect]) {
    do throws(DatagramDrop) {
      guard let type = bytes.first, bytes.count <= DatagramMessage.maximum else { throw .length }
      switch type {
      case DatagramMessage.data, DatagramMessage.control:
        try transport(bytes, type, from: source, now: now, &effects)
      case DatagramMessage.initiation:
        guard bytes.count == DatagramMessage.initiationCount else { throw .length }
        try initiation(bytes, from: source, now: now, &effects)
      case DatagramMessage.response:
        guard bytes.count == DatagramMessage.responseCount else { throw .length }
        try response(bytes, from: source, now: now, &effects)
      case DatagramMessage.cookie:
        guard bytes.count == DatagramMessage.cookieCount else { throw .length }
        try cookie(bytes, from: source, now: now, &effects)
      default:
        throw .unknownType
      }
    } catch {
      count(error)
    }
  }

  private func transport(
    _ bytes: [UInt8],
    _ type: UInt8,
    from source: IPEndpoint,
    now: Instant,
    _ effects: inout [Effect]
  ) throws(DatagramDrop) {
    guard bytes.count >= DatagramMessage.minimumTransport else { throw .length }
    let index = DatagramMessage.index(bytes, at: 1)
    guard let peer = indices[index] else { throw .unknownSession }
    let rate = UInt64(max(1, settings.inboundPerSecond))
    guard peer.inbound.take(at: now, .init(perSecond: rate, burst: max(1, rate / 8))) else {
      throw .overBudget
    }
    let (slot, plaintext) = try peer.open(index, bytes)
    peer.lastReceived = now
    if slot == .next {
      let wasUp = peer.isUp
      retire(peer.promote())
      if !wasUp { effects.append(.up(peer.id)) }
    }
    // A peer whose address changed is followed, by its newest datagram only.
    if slot != .previous, peer.endpoint != source,
      peer.current?.window.end == DatagramMessage.counter(bytes) + 1
    {
      peer.endpoint = source
    }
    if type == DatagramMessage.data {
      effects.append(.deliver(peer.id, plaintext))
    } else {
      control(plaintext, from: peer, now: now, &effects)
    }
  }

  private func control(
    _ plaintext: [UInt8],
    from peer: DatagramPeer,
    now: Instant,
    _ effects: inout [Effect]
  ) {
    switch plaintext.first {
    case Control.report where plaintext.count == 9:
      let received = Int(DatagramMessage.index(plaintext, at: 1))
      let expected = Int(DatagramMessage.index(plaintext, at: 5))
      guard expected > 0 else { return }
      peer.lossPerMille = min(1_000, max(0, (expected - received) * 1_000 / expected))
      let full = UInt64(max(1, settings.datagramsPerSecond))
      peer.datagramsPerSecond =
        peer.lossPerMille > 50
        ? max(full / 10, peer.datagramsPerSecond / 2)
        : min(full, peer.datagramsPerSecond + full / 20)
      reported(peer, now: now, &effects)
    case Control.ping:
      transmit(peer, DatagramMessage.control, [Control.pong], now: now, &effects)
    case Control.pong:
      proven(peer, now: now, &effects)
    case Control.close:
      down(peer, &effects)
    default:
      // A keep-alive, or a kind that this version does not know.
      break
    }
  }

  // MARK: Time

  /// Retries, keep-alives, new keys, reports, ends. To be called a few times a second.
  func tick(now: Instant, _ effects: inout [Effect]) {
    // Silence while this node did not run itself is nobody's.
    let pause = now.since(tickedAt)
    tickedAt = now
    if pause > Self.longestTick { for peer in peers.values { peer.excuse(pause, at: now) } }
    for peer in Array(peers.values) {
      maintain(peer, now: now, &effects)
    }
  }

  /// A tick that comes later than this tells of this node, not of its peers.
  private static let longestTick = Interval.seconds(2)

  private func maintain(_ peer: DatagramPeer, now: Instant, _ effects: inout [Effect]) {
    if let next = peer.next, now.since(next.createdAt) > .seconds(10) { retire(peer.forgetNext()) }
    if let current = peer.current {
      let age = now.since(current.createdAt)
      if now.since(peer.lastReceived) >= settings.idle || age >= settings.rekey + settings.rekey {
        down(peer, &effects)
      } else {
        if now.since(peer.lastSent) >= settings.keepAlive {
          transmit(peer, DatagramMessage.control, [Control.keepAlive], now: now, &effects)
        }
        let isDue =
          current.isInitiator
          ? age >= settings.rekey : peer.isWanted && age >= settings.rekey + .seconds(60)
        if isDue, now >= peer.retryAt { initiate(peer, now: now, &effects) }
        report(to: peer, now: now, &effects)
        watch(peer, now: now, &effects)
      }
    }
    if !peer.isUp {
      if peer.isWanted {
        if now >= peer.retryAt { initiate(peer, now: now, &effects) }
      } else if peer.next == nil {
        remove(peer)
      }
    }
  }

  /// Tells the peer how much of what it sent has come, once there is enough to judge.
  private func report(to peer: DatagramPeer, now: Instant, _ effects: inout [Effect]) {
    guard let current = peer.current else { return }
    let expected = current.window.end - min(peer.reported.end, current.window.end)
    guard expected >= 100 else { return }
    let received = current.received - min(peer.reported.received, current.received)
    peer.reported = (current.received, current.window.end)
    var writer = ByteWriter(capacity: 9)
    writer.write(Control.report)
    writer.write(UInt32(clamping: received))
    writer.write(UInt32(clamping: expected))
    transmit(peer, DatagramMessage.control, writer.bytes, now: now, &effects)
  }

  // MARK: The tables

  func makePeer(_ id: PeerID, at endpoint: IPEndpoint, now: Instant) -> DatagramPeer {
    let pace = UInt64(max(1, settings.datagramsPerSecond))
    let peer = DatagramPeer(id, at: endpoint, datagramsPerSecond: pace, now: now)
    peers[id] = peer
    return peer
  }

  private func down(_ peer: DatagramPeer, _ effects: inout [Effect]) {
    let wasUp = peer.isUp
    for index in peer.forgetSessions() { indices[index] = nil }
    if wasUp { effects.append(.down(peer.id)) }
  }

  private func remove(_ peer: DatagramPeer) {
    for index in peer.indices { indices[index] = nil }
    peers[peer.id] = nil
  }

  func retire(_ index: UInt32?) {
    if let index { indices[index] = nil }
  }

  func freeIndex() -> UInt32 {
    while true {
      let index = UInt32(truncatingIfNeeded: SecureRandom.uint64())
      if indices[index] == nil { return index }
    }
  }
}
