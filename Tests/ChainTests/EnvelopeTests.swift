import Chain
import Cryptography
import Primitives
import Testing
import Wire

/// The envelope is read by hand; the generated code says what it should have read.
@Suite struct EnvelopeTests {
  /// What the generated code makes of the bytes; nil where it refuses them.
  private struct Reading {
    let body: Cosmos_Tx_V1beta1_TxBody
    let authorization: Cosmos_Tx_V1beta1_AuthInfo
    let document: [UInt8]

    init?(_ bytes: [UInt8]) {
      guard let raw = try? Cosmos_Tx_V1beta1_TxRaw(canonical: bytes, limit: WireLimits.transactionBytes),
        let body = try? Cosmos_Tx_V1beta1_TxBody(complete: raw.bodyBytes.array, limit: bytes.count),
        let authorization = try? Cosmos_Tx_V1beta1_AuthInfo(
          complete: raw.authInfoBytes.array,
          limit: bytes.count
        )
      else { return nil }
      // The generated code drops what does not fit into 64 bits; fields in another order have the same bytes.
      guard body.encoded.sorted() == raw.bodyBytes.array.sorted(),
        authorization.encoded.sorted() == raw.authInfoBytes.array.sorted()
      else { return nil }
      self.body = body
      self.authorization = authorization
      var document = Cosmos_Tx_V1beta1_SignDoc()
      document.bodyBytes = raw.bodyBytes
      document.authInfoBytes = raw.authInfoBytes
      document.chainID = Samples.chain.text
      self.document = document.encoded
    }
  }

  private func compare(_ bytes: [UInt8], _ note: String) {
    let reading = Reading(bytes)
    do throws(TransactionError) {
      let transaction = try Transaction(decoding: bytes, chain: Samples.chain)
      #expect(transaction.memo == reading?.body.memo, "\(note)")
      #expect(transaction.timeoutHeight == reading?.body.timeoutHeight, "\(note)")
      #expect(transaction.actions.count == reading?.body.messages.count, "\(note)")
      #expect(transaction.sequence == reading?.authorization.signerInfos.first?.sequence, "\(note)")
      #expect(transaction.fee.gasLimit == reading?.authorization.fee.gasLimit, "\(note)")
      #expect(transaction.signBytes == reading?.document, "\(note)")
    } catch {
      var isMalformed = false
      if case .malformed(let reason) = error { isMalformed = reason != .invalid(field: "extension_options") }
      #expect(isMalformed == (reading == nil), "\(note): \(error)")
    }
  }

  @Test(
    arguments: 700..<712 as Range<UInt64>
  )
  func `hand and generator agree on what is an envelope and what is in it`(seed: UInt64) {
    var samples = Samples(seed: seed)
    let key = samples.pick(Samples.keys)
    var draft = samples.draft(by: key.address)
    // Short messages, so that changes hit the envelope.
    draft.actions = [.unjail(validator: key.address)]
    draft.memo = samples.text(0...12)
    let bytes = draft.signed(by: key, chain: Samples.chain).encoded
    compare(bytes, "seed \(seed)")
    for variant in HostileBytesTests.variants(of: bytes, seed: seed) {
      compare(variant, "seed \(seed): \(Hex.encode(variant))")
    }
  }

  @Test func `options that may be ignored are, others are not`() throws {
    let draft = TransactionDraft(
      actions: [.unjail(validator: Samples.keys[0].address)],
      sequence: 0,
      fee: Fee(amount: nil)
    )
    let bytes = draft.signed(by: Samples.keys[0], chain: Samples.chain).encoded
    var raw = try Cosmos_Tx_V1beta1_TxRaw(decoding: bytes, limit: bytes.count)
    var body = try Cosmos_Tx_V1beta1_TxBody(decoding: raw.bodyBytes.array, limit: bytes.count)
    body.nonCriticalExtensionOptions = [.init(TypedMessage(type: "/x", value: [1]))]
    raw.bodyBytes = .init(wire: body.encoded)
    compare(raw.encoded, "option")
    #expect(throws: Never.self) { try Transaction(decoding: raw.encoded, chain: Samples.chain) }
  }
}
