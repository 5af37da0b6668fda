import Chain
import Cryptography
import Gossip
import Primitives
import Testing

/// A body is decoded where its signature is checked.
@Suite struct ObjectContentTests {
  private func content(_ object: SignedObject) -> ObjectContent? {
    ObjectContent(of: object, on: chain, checkedBy: .ed25519)
  }

  @Test func `an authentic object tells what it says, and a forged one nothing`() throws {
    let order = key(3).order()
    #expect(content(order) == .market(try MarketObject(order)))
    #expect(content(forged(order)) == nil)
  }

  @Test func `a body that is not what its kind says is malformed, not forged`() {
    let object = SignedObject(kind: .bid, body: [1, 2, 3], signer: key(3), chain: chain)
    #expect(content(object) == .malformed)
  }

  @Test func `a record with a voucher of another node is not authentic`() throws {
    let expiry = Timestamp.start + 3_600_000
    let voucher = NodeVoucher(
      for: key(1).publicKey,
      as: .validator,
      by: key(2),
      expiresAt: expiry,
      chain: chain
    )
    func record(by key: SigningKey, _ voucher: NodeVoucher?) -> SignedObject {
      let record = NodeRecord(
        sequence: 1,
        addresses: ["10.0.0.1:1"],
        role: .validator,
        protocolVersion: 1,
        expiresAt: expiry,
        voucher: voucher
      )
      return SignedObject(kind: .nodeRecord, body: record.encoded, signer: key, chain: chain)
    }
    let own = record(by: key(1), voucher)
    #expect(content(own) == .nodeRecord(try NodeRecord(decoding: own.body)))
    #expect(content(record(by: key(1), nil)) != nil)
    let stolen = record(by: key(9), voucher)
    #expect(stolen.isAuthentic(on: chain) && content(stolen) == nil)
  }
}
