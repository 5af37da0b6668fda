import Chain
import Cryptography
import Primitives

/// What a node tells in a handshake: its role, and a voucher by which a validator or provider confirms it.
struct NodeHello: Hashable {
  var role: NodeRecord.Role
  var voucher: NodeVoucher?

  /// The hello's bytes: one byte for the role, followed by the voucher if there is one.
  var encoded: [UInt8] {
    [UInt8(truncatingIfNeeded: role.rawValue)] + (voucher?.encoded ?? [])
  }

  /// The result of checking a peer's hello, before the committed state is consulted.
  enum Reading: Hashable {
    /// There is no voucher, or its signature is valid. Without a validator's voucher the role `validator` is
    /// replaced by `full`.
    case plausible(NodeHello)
    /// The voucher was not made for this peer or its signature is invalid, so the peer has cheated.
    case forged
  }

  /// Checks the hello of `peer`. A voucher that cannot be decoded is ignored: it may be of a later version.
  static func read(_ hello: [UInt8], of peer: PublicKey, on chain: ChainID, by checks: Checks = .ed25519)
    -> Reading
  {
    let claimed = hello.first.flatMap { NodeRecord.Role(rawValue: UInt32($0)) } ?? .full
    guard let voucher = try? NodeVoucher(decoding: Array(hello.dropFirst())) else {
      return .plausible(NodeHello(role: claimed == .validator ? .full : claimed, voucher: nil))
    }
    guard voucher.hasValidSignature(for: peer, on: chain, by: checks) else { return .forged }
    let isProven = claimed != .validator || voucher.role == .validator
    return .plausible(NodeHello(role: isProven ? claimed : .full, voucher: voucher))
  }
}
