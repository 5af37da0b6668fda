/// Addresses that one party is likely to control together: a /16 of IPv4, a /32 of IPv6, a domain.
public struct AddressGroup: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let text: String

  init(text: String) { self.text = text }

  public var description: String { text }

  /// The group of `host:port`, `host:tcpPort/udpPort`, `[v6]:port` or a bare host.
  public init(address: String) {
    let host = Self.host(of: address)
    if let octets = Self.octets(of: host) {
      text = octets[0] == 127 ? "loopback" : "v4:\(octets[0]).\(octets[1])"
    } else if host.contains(":") {
      let groups = host.lowercased().split(separator: ":", omittingEmptySubsequences: false)
      text = host == "::1" ? "loopback" : "v6:" + groups.prefix(2).joined(separator: ":")
    } else if host == "localhost" {
      text = "loopback"
    } else {
      text = "name:" + host.lowercased().split(separator: ".").suffix(2).joined(separator: ".")
    }
  }

  /// The host of an address, without brackets and ports.
  static func host(of address: String) -> String {
    if address.first == "[", let end = address.firstIndex(of: "]") {
      return String(address[address.index(after: address.startIndex)..<end])
    }
    let parts = address.split(separator: ":", omittingEmptySubsequences: false)
    // More than one colon without brackets is a bare IPv6 address.
    return parts.count == 2 ? String(parts[0]) : address
  }

  private static func octets(of host: String) -> [UInt8]? {
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    let octets = parts.compactMap { UInt8($0) }
    return octets.count == 4 ? octets : nil
  }

  public static func < (left: AddressGroup, right: AddressGroup) -> Bool {
    left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
  }
}
