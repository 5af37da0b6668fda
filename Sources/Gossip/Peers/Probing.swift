import Cryptography
import Primitives

/// Finds sessions whose peer no longer answers (failure detection).
///
/// **Direct and indirect pings** as in SWIM (Das, Gupta, Motivala 2002, § 3.1): a neighbour that was silent
/// for a while is pinged. If it sends no ack, it is suspected, and some other neighbours are asked to ping it
/// (ping-req). **Local health** as in Lifeguard (Dadgar, Phillips, Currey 2017, § IV-A): the more of its
/// pings stay without an ack, the longer this node waits for an ack.
///
/// There are three differences:
///
/// * The result concerns this node's own sessions only. SWIM tells all members who is suspected or dead; here any member
///   may be hostile and could declare anybody dead.
/// * If no neighbour has sent anything since the ping, this node considers itself at fault and ends no
///   session.
/// * An indirect ack never keeps or ends a session by itself. The neighbour is pinged once more; when it is silent again,
///   the session ends. The indirect ack only decides whether the peer may be dialed again at once.
struct Probing: Sendable {
  /// A neighbour that said nothing for this long is pinged.
  static let silence = Interval.seconds(10)
  /// How long to wait for an ack, direct or indirect, at full local health.
  static let timeout = Interval.seconds(3)
  /// How many other neighbours are sent a ping-req.
  static let helperCount = 3

  enum Input {
    /// A session with the peer was opened for any purpose, for example by a feeler. It shows that the peer is
    /// alive.
    case reached(PeerID)
    case linked(PeerID)
    case unlinked(PeerID)
    case received(Probe, from: PeerID)
    /// A timer event, given about once a second.
    case ticked
  }

  enum Effect: Hashable {
    case send(Probe, to: PeerID)
    /// Dial the peer, with which there is no session, to find out whether it is alive. Another node has
    /// asked.
    case dial(PeerID)
    /// The session is dead. `isReachable` is true when another neighbour has received an ack from the peer.
    case silent(PeerID, isReachable: Bool)
    case fault(PeerID, Fault)
  }

  typealias Turn = Primitives.Turn<Effect>

  private enum LinkState: Hashable {
    /// Becomes `pinged` after `silence`.
    case alive
    /// A ping was sent. Becomes `alive` when the neighbour sends anything, and `suspect` after `ackTimeout`.
    case pinged(since: Instant)
    /// The `helpers` were asked to ping the neighbour. Becomes `alive` when the neighbour sends anything.
    /// After `ackTimeout` the session ends, but if a helper had an ack (`isAcked`), the neighbour is `pinged`
    /// once more.
    case suspect(since: Instant, helpers: [PeerID], isAcked: Bool)
  }

  private struct Link {
    var heardAt: Instant
    var state = LinkState.alive
    /// Whether a helper has received an ack from this neighbour since it was first suspected.
    var wasAckedIndirectly = false
    /// The allowance of acks that are sent to this neighbour.
    var acks = TokenBucket()
    /// The allowance of ping-reqs that this neighbour may send.
    var pingRequests = TokenBucket()

    /// Notes that the neighbour sent something. Returns whether it was `pinged` or `suspect`.
    mutating func recordHeard(at now: Instant) -> Bool {
      heardAt = now
      guard state != .alive else { return false }
      state = .alive
      wasAckedIndirectly = false
      return true
    }
  }

  /// The request of the neighbour `asker` to ping `target`.
  private struct PingRequest: Hashable {
    let asker: PeerID
    let target: PeerID
    let until: Instant
  }

  static let localHealthLimit: UInt64 = 3
  /// An honest neighbour sends at most one ping in three seconds. A slow link may deliver several together.
  static let ackRate = TokenBucket.Rate(perSecond: 1, burst: 8)
  /// Tokens are milliseconds: one ping-req in five seconds, and up to four at once.
  static let pingRequestRate = TokenBucket.Rate(perSecond: 1_000, burst: 20_000)
  static let pingRequestCost: UInt64 = 5_000
  static let pingRequestLimit = 64

  private var links: [PeerID: Link] = [:]
  private var pingRequests: [PingRequest] = []
  private var generator: SeededGenerator
  private var tickedAt: Instant
  /// Lifeguard's local health: 0 is healthy. A ping without an ack adds one, an ack takes one away. Each point adds one
  /// `timeout` to the wait for an ack.
  private(set) var localHealth: UInt64 = 0

  init(generator: SeededGenerator, at now: Instant) {
    self.generator = generator
    tickedAt = now
  }

  /// The time to wait for an ack at the present local health.
  var ackTimeout: Interval { Interval(nanoseconds: Self.timeout.nanoseconds * (1 + localHealth)) }

  /// Notes that the peer sent a message of any kind.
  mutating func recordHeard(_ peer: PeerID, at now: Instant) {
    guard let index = links.index(forKey: peer), links.values[index].recordHeard(at: now) else { return }
    localHealth -= min(localHealth, 1)
  }

  mutating func step(_ input: Input, _ turn: inout Turn) {
    switch input {
    case .reached(let peer): sendIndirectAcks(for: peer, &turn)
    case .linked(let peer): links[peer] = Link(heardAt: turn.now)
    case .unlinked(let peer):
      links[peer] = nil
      pingRequests.removeAll { $0.asker == peer }
    case .received(let probe, let peer): received(probe, from: peer, &turn)
    case .ticked: tick(&turn)
    }
  }

  private mutating func received(_ probe: Probe, from peer: PeerID, _ turn: inout Turn) {
    switch probe {
    case .ping:
      guard links[peer]?.acks.take(at: turn.now, Self.ackRate) == true else {
        return turn.effects.append(.fault(peer, .excessiveRequests))
      }
      turn.effects.append(.send(.ack, to: peer))
    case .ack: sendIndirectAcks(for: peer, &turn)
    case .pingRequest(let target): handlePingRequest(from: peer, target, &turn)
    case .indirectAck(let target):
      guard case .suspect(let since, let helpers, _)? = links[target]?.state, helpers.contains(peer) else {
        return
      }
      links[target]?.state = .suspect(since: since, helpers: helpers, isAcked: true)
    }
  }

  private mutating func handlePingRequest(from asker: PeerID, _ target: PeerID, _ turn: inout Turn) {
    guard links[asker]?.pingRequests.take(Self.pingRequestCost, at: turn.now, Self.pingRequestRate) == true
    else { return turn.effects.append(.fault(asker, .excessiveRequests)) }
    guard asker != target, pingRequests.count < Self.pingRequestLimit else { return }
    // One ping serves all neighbours that ask for the same target.
    let isPinged = pingRequests.contains { $0.target == target }
    pingRequests.append(PingRequest(asker: asker, target: target, until: turn.now + ackTimeout))
    guard !isPinged else { return }
    turn.effects.append(links[target] == nil ? .dial(target) : .send(.ping, to: target))
  }

  private mutating func sendIndirectAcks(for target: PeerID, _ turn: inout Turn) {
    guard pingRequests.contains(where: { $0.target == target }) else { return }
    for request in pingRequests where request.target == target {
      turn.effects.append(.send(.indirectAck(target), to: request.asker))
    }
    pingRequests.removeAll { $0.target == target }
  }

  private mutating func tick(_ turn: inout Turn) {
    pingRequests.removeAll { $0.until <= turn.now }
    let pause = turn.now.since(tickedAt)
    tickedAt = turn.now
    guard pause <= Self.timeout else { return restart(at: turn.now) }
    let due = links.filter { isDue($0.value, at: turn.now) }.keys.sorted()
    for peer in due { advance(peer, &turn) }
  }

  /// Treats all neighbours as alive again. This node did not run for a while, so messages that arrived in
  /// that time may not have been read yet.
  private mutating func restart(at now: Instant) {
    localHealth = min(localHealth + 1, Self.localHealthLimit)
    for peer in links.keys {
      links[peer]?.heardAt = now
      links[peer]?.state = .alive
    }
  }

  private func isDue(_ link: Link, at now: Instant) -> Bool {
    switch link.state {
    case .alive: now.since(link.heardAt) >= Self.silence
    case .pinged(let since), .suspect(let since, _, _): now.since(since) >= ackTimeout
    }
  }

  private mutating func advance(_ peer: PeerID, _ turn: inout Turn) {
    guard let link = links[peer] else { return }
    switch link.state {
    case .alive:
      links[peer]?.state = .pinged(since: turn.now)
      turn.effects.append(.send(.ping, to: peer))
    case .pinged(let since):
      localHealth = min(localHealth + 1, Self.localHealthLimit)
      let others = links.filter { $0.key != peer && $0.value.heardAt >= since }.keys.sorted()
      // No neighbour has sent anything since the ping, so this node may be at fault. The transport's timeout
      // ends a session that is really dead.
      guard !others.isEmpty else {
        links[peer]?.state = .alive
        return
      }
      let helpers = generator.sample(Self.helperCount, of: others)
      links[peer]?.state = .suspect(since: turn.now, helpers: helpers, isAcked: false)
      for helper in helpers { turn.effects.append(.send(.pingRequest(peer), to: helper)) }
    case .suspect(_, _, isAcked: true) where !link.wasAckedIndirectly:
      // The peer is alive, but its session may be slow. It is pinged once more.
      links[peer]?.wasAckedIndirectly = true
      links[peer]?.state = .pinged(since: turn.now)
      turn.effects.append(.send(.ping, to: peer))
    case .suspect(_, _, let isAcked):
      links[peer]?.state = .alive
      links[peer]?.heardAt = turn.now
      turn.effects.append(.silent(peer, isReachable: isAcked || link.wasAckedIndirectly))
    }
  }
}
