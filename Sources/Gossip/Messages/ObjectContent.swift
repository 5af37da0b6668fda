public import Chain

/// The decoded body of a gossiped object.
///
/// A node decodes a body once, when it checks the signature, and passes the content on with the object.
public indirect enum ObjectContent: Hashable, Sendable {
  case market(MarketObject)
  case nodeRecord(NodeRecord)
  /// The body cannot be decoded as the object's kind.
  case malformed

  /// Decodes the body without a check of the signature.
  public init(_ object: SignedObject) {
    switch object.kind {
    case .nodeRecord: self = (try? NodeRecord(decoding: object.body)).map { .nodeRecord($0) } ?? .malformed
    case .order, .bid, .withdrawal, .offer:
      self = (try? MarketObject(object)).map { .market($0) } ?? .malformed
    }
  }

  /// Checks the signature of an object and decodes its body. Nil when the signature is invalid, or when the
  /// object is a node record with a voucher whose signature is invalid: such a record is refused as a whole.
  ///
  /// Both signatures are checked for `chain`. It must be the chain that was passed to
  /// `SignedObject(decoding:chain:)`.
  public init?(of object: SignedObject, on chain: ChainID, checkedBy checks: Checks) {
    guard object.isAuthentic(on: chain, by: checks) else { return nil }
    self.init(object)
    guard case .nodeRecord(let record) = self, let voucher = record.voucher else { return }
    guard voucher.hasValidSignature(for: object.key, on: chain, by: checks) else { return nil }
  }
}
