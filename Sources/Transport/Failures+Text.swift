// What failures of the network say to people: in logs and on the command line. Metrics use `name`.

extension CloseCode: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unspecified: "it gave no reason"
    case .unsupportedVersion: "it speaks another version of the protocol"
    case .wrongNetwork: "it is on another chain, or has another genesis"
    case .purposeRefused: "it takes no sessions of this kind"
    case .busy: "it has too many connections at the moment"
    case .full: "it has no free place for another peer"
    case .duplicate: "another connection between the two nodes is kept"
    case .shutdown: "it is shutting down"
    case .violation: "a rule of the protocol was broken"
    case .idle: "nothing was received for the idle limit"
    case .tooSlow: "data was not read fast enough"
    case .banned: "the peer is banned for a while"
    case .done: "the session is no longer needed"
    }
  }
}

extension HandshakeFailure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformed: "the other side does not speak this protocol"
    case .unsupportedVersion: "the other node speaks another version of the protocol"
    case .wrongNetwork: "the other node is on another chain, or has another genesis"
    case .purposeRefused: "the other node wants a session of a kind that this node does not take"
    case .lowOrderPoint: "the other node sent a public key that is not acceptable"
    case .notAuthentic: "the handshake was changed on the way"
    case .badSignature: "the other node's signature is not valid"
    case .wrongPeer: "another node than the expected one answered"
    case .selfConnection: "the address leads back to this node"
    case .refused(let code): "the other node refused the session: \(code)"
    case .timedOut: "the handshake took too long"
    case .connectionLost: "the connection ended during the handshake"
    case .rateLimited: "there were too many handshakes"
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

extension DisconnectReason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .closedByPeer(let code): "the peer closed the session: \(code)"
    case .closedHere(let code): "this node closed the session: \(code)"
    case .connectionLost: "the connection was lost"
    case .violation(let violation): "the peer broke the protocol: \(violation)"
    case .idle: "nothing was received for the idle limit"
    case .tooSlow: "the peer did not read its data fast enough"
    case .replaced: "another connection to the peer is kept"
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
