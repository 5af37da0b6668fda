/// The kind of object that a signature is for. The signed bytes begin with its tag, so that a signature of
/// one kind is never valid for another.
///
/// Transactions are signed without a tag, since they have the form of the Cosmos SDK's `SignDoc`. Its first
/// byte is 0x0A, with which no tag begins.
public enum SigningDomain: String, CaseIterable, Sendable {
  case prevote = "sc/prevote......"
  case precommit = "sc/precommit...."
  case proposal = "sc/proposal....."
  case order = "sc/order........"
  case bid = "sc/bid.........."
  case withdrawal = "sc/withdrawal..."
  case offer = "sc/offer........"
  case nodeRecord = "sc/node-record.."
  case handshakeInitiator = "sc/hs-initiator."
  case handshakeResponder = "sc/hs-responder."
  case validatorProof = "sc/validator...."
  case providerProof = "sc/provider....."

  /// The tag: 16 ASCII bytes.
  public var tag: [UInt8] { Array(rawValue.utf8) }

  /// The bytes that are signed: tag (16), SHA-256 of the chain's name (32), body.
  public func message(chain: String, _ body: some Collection<UInt8>) -> [UInt8] {
    var message: [UInt8] = []
    message.reserveCapacity(48 + body.count)
    message.append(contentsOf: rawValue.utf8)
    message.append(contentsOf: Digest.sha256(chain.utf8).bytes)
    message.append(contentsOf: body)
    return message
  }
}
