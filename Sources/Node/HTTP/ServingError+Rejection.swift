import API
import Gossip
import Ledger
import Replication

// HTTP errors for what the ledger, the mempool and the order book refuse.
extension ServingError {
  init(_ rejection: Rejection) {
    self = .rejected(
      code: rejection.code.number,
      codespace: rejection.code.space.rawValue,
      message: rejection.description
    )
  }

  /// Nil for a transaction that succeeded.
  init?(_ receipt: Receipt) {
    guard !receipt.isSuccess else { return nil }
    self = .rejected(code: receipt.code, codespace: receipt.codespace, message: receipt.log)
  }

  /// Nil for a transaction that is in the mempool.
  init?(_ admission: Admission) {
    switch admission {
    case .accepted, .known, .refused(.added), .refused(.duplicate): return nil
    case .rejected(let rejection): self.init(rejection)
    case .refused(.full): self = .busy("the mempool is full; try again in a moment")
    case .refused(.senderFull):
      self = .busy("as many transactions of the sender wait as may; try again in a moment")
    case .refused(.stale(let expected)):
      self = .invalid("the sequence number is used already", fix: "the next one is \(expected)")
    case .refused(.sequenceTaken):
      self = .invalid("another transaction of the sender has the sequence number", fix: "use the next one")
    }
  }

  /// Nil for an object that is in the book.
  init?(_ outcome: BookOutcome) {
    switch outcome {
    case .judged(.accepted), .judged(.replaced), .judged(.duplicate): return nil
    case .judged(.refused(let refusal)):
      self = .rejected(
        code: 1,
        codespace: "book",
        message: "the order book refuses it: \(Self.reason(refusal))"
      )
    case .judged(.inadmissible(let rejection)): self.init(rejection)
    case .malformed: self = .invalid("the object's body is not what its kind says", fix: nil)
    }
  }

  private static func reason(_ refusal: OrderBook.Refusal) -> String {
    switch refusal {
    case .wrongSigner: "it is not signed by the account that it speaks for"
    case .expired: "it has expired"
    case .expiresTooFar: "it expires too far in the future"
    case .withdrawn: "its author took it back"
    case .orderClosed: "its order was agreed, withdrawn or has expired"
    case .accountFull: "the account has as many live objects as it may have"
    case .tooDear: "the order has enough cheaper bids"
    case .notNewer: "the author's present one is as new or newer"
    case .notOwner: "it takes back what is another's"
    case .withdrawalTooShort: "a withdrawal must outlive what it takes back"
    case .bookFull: "the book is full, and the author holds no less of it than others"
    case .tooLarge: "it is too large"
    }
  }
}
