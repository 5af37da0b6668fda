public import Cryptography
public import Primitives

/// The fee for including a transaction in a block.
public struct Fee: Hashable, Sendable {
  /// The fee; nil for none.
  public var amount: Coin?
  /// The gas limit that wallets state. It is recorded but has no effect.
  public var gasLimit: UInt64
  /// The account whose fee grant pays; nil when the signer pays.
  public var granter: Address?

  public init(amount: Coin?, gasLimit: UInt64 = 200_000, granter: Address? = nil) {
    self.amount = amount
    self.gasLimit = gasLimit
    self.granter = granter
  }
}

/// A signed transaction (`TxRaw`, SIGN_MODE_DIRECT, one signer), with its bytes as received.
public struct Transaction: Hashable, Sendable {
  public let encoded: [UInt8]
  /// The SHA-256 digest of `encoded`, by which wallets know it.
  public let hash: Digest
  public let actions: [Action]
  public let memo: String
  /// The last height at which the transaction may be in a block; 0 for no limit.
  public let timeoutHeight: Height
  public let signer: PublicKey
  /// The sequence number; it must equal that of the account.
  public let sequence: UInt64
  public let fee: Fee
  public let signature: Signature
  /// The bytes that the signature covers: the `SignDoc` with account number 0.
  public let signBytes: [UInt8]

  public var sender: Address { Address(signer) }

  /// `hash` is the SHA-256 digest of `encoded`; nil when it must be computed.
  init(
    encoded: [UInt8],
    hash: Digest? = nil,
    actions: [Action],
    memo: String,
    timeoutHeight: Height,
    signer: PublicKey,
    sequence: UInt64,
    fee: Fee,
    signature: Signature,
    signBytes: [UInt8]
  ) {
    self.encoded = encoded
    self.hash = hash ?? Digest.sha256(encoded)
    self.actions = actions
    self.memo = memo
    self.timeoutHeight = timeoutHeight
    self.signer = signer
    self.sequence = sequence
    self.fee = fee
    self.signature = signature
    self.signBytes = signBytes
  }
}

/// Why bytes are not a valid transaction.
public enum TransactionError: Error, Hashable, Sendable {
  case malformed(DecodingError)
  /// A message type that this version does not know.
  case unknownMessage(type: String)
  /// A message has an illegal field.
  case invalidMessage(type: String, field: String)
  /// The transaction does not have exactly one signature in direct mode by an Ed25519 key.
  case unsupportedSigner
  /// A message must be signed by another account than the one that signed the transaction.
  case signerMismatch
  case noMessages
  case tooManyMessages(limit: Int)
  case memoTooLong(limit: Int)
  case invalidFee
  /// The signature is not valid for this chain.
  case forged
}
