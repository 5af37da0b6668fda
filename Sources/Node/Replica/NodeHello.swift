import Chain
import Cryptography
import Primitives

/// What a node says of itself in a peer handshake: its role, and who that the chain knows speaks for it.
struct NodeHello: Hashable {
  var role: NodeRecord.Role
  var voucher: NodeVoucher?

  /// A byte for the role, then the voucher if there is one.
  var encoded: [UInt8] {
    [UInt8(truncatingIfNeeded: role.rawValue)] + (voucher?.encoded ?? [])
  }

  /// What a peer's hello is worth before committed state is asked.
  enum Reading: Hashable {
    /// With a voucher whose signature holds, or without one; then a claim to validate counts for nothing.
    case plausible(NodeHello)
    /// The voucher is somebody else's or nobody's: certainly the peer's own doing.
    case forged
  }

  /// Reads what `peer` said. Bytes that are no voucher may be a later version's: they say nothing.
  static func read(_ hello: [UInt8], of peer: PublicKey, on chain: ChainID) -> Reading {
    let claimed = hello.first.flatMap { NodeRecord.Role(rawValue: UInt32($0)) } ?? .full
    guard let voucher = try? NodeVoucher(decoding: Array(hello.dropFirst())) else {
      return .plausible(NodeHello(role: claimed == .validator ? .full : claimed, voucher: nil))
    }
    guard voucher.holds(for: peer, on: chain) else { return .forged }
    let isProven = claimed != .validator || voucher.role == .validator
    return .plausible(NodeHello(role: isProven ? claimed : .full, voucher: voucher))
  }
}
