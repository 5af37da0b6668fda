public import Chain
public import Cryptography
public import Primitives

/// The judgement of the ledger and the order book on an authentic object. Only accepted objects are
/// forwarded.
public enum Judgement: Hashable, Sendable {
  /// The object is live on this node and is forwarded.
  case accepted
  /// Not live by this node's state: for example expired, without balance, or with a higher price than the
  /// bids that are kept. The sender is not at fault, since its state may differ.
  case refused
  /// Wrong in any state: for example, the body cannot be decoded, or the signer is not the owner. The sender
  /// is at fault.
  case malformed
}

extension GossipCore {
  /// The inputs of gossip. Each is handled at the instant that its turn carries.
  public enum Input: Sendable {
    /// An authenticated session is open. At most one per peer: the transport closes duplicates.
    case connected(PeerID, Connection)
    case disconnected(PeerID)
    case dialFailed(Dial)
    /// A decoded gossip frame. A frame that cannot be decoded is reported as `.misbehaved(peer,
    /// .malformedFrame)`.
    case received(GossipMessage, from: PeerID)
    /// The answer to `.verify`: the decoded body of the object, or nil when a signature is invalid.
    case verified(Digest, ObjectContent?)
    /// The answer to `.deliver`.
    case judged(Digest, Judgement)
    /// An object that a user published through this node, and that the order book of this node has accepted.
    case published(SignedObject)
    /// Objects that the order book held before a restart. They are sent on request, but not spread again.
    case restored([SignedObject])
    /// Objects that the order book no longer holds: they expired, or were replaced, withdrawn or agreed.
    case retired([Digest])
    /// The node keys that the chain vouches for; `mesh` are those to which a validator keeps direct links.
    case chainKnows(peers: [PeerID], mesh: [PeerID])
    /// The time of the newest committed block, by which node records expire.
    case committed(Timestamp)
    /// Another module found that the peer is at fault.
    case misbehaved(PeerID, Fault)
    /// The instant of a timer that `.schedule` set is reached.
    case fired(Timer)
  }

  /// The effects that gossip asks its caller to perform, in order.
  public enum Effect: Hashable, Sendable {
    /// Send the message. `.datagram` messages have at most 1,150 bytes and may be lost; without a UDP session
    /// the caller sends them over the stream.
    case send(PeerID, GossipMessage, via: Delivery)
    /// Check the signature and decode the body, both off the replica's thread, then answer with `.verified`.
    case verify(SignedObject)
    /// Judge an authentic order, bid, withdrawal or offer, or a node record with a voucher, and answer with
    /// `.judged`.
    /// `from` is nil when that peer has gone meanwhile.
    case deliver(SignedObject, ObjectContent, from: PeerID?)
    /// The node record of this peer contains this voucher with a valid signature, but is not forwarded.
    case vouched(PeerID, NodeVoucher)
    case dial(Dial)
    case disconnect(PeerID, CloseReason)
    /// Give `.fired(timer)` at the instant. A later request for the same timer does not cancel an earlier
    /// one.
    case schedule(Timer, at: Instant)
    /// A fault of the peer, for metrics and logs. The peer's score already includes it.
    case fault(PeerID, Fault)
  }

  public typealias Turn = Primitives.Turn<Effect>

  public enum Delivery: Hashable, Sendable {
    case datagram
    case stream
  }

  /// One timer for each state machine of gossip that needs one.
  public enum Timer: Hashable, Sendable, CaseIterable {
    case dissemination
    case reconciliation
    case peers
  }
}
