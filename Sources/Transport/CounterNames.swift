// The names of counters in metrics and in the API. Dashboards and scripts look for them: do not change them.

extension CloseCode {
  /// Its name in the API's answers and in metrics.
  public var name: String {
    switch self {
    case .unspecified: "unspecified"
    case .unsupportedVersion: "unsupported_version"
    case .wrongNetwork: "wrong_network"
    case .purposeRefused: "purpose_refused"
    case .busy: "busy"
    case .full: "full"
    case .duplicate: "duplicate"
    case .shutdown: "shutdown"
    case .violation: "violation"
    case .idle: "idle"
    case .tooSlow: "too_slow"
    case .banned: "banned"
    case .done: "done"
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

extension DatagramDrop {
  /// Its name in the API's answers and in metrics.
  public var name: String {
    switch self {
    case .length: "length"
    case .unknownType: "unknown_type"
    case .wrongRecipient: "wrong_recipient"
    case .unknownSession: "unknown_session"
    case .replayed: "replayed"
    case .notAuthentic: "not_authentic"
    case .badSignature: "bad_signature"
    case .lowOrderPoint: "low_order_point"
    case .selfSession: "self_session"
    case .overBudget: "over_budget"
    case .stranger: "stranger"
    case .cookieRequired: "cookie_required"
    case .full: "full"
    case .backlog: "backlog"
    case .source: "source"
    }
  }
}

extension HandshakeFailure {
  /// Its name in the API's answers and in metrics.
  public var name: String {
    switch self {
    case .refused(let code): "refused_" + code.name
    case .malformed: "malformed"
    case .unsupportedVersion: "unsupported_version"
    case .wrongNetwork: "wrong_network"
    case .purposeRefused: "purpose_refused"
    case .lowOrderPoint: "low_order_point"
    case .notAuthentic: "not_authentic"
    case .badSignature: "bad_signature"
    case .wrongPeer: "wrong_peer"
    case .selfConnection: "self_connection"
    case .timedOut: "timed_out"
    case .connectionLost: "connection_lost"
    case .rateLimited: "rate_limited"
    }
  }
}

extension DisconnectReason {
  /// Its name in the API's answers and in metrics.
  public var name: String {
    switch self {
    case .closedByPeer(let code): "closed_by_peer_" + code.name
    case .closedHere(let code): "closed_here_" + code.name
    case .connectionLost: "connection_lost"
    case .violation(let violation): "violation_" + violation.rawValue
    case .idle: "idle"
    case .tooSlow(let traffic): "too_slow_" + traffic.name
    case .replaced: "replaced"
    }
  }
}
