public import Chain
public import Cryptography

extension OrderBook {
  /// What became of an object that was put to the book. `Reason` is the ledger's own kind of refusal.
  public enum Outcome<Reason: Sendable>: Sendable {
    case accepted
    /// Accepted in the place of an older one of the same author.
    case replaced(Digest)
    case duplicate
    case refused(Refusal)
    /// The committed state speaks against it.
    case inadmissible(Reason)

    public var isLive: Bool {
      switch self {
      case .accepted, .replaced: true
      case .duplicate, .refused, .inadmissible: false
      }
    }

    /// What dissemination is told: to forward the object, to drop it, or that the sender is at fault.
    public var judgement: Judgement {
      switch self {
      // An object that the book has already is live, so gossip is to hold it too.
      case .accepted, .replaced, .duplicate: .accepted
      case .refused(.wrongSigner): .malformed
      case .refused, .inadmissible: .refused
      }
    }
  }

  /// Why the book, whatever the ledger says, does not take an object.
  public enum Refusal: Hashable, Sendable {
    /// Not signed by the account that it speaks for.
    case wrongSigner
    case expired
    /// Expires later than `Limits.lifetime` from now.
    case expiresTooFar
    /// The author took it back.
    case withdrawn
    /// Its order was agreed, withdrawn or has expired.
    case orderClosed
    /// The account has as many live orders, bids or withdrawals as it may have.
    case accountFull
    /// The order has enough cheaper bids.
    case tooDear
    /// The author's present bid, offer or withdrawal is as new or newer.
    case notNewer
    /// Someone else's object.
    case notOwner
    /// A withdrawal must outlive what it withdraws, or a copy could come back.
    case withdrawalTooShort
    /// The book is full, and the author holds no less of it than others.
    case bookFull
    case tooLarge
  }

  /// What a change of the book tells those who follow it. Events come in the order of the changes; each carries the
  /// object that it is about, so that nobody has to look it up. Every identifier that was added is removed once.
  public enum Event: Hashable, Sendable {
    case orderAdded(Signed<Order>)
    case bidAdded(Signed<Bid>)
    /// A bid whose order has not arrived; `bidAdded` follows if it does.
    case bidHeld(Signed<Bid>)
    case withdrawalAdded(Signed<Withdrawal>)
    case offerUpdated(Signed<Offer>)
    case removed(Signed<MarketObject>, Removal)
  }

  /// A signed object with its body already decoded.
  public struct Signed<Content: Hashable & Sendable>: Hashable, Sendable {
    public let object: SignedObject
    /// What the body of `object` says.
    public let content: Content

    public init(_ object: SignedObject, _ content: Content) {
      self.object = object
      self.content = content
    }

    public var identifier: Digest { object.identifier }
  }

  public enum Removal: String, Hashable, Sendable, CaseIterable {
    case expired
    case withdrawn
    /// A newer one of the same author stands in its place.
    case replaced
    /// Cheaper bids filled the order.
    case outbid
    /// The order is agreed or closed, and its bids with it.
    case closed
    /// Made room for accounts that hold less.
    case evicted
    /// The order came and the ledger does not admit this bid for it.
    case inadmissible

    /// As answers spell it.
    public var name: String { rawValue }
  }
}
