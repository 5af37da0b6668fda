import Cryptography
import NIOCore
import Primitives

/// Handles the events of sessions: keeps the table of peers, decides which of two connections stays, and tells the owner.
extension StreamTransport {
  func handle(_ event: StreamSession.Event, of link: StreamLink, at now: Instant) {
    switch event {
    case .handshake(let step): compute(step, of: link)
    case .authenticated(let result):
      link.result = result
      if link.isInbound { acceptOrRefuse(link, result, at: now) }
    case .opened: if let result = link.result { openOrRefuse(link, result, at: now) }
    case .frames(let frames): deliver(frames, of: link, at: now)
    case .ended(let code):
      if link.phase == .handshaking {
        fail(link, .handshake(.refused(code)), at: now)
      } else {
        end(link, .closedByPeer(code), telling: nil, at: now)
      }
      link.abort()
    }
  }

  /// Decides, as the listener, whether to accept an authenticated dialer.
  private func acceptOrRefuse(_ link: StreamLink, _ result: HandshakeResult, at now: Instant) {
    switch result.purpose {
    case .lease:
      let inbound = leases.values.count { $0.isInbound }
      guard inbound < configuration.connections.leases else { return refuse(link, .full, at: now) }
    case .peer:
      guard !banned.contains(result.peer) else { return refuse(link, .banned, at: now) }
      if let existing = peers[result.peer] {
        guard replaces(link, existing, result.peer) else { return refuse(link, .duplicate, at: now) }
      } else if !reserved.contains(result.peer) {
        let free = configuration.connections.inbound - inboundPeers
        guard
          free > 0 || free + Self.extraReserved > 0 && configuration.isReserved(result.peer, result.hello)
        else { return refuse(link, .full, at: now) }
      }
    }
    link.session.accept(at: now)
    open(link, result, at: now)
  }

  /// Decides, as the dialer, whether to keep a session that the listener has accepted.
  private func openOrRefuse(_ link: StreamLink, _ result: HandshakeResult, at now: Instant) {
    if result.purpose == .peer {
      if banned.contains(result.peer) { return refuse(link, .banned, at: now) }
      if let existing = peers[result.peer], !replaces(link, existing, result.peer) {
        return refuse(link, .duplicate, at: now)
      }
    }
    open(link, result, at: now)
  }

  /// Whether `link`, a new connection with a peer, replaces the existing one. If each end dialed one of them,
  /// both ends keep the one that the smaller key dialed. If one end dialed both, the newer replaces the
  /// older, which is probably dead.
  private func replaces(_ link: StreamLink, _ existing: StreamLink, _ peer: PeerID) -> Bool {
    guard link.isInbound != existing.isInbound else { return true }
    let dialer = link.isInbound ? peer : configuration.identity.node.publicKey
    let other = link.isInbound ? configuration.identity.node.publicKey : peer
    return dialer < other
  }

  /// How many sessions the owner's `isReserved` may admit beyond the inbound limit. Limited, since a
  /// validator may vouch for any number of nodes.
  private static let extraReserved = 8

  var inboundPeers: Int { peers.count { $0.value.isInbound && !reserved.contains($0.key) } }

  private func open(_ link: StreamLink, _ result: HandshakeResult, at now: Instant) {
    if result.purpose == .peer, let existing = peers[result.peer] {
      end(existing, .replaced, telling: .duplicate, at: now)
    }
    link.phase = .open
    sink.counters.handshakes += 1
    if let request = link.request { dialing.remove(request.address) }
    let info = info(of: link, result)
    switch result.purpose {
    case .peer:
      peers[result.peer] = link
      link.isReserved = reserved.contains(result.peer)
      sink.emit(.connected(result.peer, info))
      if !link.isInbound, let remote = link.connectedTo { onDialedPeer(result.peer, remote) }
    case .lease:
      let session = LeaseSession(number: nextLease)
      nextLease += 1
      link.lease = session
      leases[session] = link
      sink.emit(.leaseOpened(session, account: result.peer, info))
    }
  }

  func info(of link: StreamLink, _ result: HandshakeResult) -> SessionInfo {
    SessionInfo(
      address: link.remote,
      isInbound: link.isInbound,
      purpose: result.purpose,
      listenAddress: result.listenPort == 0
        ? nil : NetworkAddress(host: link.remote.host, port: result.listenPort),
      hello: result.hello
    )
  }

  private func refuse(_ link: StreamLink, _ code: CloseCode, at now: Instant) {
    count(code == .duplicate ? .refused(.duplicate) : .refused(code))
    forgetDial(link, code == .duplicate ? .duplicate : .handshake(.refused(code)))
    link.close(code, at: now)
  }

  private func deliver(_ frames: [InboundFrame], of link: StreamLink, at now: Instant) {
    var cost = 0
    for frame in frames {
      switch frame {
      case .message(let type, let bytes):
        sink.counters.messagesReceived += 1
        cost += bytes.count + TransportEvent.overhead
        if let session = link.lease {
          guard let event = LeaseMessage.event(session, type, bytes) else {
            return fail(link, .frame(.malformed), at: now)
          }
          sink.emit(event)
        } else if let peer = link.result?.peer {
          sink.emit(.frame(peer, type: type, bytes: bytes))
        }
      case .ping: link.session.pong(at: now)
      case .pong, .accepted, .close: break
      }
    }
    if configuration.acknowledgesEvents { link.delivered(cost, limit: configuration.unacknowledgedLimit) }
    guard link.result != nil, !link.isReserved else { return }
    let limits = configuration.connections
    link.charge(cost + frames.count * limits.messageCost, perSecond: limits.bytesPerSecond, at: now)
  }

  // MARK: Ending sessions

  /// Ends an open session. The owner receives `reason`; the peer receives `code`, if it is not nil.
  func end(_ link: StreamLink, _ reason: DisconnectReason, telling code: CloseCode?, at now: Instant) {
    guard link.phase == .open else { return }
    sink.counters.sessionsClosed[reason, default: 0] += 1
    if let session = link.lease {
      leases[session] = nil
      sink.emit(.leaseClosed(session, reason))
    } else if let peer = link.result?.peer, peers[peer] === link {
      peers[peer] = nil
      onPeerEnd(peer)
      sink.emit(.disconnected(peer, reason))
    }
    link.close(code, at: now)
  }

  /// Ends a session whose state machine has failed.
  func fail(_ link: StreamLink, _ failure: StreamFailure, at now: Instant) {
    if case .frame(let violation) = failure { sink.counters.violations[violation, default: 0] += 1 }
    switch (link.phase, failure) {
    case (.open, .frame(let violation)): end(link, .violation(violation), telling: .violation, at: now)
    case (.open, .handshake), (.closing, _): link.close(nil, at: now)
    case (.handshaking, _):
      let reason: HandshakeFailure =
        if case .handshake(let reason) = failure { reason } else { .notAuthentic }
      count(reason)
      forgetDial(link, .handshake(reason))
      link.close(nil, at: now)
    }
  }

  /// Called when the connection is closed, by either end.
  func connectionEnded(_ link: StreamLink) {
    let now = currentInstant()
    switch link.phase {
    case .handshaking: fail(link, .handshake(.connectionLost), at: now)
    case .open: end(link, .connectionLost, telling: nil, at: now)
    case .closing: break
    }
  }

  private func count(_ failure: HandshakeFailure) {
    sink.counters.handshakeFailures[failure, default: 0] += 1
  }

  private func forgetDial(_ link: StreamLink, _ failure: DialFailure) {
    guard let request = link.request, dialing.remove(request.address) != nil else { return }
    sink.emit(.dialFailed(request.address, isShutDown ? .shutDown : failure))
  }

  // MARK: Sending

  func send(_ type: UInt8, _ bytes: [UInt8], class traffic: TrafficClass, over link: StreamLink?) {
    guard let link, let maximum = configuration.frames.maximum(of: type), bytes.count <= maximum else {
      sink.counters.unsent[traffic, default: 0] += 1
      return
    }
    enqueue(type, bytes, class: traffic, on: link)
  }

  func sendLease(_ session: LeaseSession, request: UInt32, type: UInt8, bytes: [UInt8]) {
    guard let link = leases[session], let maximum = configuration.leaseFrames.maximum(of: type),
      bytes.count <= min(maximum, FrameLimits.maximumMessage - LeaseMessage.prefixBytes)
    else {
      sink.counters.unsent[.lease, default: 0] += 1
      return
    }
    enqueue(type, LeaseMessage.payload(request: request, bytes), class: .lease, on: link)
  }

  private func enqueue(_ type: UInt8, _ bytes: [UInt8], class traffic: TrafficClass, on link: StreamLink) {
    switch link.session.enqueue(type: type, bytes: bytes, class: traffic) {
    case .queued(let displaced):
      sink.counters.messagesSent += 1
      if displaced > 0 { sink.counters.displaced[traffic, default: 0] += displaced }
      requestFlush(link)
    case .refused: sink.counters.unsent[traffic, default: 0] += 1
    case .overflow:
      sink.counters.unsent[traffic, default: 0] += 1
      end(link, .tooSlow(traffic), telling: .tooSlow, at: currentInstant())
    }
  }
}
