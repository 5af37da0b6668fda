import Cryptography
import NIOCore
import Primitives

/// A state machine of all datagram sessions of a node, without IO: it takes datagrams and gives datagrams and events.
final class DatagramEndpoint {
  enum Effect {
    case transmit([UInt8], IPEndpoint)
    /// Compute the step on another thread and give its outcome to `conclude`.
    case compute(DatagramStep)
    case deliver(PeerID, [UInt8])
    case up(PeerID)
    case down(PeerID)
    /// Datagrams to the peer of an open session now arrive (true) or no longer arrive (false).
    case usable(PeerID, Bool)
  }

  /// The time of a call, and the buffer for its effects.
  typealias Turn = Primitives.Turn<Effect>

  enum Control {
    static let keepAlive: UInt8 = 0
    static let report: UInt8 = 1
    static let close: UInt8 = 2
    /// Asks for a pong, which proves that the peer receives datagrams.
    static let ping: UInt8 = 3
    static let pong: UInt8 = 4
  }

  let identity: SigningKey
  let network: NetworkIdentity
  let settings: DatagramSettings
  /// The wall-clock time, in nanoseconds since 1970, at which the monotonic clock read zero.
  let epoch: UInt64
  let mac: DatagramMAC
  var cookies: CookieJar
  /// Limits the handshake messages per source address that came without a valid cookie: it may be forged.
  var unverifiedSources: SourceLimiter
  /// Limits the handshake messages per source address that came with a valid cookie, so it is genuine.
  var verifiedSources: SourceLimiter
  /// Whether to accept initiations of a peer. Those of peers to which this node opens sessions always are.
  var admits: (PeerID) -> Bool = { _ in true }
  /// The rate limit, for all sources together, of initiations that are handled without a cookie.
  var initiations = TokenBucket()
  var peers: [PeerID: DatagramPeer] = [:]
  var indices: [UInt32: DatagramPeer] = [:]
  private var backlogged: [PeerID] = []
  private var tickedAt: Instant
  /// The newest timestamp of an initiation for each key. A forgotten timestamp lets a replayed initiation cause a useless
  /// computation, but no usable session.
  var timestamps = Generations<PublicKey, UInt64>(capacity: 16_384)
  private(set) var drops: [DatagramDrop: Int] = [:]
  /// How many datagrams to peers this node dropped because more than `DatagramSettings.backlog` waited.
  private(set) var pacingDrops = 0
  /// How many handshake steps other threads are computing for received messages.
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
    let rate = TokenBucket.Rate(settings.handshakesPerAddress, bursts: 2)
    let limiter = SourceLimiter(rate: rate, total: TokenBucket.Rate(settings.handshakesInTotal))
    unverifiedSources = limiter
    verifiedSources = limiter
  }

  var hasBacklog: Bool { !backlogged.isEmpty }

  func isUp(_ peer: PeerID) -> Bool { peers[peer]?.isUp ?? false }

  func count(_ drop: DatagramDrop) { drops[drop, default: 0] += 1 }

  // MARK: Calls of the owner

  /// Opens a session with a peer, and reopens it whenever it ends, until `close`.
  func open(_ id: PeerID, at endpoint: IPEndpoint, _ turn: inout Turn) {
    guard id != identity.publicKey else { return }
    let peer = peers[id] ?? makePeer(id, at: endpoint, now: turn.now)
    peer.isWanted = true
    guard !peer.isUp else { return }
    peer.endpoint = endpoint
    peer.attempts = 0
    initiate(peer, &turn)
  }

  /// Ends the session and does not open it again.
  func close(_ id: PeerID, _ turn: inout Turn) {
    guard let peer = peers[id] else { return }
    if peer.isUp { transmit(peer, DatagramMessage.control, [Control.close], &turn) }
    peer.isWanted = false
    down(peer, &turn)
    remove(peer)
  }

  /// Sends in the peer's session; false when there is none or `bytes` exceed a datagram.
  ///
  /// A datagram above the peer's rate waits. When more wait than `DatagramSettings.backlog`, the oldest is dropped.
  func send(_ id: PeerID, _ bytes: [UInt8], _ turn: inout Turn) -> Bool {
    guard let peer = peers[id], peer.isUp,
      bytes.count <= DatagramMessage.maximum - DatagramMessage.minimumDataCount
    else { return false }
    if peer.backlog.isEmpty, peer.pace.take(at: turn.now, pace(of: peer)) {
      transmit(peer, DatagramMessage.data, bytes, &turn)
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

  /// Sends waiting datagrams as far as the peers' rates allow. Called every few milliseconds while `hasBacklog`.
  func drainBacklog(_ turn: inout Turn) {
    backlogged.removeAll { id in
      guard let peer = peers[id], peer.isUp else { return true }
      while !peer.backlog.isEmpty {
        guard peer.pace.take(at: turn.now, pace(of: peer)) else { return false }
        transmit(peer, DatagramMessage.data, peer.backlog.removeFirst(), &turn)
      }
      return true
    }
  }

  private func pace(of peer: DatagramPeer) -> TokenBucket.Rate {
    TokenBucket.Rate(perSecond: max(1, peer.datagramsPerSecond), burst: UInt64(max(1, settings.burst)))
  }

  func transmit(_ peer: DatagramPeer, _ type: UInt8, _ plaintext: [UInt8], _ turn: inout Turn) {
    guard let datagram = peer.seal(type, plaintext) else { return }
    peer.lastSent = turn.now
    if type == DatagramMessage.data { peer.lastDataSent = turn.now }
    turn.effects.append(.transmit(datagram, peer.endpoint))
  }

  // MARK: Received datagrams

  /// Handles a received datagram. One that is invalid is counted by its reason and has no other effect.
  func receive(_ bytes: [UInt8], from source: IPEndpoint, _ turn: inout Turn) {
    do throws(DatagramDrop) {
      guard let type = bytes.first, bytes.count <= DatagramMessage.maximum else { throw .length }
      switch type {
      case DatagramMessage.data, DatagramMessage.control: try transport(bytes, type, from: source, &turn)
      case DatagramMessage.initiation:
        guard bytes.count == DatagramMessage.initiationCount else { throw .length }
        try initiation(bytes, from: source, &turn)
      case DatagramMessage.response:
        guard bytes.count == DatagramMessage.responseCount else { throw .length }
        try response(bytes, from: source, &turn)
      case DatagramMessage.cookie:
        guard bytes.count == DatagramMessage.cookieCount else { throw .length }
        try cookie(bytes, from: source, &turn)
      default: throw .unknownType
      }
    } catch {
      count(error)
    }
  }

  private func transport(
    _ bytes: [UInt8],
    _ type: UInt8,
    from source: IPEndpoint,
    _ turn: inout Turn
  ) throws(DatagramDrop) {
    guard bytes.count >= DatagramMessage.minimumDataCount else { throw .length }
    let index = DatagramMessage.index(bytes, at: 1)
    guard let peer = indices[index] else { throw .unknownSession }
    let rate = UInt64(max(1, settings.inboundPerSecond))
    guard peer.inbound.take(at: turn.now, .init(perSecond: rate, burst: max(1, rate / 8))) else {
      throw .overBudget
    }
    let (slot, plaintext) = try peer.open(index, bytes)
    peer.lastReceived = turn.now
    if slot == .next {
      let wasUp = peer.isUp
      release(peer.promote())
      if !wasUp { turn.effects.append(.up(peer.id)) }
    }
    // The peer's address has changed. Only its newest datagram counts, since older ones may arrive late.
    if slot != .previous, peer.endpoint != source,
      peer.current?.window.end == DatagramMessage.counter(bytes) + 1
    {
      peer.endpoint = source
    }
    if type == DatagramMessage.data {
      turn.effects.append(.deliver(peer.id, plaintext))
    } else {
      control(plaintext, from: peer, &turn)
    }
  }

  private func control(_ plaintext: [UInt8], from peer: DatagramPeer, _ turn: inout Turn) {
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
      reported(peer, &turn)
    case Control.ping: transmit(peer, DatagramMessage.control, [Control.pong], &turn)
    case Control.pong: confirm(peer, &turn)
    case Control.close: down(peer, &turn)
    default:
      // A keep-alive, or a type that this version does not know.
      break
    }
  }

  // MARK: Timeouts

  /// Retries handshakes, sends keep-alives and reports, renews keys, closes silent sessions. Called a few times a second.
  func tick(_ turn: inout Turn) {
    // If this process did not run for a while (a suspended machine), it received nothing meanwhile. That time is not counted
    // as silence of the peers.
    let pause = turn.now.since(tickedAt)
    tickedAt = turn.now
    if pause > Self.longestTick { for peer in peers.values { peer.shiftTimeouts(by: pause, at: turn.now) } }
    for peer in Array(peers.values) { maintain(peer, &turn) }
  }

  /// When more time than this passes between two ticks, the process is taken to have been suspended.
  private static let longestTick = Interval.seconds(2)

  private func maintain(_ peer: DatagramPeer, _ turn: inout Turn) {
    if let next = peer.next, turn.now.since(next.createdAt) > .seconds(10) {
      release(peer.replaceNext(with: nil))
    }
    if let current = peer.current {
      let age = turn.now.since(current.createdAt)
      if turn.now.since(peer.lastReceived) >= settings.idle || age >= settings.rekey + settings.rekey {
        down(peer, &turn)
      } else {
        if turn.now.since(peer.lastSent) >= settings.keepAlive {
          transmit(peer, DatagramMessage.control, [Control.keepAlive], &turn)
        }
        let isDue =
          current.isInitiator
          ? age >= settings.rekey : peer.isWanted && age >= settings.rekey + .seconds(60)
        if isDue, turn.now >= peer.retryAt { initiate(peer, &turn) }
        report(to: peer, &turn)
        ping(peer, &turn)
      }
    }
    if !peer.isUp {
      if peer.isWanted {
        if turn.now >= peer.retryAt { initiate(peer, &turn) }
      } else if peer.next == nil {
        remove(peer)
      }
    }
  }

  /// Reports to the peer how many of its datagrams arrived, once it has sent at least 100 since the last report.
  private func report(to peer: DatagramPeer, _ turn: inout Turn) {
    guard let current = peer.current else { return }
    let expected = current.window.end - min(peer.reported.end, current.window.end)
    guard expected >= 100 else { return }
    let received = current.received - min(peer.reported.received, current.received)
    peer.reported = (current.received, current.window.end)
    var writer = ByteWriter(capacity: 9)
    writer.write(Control.report)
    writer.write(UInt32(clamping: received))
    writer.write(UInt32(clamping: expected))
    transmit(peer, DatagramMessage.control, writer.bytes, &turn)
  }

  // MARK: The tables

  func makePeer(_ id: PeerID, at endpoint: IPEndpoint, now: Instant) -> DatagramPeer {
    let pace = UInt64(max(1, settings.datagramsPerSecond))
    let peer = DatagramPeer(id, at: endpoint, datagramsPerSecond: pace, now: now)
    peers[id] = peer
    return peer
  }

  private func down(_ peer: DatagramPeer, _ turn: inout Turn) {
    let wasUp = peer.isUp
    for index in peer.forgetSessions() { indices[index] = nil }
    if wasUp { turn.effects.append(.down(peer.id)) }
  }

  private func remove(_ peer: DatagramPeer) {
    for index in peer.indices { indices[index] = nil }
    peers[peer.id] = nil
  }

  func release(_ index: UInt32?) {
    if let index { indices[index] = nil }
  }

  func freeIndex() -> UInt32 {
    while true {
      let index = UInt32(truncatingIfNeeded: SecureRandom.uint64())
      if indices[index] == nil { return index }
    }
  }
}
