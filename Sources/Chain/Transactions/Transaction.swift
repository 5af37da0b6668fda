public import Cryptography
public import Primitives

/// What a signer pays to have a transaction included.
public struct Fee: Hashable, Sendable {
  /// At most one coin.
  public var amount: Coin?
  /// Ceiling that wallets state; recorded, not metered.
  public var gasLimit: UInt64
  /// Whose fee grant pays, when it is not the signer.
  public var granter: Address?

  public init(amount: Coin?, gasLimit: UInt64 = 200_000, granter: Address? = nil) {
    self.amount = amount
    self.gasLimit = gasLimit
    self.granter = granter
  }
}

/// A signed transaction, kept as the bytes that were received (`TxRaw`, SIGN_MODE_DIRECT, one signer).
public struct Transaction: Hashable, Sendable {
  public let encoded: [UInt8]
  /// SHA-256 of `encoded`, as wallets compute it.
  public let hash: Digest
  public let actions: [Action]
  public let memo: String
  /// The last height at which it may be included; 0 for no limit.
  public let timeoutHeight: Height
  public let signer: PublicKey
  /// Must equal the account's sequence number.
  public let sequence: UInt64
  public let fee: Fee
  public let signature: Signature
  /// The bytes that the signature covers: the `SignDoc` with account number 0.
  public let signBytes: [UInt8]

  public var sender: Address { Address(signer) }

  /// Whether the signature is the signer's.
  public var isAuthentic: Bool { signer.verifies(signature, of: signBytes) }

  init(
    encoded: [UInt8],
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
    hash = Digest.sha256(encoded)
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

/// Why bytes are not a transaction that the ledger could look at.
public enum TransactionError: Error, Hashable, Sendable {
  case malformed(DecodingError)
  /// A message type that this version does not know.
  case unknownMessage(type: String)
  /// A message has an illegal field.
  case invalidMessage(type: String, field: String)
  /// Not exactly one signature in direct mode by an Ed25519 key.
  case unsupportedSigner
  /// Messages of one transaction must have one signer, the one that signs.
  case signerMismatch
  case noMessages
  case tooManyMessages(limit: Int)
  case memoTooLong(limit: Int)
  case invalidFee
}
