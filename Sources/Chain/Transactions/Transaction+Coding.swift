public import Cryptography
import Primitives
import Wire

extension Transaction {
  /// Decodes a signed transaction: `TxRaw` with one Ed25519 signer in direct mode, who must be the signer of
  /// every message.
  ///
  /// The signature is not checked. `TxRaw` must be in canonical form (ADR-027 of the Cosmos SDK), and the
  /// signature covers body and authorization. So only the signer can make a second transaction, with another
  /// hash, of the same content.
  ///
  /// `hash` is the SHA-256 hash of `bytes`; nil when it must be computed.
  public init(decoding bytes: [UInt8], chain: ChainID, hash: Digest? = nil) throws(TransactionError) {
    guard bytes.count <= WireLimits.transactionBytes else {
      throw .malformed(.outOfRange(field: "cosmos.tx.v1beta1.TxRaw"))
    }
    let envelope: Envelope
    let body: TransactionBody
    let authorization: Authorization
    do throws(DecodingError) {
      envelope = try Envelope(bytes)
      body = try TransactionBody(envelope.body)
      authorization = try Authorization(envelope.authorization)
    } catch {
      throw .malformed(error)
    }
    guard authorization.signers.count == 1, authorization.signers[0].mode == Authorization.Signer.direct,
      let signer = try? PublicKey(authorization.signers[0].key, "public_key"),
      envelope.signatures.count == 1, let signature = Signature(envelope.signatures[0])
    else { throw .unsupportedSigner }
    let sender = Address(signer)
    self.init(
      encoded: bytes,
      hash: hash,
      actions: try Self.actions(of: body, sender: sender, chain: chain),
      memo: body.memo,
      timeoutHeight: body.timeoutHeight,
      signer: signer,
      sequence: authorization.signers[0].sequence,
      fee: try Fee(authorization.payment, sender: sender),
      signature: signature,
      signBytes: envelope.signBytes(on: chain)
    )
  }

  private static func actions(
    of body: TransactionBody,
    sender: Address,
    chain: ChainID
  ) throws(TransactionError) -> [Action] {
    guard !body.messages.isEmpty else { throw .noMessages }
    guard body.messages.count <= ChainLimits.messages else {
      throw .tooManyMessages(limit: ChainLimits.messages)
    }
    guard body.memo.utf8.count <= ChainLimits.memoBytes else {
      throw .memoTooLong(limit: ChainLimits.memoBytes)
    }
    // A program that does not know a critical extension must reject it.
    guard !body.hasExtensions else { throw .malformed(.invalid(field: "extension_options")) }
    var actions: [Action] = []
    for message in body.messages {
      let action = try Action(message, chain: chain)
      guard action.signer == sender else { throw .signerMismatch }
      actions.append(action)
    }
    return actions
  }

  /// The `SignDoc`: body and authorization as they are sent, the chain's name, and account number 0, which
  /// proto3 leaves out.
  static func signBytes(body: [UInt8], authorization: [UInt8], chain: ChainID) -> [UInt8] {
    var document = Cosmos_Tx_V1beta1_SignDoc()
    document.bodyBytes = .init(wire: body)
    document.authInfoBytes = .init(wire: authorization)
    document.chainID = chain.text
    return document.encoded
  }
}

extension Fee {
  fileprivate init(_ payment: Authorization.Payment, sender: Address) throws(TransactionError) {
    guard payment.coins.count <= 1 else { throw .invalidFee }
    do throws(DecodingError) {
      var amount: Coin?
      for coin in payment.coins { amount = try Field.coin(coin, "fee") }
      let payer = try Field.optionalAddress(payment.payer, "payer")
      guard payer == nil || payer == sender else { throw .invalid(field: "payer") }
      self.init(
        amount: amount,
        gasLimit: payment.gasLimit,
        granter: try Field.optionalAddress(payment.granter, "granter")
      )
    } catch {
      throw .invalidFee
    }
  }

  var wire: Cosmos_Tx_V1beta1_Fee {
    var wire = Cosmos_Tx_V1beta1_Fee()
    if let amount { wire.amount = [amount.wire] }
    wire.gasLimit = gasLimit
    wire.granter = granter?.text() ?? ""
    return wire
  }
}
