import Chain
import Cryptography
import Primitives
import Testing

@Suite struct NodeVoucherTests {
  private let chain = ChainID("vouchers-1")!
  private let node = SigningKey(seed: Array(repeating: 1, count: 32))!
  private let validator = SigningKey(seed: Array(repeating: 2, count: 32))!
  private let expiry = Timestamp(milliseconds: 1_700_000_000_000)

  private func voucher(_ role: NodeVoucher.Role = .validator) -> NodeVoucher {
    NodeVoucher(for: node.publicKey, as: role, by: validator, expiresAt: expiry, chain: chain)
  }

  @Test(arguments: [NodeVoucher.Role.validator, .provider])
  func `a voucher comes back from its bytes and holds for its node and chain only`(_ role: NodeVoucher.Role)
    throws
  {
    let read = try NodeVoucher(decoding: voucher(role).encoded)
    #expect(read == voucher(role))
    #expect(read.hasValidSignature(for: node.publicKey, on: chain))
    #expect(!read.hasValidSignature(for: validator.publicKey, on: chain))
    #expect(!read.hasValidSignature(for: node.publicKey, on: ChainID("vouchers-2")!))
  }

  @Test func `no byte of a voucher can be changed`() {
    let bytes = voucher().encoded
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 1
      let read = try? NodeVoucher(decoding: changed)
      #expect(read?.hasValidSignature(for: node.publicKey, on: chain) != true, "byte \(index)")
    }
    #expect(throws: DecodingError.self) { try NodeVoucher(decoding: bytes + [0]) }
    #expect(throws: DecodingError.self) { try NodeVoucher(decoding: Array(bytes.dropLast())) }
  }
}
