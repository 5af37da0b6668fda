import NIOCore
import Primitives

/// An IP address as a 128-bit number. An IPv4 address is stored as its IPv4-mapped IPv6 address (RFC 4291 § 2.5.5.2), so
/// that both notations of one host compare equal.
struct IPAddress: Hashable, Sendable {
  let high: UInt64
  let low: UInt64

  private static let mappedPrefix: UInt64 = 0x0000_FFFF_0000_0000

  var isV4: Bool { high == 0 && low & 0xFFFF_FFFF_0000_0000 == Self.mappedPrefix }

  /// The address's /24 network for IPv4 and /48 network for IPv6: blocks of this size usually belong to one customer.
  var subnet: IPAddress {
    isV4 ? IPAddress(high: high, low: low & ~0xFF) : IPAddress(high: high & ~0xFFFF, low: 0)
  }

  /// The address's bytes in network order: 4 for an IPv4 address unless `mapped`, else 16.
  func packed(mapped: Bool) -> [UInt8] {
    if isV4, !mapped { return (0..<4).map { UInt8(truncatingIfNeeded: low >> (24 - 8 * UInt64($0))) } }
    return (0..<16).map { index in
      UInt8(truncatingIfNeeded: (index < 8 ? high : low) >> (56 - 8 * UInt64(index % 8)))
    }
  }
}

extension IPAddress {
  init(v4: UInt32) { self.init(high: 0, low: Self.mappedPrefix | UInt64(v4)) }
}

/// The source or target of a datagram.
struct IPEndpoint: Hashable, Sendable {
  let address: IPAddress
  let port: UInt16
}

extension IPEndpoint {
  /// Converts SwiftNIO's address; nil for a Unix domain socket.
  init?(_ socket: SocketAddress) {
    // `sockaddr_in` and `sockaddr_in6` both begin with 2 bytes of family and 2 bytes of port in network order. In the first
    // the address follows; in the second 4 bytes of flow label, then the address.
    switch socket {
    case .v4(let v4):
      (address, port) = withUnsafeBytes(of: v4.address) { bytes in
        let host = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        return (
          IPAddress(v4: host), UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        )
      }
    case .v6(let v6):
      (address, port) = withUnsafeBytes(of: v6.address) { bytes in
        let high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        let low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        let port = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        return (IPAddress(high: high, low: low), port)
      }
    case .unixDomainSocket: return nil
    }
  }

  /// The address for a socket of the given family; nil for an IPv6 address with an IPv4 socket.
  func socketAddress(ofV6Socket: Bool) -> SocketAddress? {
    guard ofV6Socket || address.isV4 else { return nil }
    let packed = ByteBuffer(bytes: address.packed(mapped: ofV6Socket))
    return try? SocketAddress(packedIPAddress: packed, port: Int(port))
  }

  var networkAddress: NetworkAddress {
    let text = socketAddress(ofV6Socket: !address.isV4)?.ipAddress
    return NetworkAddress(host: text ?? "", port: port)
  }
}
