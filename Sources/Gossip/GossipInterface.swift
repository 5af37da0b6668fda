public import Chain
public import Cryptography
public import Primitives

/// What the ledger and the order book say of an authentic object. Only accepted ones are forwarded.
public enum Judgement: Hashable, Sendable {
  /// Live here; forwarded.
  case accepted
  /// Not live by this node's state, such as expired, without balance, or dearer than the bids that are kept. The sender is
  /// not at fault: its state may differ.
  case refused
  /// Wrong in any state, such as a body that does not decode or a signer that is not the owner. The sender is at fault.
  case malformed
}

extension GossipCore {
  /// What gossip is told. Each call carries the instant of its handling.
  public enum Input: Sendable {
    /// An authenticated session is open. At most one per peer: the transport closes duplicates.
    case connected(PeerID, Connection)
    case disconnected(PeerID)
    case dialFailed(Dial)
    /// A decoded frame. One that does not decode is reported as `.misbehaved(peer, .malformedFrame)`.
    case received(GossipMessage, from: PeerID)
    /// The answer to `.verify`: the decoded body of the object, or nil when a signature is invalid.
    case verified(Digest, ObjectContent?)
    /// The answer to `.deliver`.
    case judged(Digest, Judgement)
    /// An object of our own, signed here and accepted by our book.
    case published(SignedObject)
    /// Objects that the book held before a restart; they are supplied to others, not spread again.
    case restored([SignedObject])
    /// Objects that the book no longer holds: expired, replaced, withdrawn, agreed.
    case retired([Digest])
    /// Node keys that the chain vouches for, and those that a validator keeps direct links to.
    case chainKnows(peers: [PeerID], mesh: [PeerID])
    /// The time of a committed block; node records expire by it.
    case committed(Timestamp)
    /// Another room found a peer at fault.
    case misbehaved(PeerID, Fault)
    /// A timer that `.schedule` asked for.
    case fired(Timer)
  }

  /// What gossip wants done, in order.
  public enum Effect: Hashable, Sendable {
    /// `.datagram` messages fit 1,150 bytes and may be lost; without a UDP session they go over the stream.
    case send(PeerID, GossipMessage, via: Delivery)
    /// Check the signature, decode the body, both off the replica's thread, and answer with `.verified`.
    case verify(SignedObject)
    /// Judge an authentic order, bid, withdrawal or offer, or a node record with a voucher, and answer with
    /// `.judged`.
    /// `from` is nil when that peer has gone meanwhile.
    case deliver(SignedObject, ObjectContent, from: PeerID?)
    /// A node record that is not to be forwarded has a voucher, whose signature holds.
    case vouched(PeerID, NodeVoucher)
    case dial(Dial)
    case disconnect(PeerID, CloseReason)
    /// Wake with `.fired(timer)` at the instant; a later one for the same timer does not cancel an earlier one.
    case schedule(Timer, at: Instant)
    /// Already counted in the peer's score; for metrics and logs.
    case fault(PeerID, Fault)
  }

  public typealias Turn = Primitives.Turn<Effect>

  public enum Delivery: Hashable, Sendable {
    case datagram
    case stream
  }

  /// One timer per machine.
  public enum Timer: Hashable, Sendable, CaseIterable {
    case dissemination
    case reconciliation
    case peers
  }
}
