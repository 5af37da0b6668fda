import Cryptography
import Primitives
import Wire

extension Transaction {
  /// Takes a signed transaction apart: `TxRaw` with one Ed25519 signer in direct mode, by whom every message
  /// is.
  ///
  /// The signature is not checked. `TxRaw` must be in canonical form (ADR-027 of the Cosmos SDK); the rest is
  /// under the signature, so that nobody but the signer can give one transaction two hashes.
  public init(decoding bytes: [UInt8], chain: ChainID) throws(TransactionError) {
    let raw: Cosmos_Tx_V1beta1_TxRaw
    let body: Cosmos_Tx_V1beta1_TxBody
    let authorization: Cosmos_Tx_V1beta1_AuthInfo
    do throws(DecodingError) {
      raw = try Cosmos_Tx_V1beta1_TxRaw(canonical: bytes, limit: WireLimits.transactionBytes)
      body = try Cosmos_Tx_V1beta1_TxBody(complete: raw.bodyBytes.array, limit: WireLimits.transactionBytes)
      authorization = try Cosmos_Tx_V1beta1_AuthInfo(
        complete: raw.authInfoBytes.array,
        limit: WireLimits.transactionBytes
      )
    } catch {
      throw .malformed(error)
    }
    let signer = try Self.signer(of: authorization)
    guard raw.signatures.count == 1, let signature = Signature(raw.signatures[0].array) else {
      throw .unsupportedSigner
    }
    let sender = Address(signer)
    self.init(
      encoded: bytes,
      actions: try Self.actions(of: body, sender: sender, chain: chain),
      memo: body.memo,
      timeoutHeight: body.timeoutHeight,
      signer: signer,
      sequence: authorization.signerInfos[0].sequence,
      fee: try Fee(authorization.fee, sender: sender),
      signature: signature,
      signBytes: Self.signBytes(
        body: raw.bodyBytes.array,
        authorization: raw.authInfoBytes.array,
        chain: chain
      )
    )
  }

  /// The key of the one signer.
  private static func signer(
    of authorization: Cosmos_Tx_V1beta1_AuthInfo
  ) throws(TransactionError) -> PublicKey {
    guard authorization.signerInfos.count == 1 else { throw .unsupportedSigner }
    let info = authorization.signerInfos[0]
    guard info.modeInfo.single.mode == .direct else { throw .unsupportedSigner }
    do throws(DecodingError) {
      return try PublicKey(info.publicKey.typed, "public_key")
    } catch {
      throw .unsupportedSigner
    }
  }

  private static func actions(
    of body: Cosmos_Tx_V1beta1_TxBody,
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
    // Critical by their definition: who does not know one must refuse it.
    guard body.extensionOptions.isEmpty else { throw .malformed(.invalid(field: "extension_options")) }
    var actions: [Action] = []
    for message in body.messages {
      let action = try Action(message.typed, chain: chain)
      guard action.signer == sender else { throw .signerMismatch }
      actions.append(action)
    }
    return actions
  }

  /// The `SignDoc`: both parts as they are sent, the chain and account number 0, which proto3 leaves out.
  static func signBytes(body: [UInt8], authorization: [UInt8], chain: ChainID) -> [UInt8] {
    var document = Cosmos_Tx_V1beta1_SignDoc()
    document.bodyBytes = .init(wire: body)
    document.authInfoBytes = .init(wire: authorization)
    document.chainID = chain.text
    return document.encoded
  }
}

extension Fee {
  fileprivate init(_ wire: Cosmos_Tx_V1beta1_Fee, sender: Address) throws(TransactionError) {
    guard wire.amount.count <= 1 else { throw .invalidFee }
    do throws(DecodingError) {
      var amount: Coin?
      for coin in wire.amount { amount = try Field.coin(coin, "fee") }
      let payer = try Field.optionalAddress(wire.payer, "payer")
      guard payer == nil || payer == sender else { throw .invalid(field: "payer") }
      self.init(
        amount: amount,
        gasLimit: wire.gasLimit,
        granter: try Field.optionalAddress(wire.granter, "granter")
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
