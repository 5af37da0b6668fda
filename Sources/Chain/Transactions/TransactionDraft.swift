public import Cryptography
import Primitives
import Wire

/// A transaction before it is signed.
public struct TransactionDraft: Hashable, Sendable {
  /// 1 to 16 actions. The account that will sign must be the signer of each.
  public var actions: [Action]
  /// A note for people; at most 256 bytes.
  public var memo: String
  /// The last height at which the transaction may be in a block; 0 for no limit.
  public var timeoutHeight: Height
  /// The account's sequence number.
  public var sequence: UInt64
  public var fee: Fee

  public init(actions: [Action], memo: String = "", timeoutHeight: Height = 0, sequence: UInt64, fee: Fee) {
    self.actions = actions
    self.memo = memo
    self.timeoutHeight = timeoutHeight
    self.sequence = sequence
    self.fee = fee
  }

  /// Signs the draft without checking it: decoding the result can fail.
  public func signed(by key: SigningKey, chain: ChainID) -> Transaction {
    signed(by: key.publicKey, chain: chain) { key.sign($0) }
  }

  /// Signs the draft with a key outside this process: `sign` returns the signature for the bytes of the
  /// `SignDoc`.
  public func signed(
    by signer: PublicKey,
    chain: ChainID,
    sign: (_ signBytes: [UInt8]) -> Signature
  ) -> Transaction {
    var raw = Cosmos_Tx_V1beta1_TxRaw()
    let body = bodyBytes
    let authorization = authorizationBytes(signer)
    let signBytes = Transaction.signBytes(body: body, authorization: authorization, chain: chain)
    let signature = sign(signBytes)
    raw.bodyBytes = .init(wire: body)
    raw.authInfoBytes = .init(wire: authorization)
    raw.signatures = [.init(wire: signature.bytes)]
    return Transaction(
      encoded: raw.encoded,
      actions: actions,
      memo: memo,
      timeoutHeight: timeoutHeight,
      signer: signer,
      sequence: sequence,
      fee: fee,
      signature: signature,
      signBytes: signBytes
    )
  }

  private var bodyBytes: [UInt8] {
    var body = Cosmos_Tx_V1beta1_TxBody()
    body.messages = actions.map { .init($0.message) }
    body.memo = memo
    body.timeoutHeight = timeoutHeight
    return body.encoded
  }

  private func authorizationBytes(_ signer: PublicKey) -> [UInt8] {
    var info = Cosmos_Tx_V1beta1_SignerInfo()
    info.publicKey = .init(signer.typed)
    info.modeInfo.single.mode = .direct
    info.sequence = sequence
    var authorization = Cosmos_Tx_V1beta1_AuthInfo()
    authorization.signerInfos = [info]
    authorization.fee = fee.wire
    return authorization.encoded
  }
}
