// What failures are called in metrics and in the API's answers, and what they say to people in logs and on
// the command line. Dashboards and scripts look for the names: do not change them.

extension CloseCode: CustomStringConvertible {
  /// Its name in the API's answers and in metrics.
  public var name: String { texts.name }
  public var description: String { texts.text }

  private var texts: (name: String, text: String) {
    switch self {
    case .unspecified: ("unspecified", "it gave no reason")
    case .unsupportedVersion: ("unsupported_version", "it speaks another version of the protocol")
    case .wrongNetwork: ("wrong_network", "it is on another chain, or has another genesis")
    case .purposeRefused: ("purpose_refused", "it takes no sessions of this kind")
    case .busy: ("busy", "it has too many connections at the moment")
    case .full: ("full", "it has no free place for another peer")
    case .duplicate: ("duplicate", "another connection between the two nodes is kept")
    case .shutdown: ("shutdown", "it is shutting down")
    case .violation: ("violation", "a rule of the protocol was broken")
    case .idle: ("idle", "nothing was received for the idle limit")
    case .tooSlow: ("too_slow", "data was not read fast enough")
    case .banned: ("banned", "the peer is banned for a while")
    case .done: ("done", "the session is no longer needed")
    }
  }
}

extension HandshakeFailure: CustomStringConvertible {
  /// Its name in the API's answers and in metrics.
  public var name: String { texts.name }
  public var description: String { texts.text }

  private var texts: (name: String, text: String) {
    switch self {
    case .malformed: ("malformed", "the other side does not speak this protocol")
    case .unsupportedVersion: ("unsupported_version", "the other node speaks another version of the protocol")
    case .wrongNetwork: ("wrong_network", "the other node is on another chain, or has another genesis")
    case .purposeRefused:
      ("purpose_refused", "the other node wants a session of a kind that this node does not take")
    case .lowOrderPoint: ("low_order_point", "the other node sent a public key that is not acceptable")
    case .notAuthentic: ("not_authentic", "the handshake was changed on the way")
    case .badSignature: ("bad_signature", "the other node's signature is not valid")
    case .wrongPeer: ("wrong_peer", "another node than the expected one answered")
    case .selfConnection: ("self_connection", "the address leads back to this node")
    case .refused(let code): ("refused_" + code.name, "the other node refused the session: \(code)")
    case .timedOut: ("timed_out", "the handshake took too long")
    case .connectionLost: ("connection_lost", "the connection ended during the handshake")
    case .rateLimited: ("rate_limited", "there were too many handshakes")
    }
  }
}

extension DisconnectReason: CustomStringConvertible {
  /// Its name in the API's answers and in metrics.
  public var name: String { texts.name }
  public var description: String { texts.text }

  private var texts: (name: String, text: String) {
    switch self {
    case .closedByPeer(let code): ("closed_by_peer_" + code.name, "the peer closed the session: \(code)")
    case .closedHere(let code): ("closed_here_" + code.name, "this node closed the session: \(code)")
    case .connectionLost: ("connection_lost", "the connection was lost")
    case .violation(let violation):
      ("violation_" + violation.rawValue, "the peer broke the protocol: \(violation)")
    case .idle: ("idle", "nothing was received for the idle limit")
    case .tooSlow(let traffic): ("too_slow_" + traffic.name, "the peer did not read its data fast enough")
    case .replaced: ("replaced", "another connection to the peer is kept")
    }
  }
}

extension TrafficClass {
  /// Its name in the API's answers and in metrics.
  public var name: String {
    switch self {
    case .consensus: "consensus"
    case .blocks: "blocks"
    case .gossip: "gossip"
    case .sync: "sync"
    case .lease: "lease"
    }
  }
}

extension FrameViolation: CustomStringConvertible {
  public var description: String {
    switch self {
    case .recordLength: "a record has an illegal length"
    case .notAuthentic: "a record was not encrypted with the session's key"
    case .malformed: "a frame cannot be decoded"
    case .unknownType: "a frame has an unknown type"
    case .tooLarge: "a frame is larger than its type allows"
    case .fragment: "the pieces of a message do not fit together"
    case .afterEnd: "data followed the end of the stream"
    }
  }
}

extension DialFailure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreachable(let reason): reason
    case .handshake(let failure): "\(failure)"
    case .alreadyConnected: "the peer is connected already"
    case .alreadyDialing: "the address is being dialed already"
    case .duplicate: "another connection to the peer is kept"
    case .shutDown: "this node is shutting down"
    }
  }
}

extension LeaseError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .dial(let failure): "\(failure)"
    case .closed(let reason): "\(reason)"
    case .tooLarge: "the request is larger than its type allows"
    case .timedOut: "no response came in time"
    case .cancelled: "the request was cancelled"
    }
  }
}
