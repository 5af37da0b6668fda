public import Chain
public import Cryptography

extension OrderBook {
  /// The result of inserting an object. `Reason` is the type of the ledger's reasons for not admitting it.
  public enum Outcome<Reason: Sendable>: Sendable {
    case accepted
    /// The object was accepted and replaced the object with this identifier by the same author.
    case replaced(Digest)
    case duplicate
    case refused(Refusal)
    /// The ledger does not admit the object by the committed state.
    case inadmissible(Reason)

    public var isLive: Bool {
      switch self {
      case .accepted, .replaced: true
      case .duplicate, .refused, .inadmissible: false
      }
    }

    /// The judgement for gossip: forward the object, drop it, or count a fault of the sender.
    public var judgement: Judgement {
      switch self {
      // A duplicate is live in the book, so gossip should hold it too.
      case .accepted, .replaced, .duplicate: .accepted
      case .refused(.wrongSigner): .malformed
      case .refused, .inadmissible: .refused
      }
    }
  }

  /// The reasons of the book itself, without the ledger, to refuse an object.
  public enum Refusal: Hashable, Sendable {
    /// The signer is not the account that the order, bid or offer names.
    case wrongSigner
    case expired
    /// Expires later than `Limits.lifetime` from now.
    case expiresTooFar
    /// The author has withdrawn the object.
    case withdrawn
    /// The bid's order is no longer live: it was agreed to or withdrawn, or it has expired.
    case orderClosed
    /// The account has reached its limit of live orders, bids or withdrawals.
    case accountFull
    /// The order has its full number of bids, and all of them are cheaper.
    case tooDear
    /// The author's present bid, offer or withdrawal is as new or newer.
    case notNewer
    /// The object to withdraw belongs to another account or cannot be withdrawn.
    case notOwner
    /// The withdrawal expires before the object that it withdraws, so that a copy could be inserted again.
    case withdrawalTooShort
    /// The book is full, and no account with more bytes than the author's can make room.
    case bookFull
    case tooLarge
  }

  /// A change of the book, for its watchers. Events come in the order of the changes and carry the whole
  /// object. Every identifier that was added is removed once.
  public enum Event: Hashable, Sendable {
    case orderAdded(Signed<Order>)
    case bidAdded(Signed<Bid>)
    /// A bid whose order has not arrived; `bidAdded` follows if it does.
    case bidHeld(Signed<Bid>)
    case withdrawalAdded(Signed<Withdrawal>)
    case offerUpdated(Signed<Offer>)
    case removed(Signed<MarketObject>, RemovalReason)
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

  public enum RemovalReason: String, Hashable, Sendable, CaseIterable {
    case expired = "expired"
    case withdrawn = "withdrawn"
    /// A newer object of the same author replaced it.
    case replaced = "replaced"
    /// The order has its full number of cheaper bids.
    case outbid = "outbid"
    /// The order was agreed; or it is a bid whose order was removed before it expired.
    case closed = "closed"
    /// Removed to make room for an account that holds less.
    case evicted = "evicted"
    /// The ledger does not admit the bid now that its order has arrived, or no longer admits the object.
    case inadmissible = "inadmissible"

    /// The name in the answers of the API.
    public var name: String { rawValue }
  }
}
