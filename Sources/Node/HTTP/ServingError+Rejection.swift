import API
import Gossip
import Ledger
import Replication

// HTTP errors for requests that the ledger, the mempool or the order book rejects.
extension ServingError {
  init(_ rejection: Rejection) {
    let code = rejection.code
    let text = rejection.description
    self = .rejected(code: code.number, codespace: code.space.rawValue, message: text)
  }

  /// The error of a failed transaction; nil when it succeeded.
  init?(_ receipt: Receipt) {
    guard !receipt.isSuccess else { return nil }
    self = .rejected(code: receipt.code, codespace: receipt.codespace, message: receipt.log)
  }

  /// The error of a transaction that is not in the mempool; nil when it is.
  init?(_ admission: Admission) {
    switch admission {
    case .accepted, .known, .refused(.added), .refused(.duplicate): return nil
    case .rejected(let rejection): self.init(rejection)
    case .refused(.full): self = .busy("the mempool is full; try again in a moment")
    case .refused(.senderFull):
      self = .busy("the sender has too many waiting transactions; try again in a moment")
    case .refused(.stale(let expected)):
      self = .sequence("the sequence number was used already, the next one is \(expected)")
    case .refused(.sequenceTaken):
      self = .sequence("another waiting transaction of the sender has this sequence number")
    }
  }

  /// The ledger's error of a wrong sequence number, by which a wallet knows that it must sign again.
  private static func sequence(_ message: String) -> ServingError {
    .rejected(code: 32, codespace: "sdk", message: message)
  }

  /// The error of an object that is not in the order book; nil when it is.
  init?(_ outcome: BookOutcome) {
    switch outcome {
    case .judged(.accepted), .judged(.replaced), .judged(.duplicate): return nil
    case .judged(.refused(let refusal)):
      let message = "the order book rejects it: \(Self.reason(refusal))"
      self = .rejected(code: 1, codespace: "book", message: message)
    case .judged(.inadmissible(let rejection)): self.init(rejection)
    case .malformed: self = .invalid("the object's body cannot be decoded as its kind", fix: nil)
    }
  }

  private static func reason(_ refusal: OrderBook.Refusal) -> String {
    switch refusal {
    case .wrongSigner: "it is not signed by the account that it speaks for"
    case .expired: "it has expired"
    case .expiresTooFar: "it expires too far in the future"
    case .withdrawn: "its signer has withdrawn it"
    case .orderClosed: "its order was agreed, withdrawn or has expired"
    case .accountFull: "the account has the maximum number of live objects"
    case .tooDear: "the order has the maximum number of bids, all cheaper"
    case .notNewer: "the signer's current object is as new or newer"
    case .notOwner: "it withdraws an object of another signer"
    case .withdrawalTooShort: "a withdrawal must not expire before the object that it withdraws"
    case .bookFull: "the order book is full, and no account holds more of it than the signer"
    case .tooLarge: "it is too large"
    }
  }
}
