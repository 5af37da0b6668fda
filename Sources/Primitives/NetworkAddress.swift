/// Where something on the network is reached: a host name or IP address, and a port.
///
/// Written as `192.0.2.1:26656`, `node.example:26656` or, with IPv6 in brackets as RFC 3986 (section 3.2.2) has it,
/// `[2001:db8::1]:26656`. What is written reads back as the same address.
public struct NetworkAddress: Hashable, Sendable, CustomStringConvertible {
  /// Without the brackets of IPv6.
  public var host: String
  /// 0 asks for any free port where something listens.
  public var port: UInt16

  /// What a text lacks to be an address, in words that follow "it".
  public struct Malformed: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
  }

  /// The longest name that DNS can hold (RFC 1035, section 2.3.4).
  private static let hostLimit = 253

  /// `host`: brackets around it are taken off.
  public init(host: String, port: UInt16) {
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    self.host = isBracketed ? String(host.dropFirst().dropLast()) : host
    self.port = port
  }

  /// - Throws: `Malformed`, which says what is wrong with `text`.
  public init(parsing text: String) throws(Malformed) {
    guard let colon = text.lastIndex(of: ":") else { throw Malformed("names no port") }
    let digits = text[text.index(after: colon)...]
    guard let port = Self.port(digits) else {
      throw Malformed("ends in `\(digits.prefix(20))`, which is not a port: 0 to 65535")
    }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
      guard host.contains(":") else { throw Malformed("has brackets around what is not an IPv6 address") }
    } else if host.contains(":") {
      throw Malformed("has an IPv6 address without brackets around it")
    }
    guard !host.isEmpty else { throw Malformed("names no host") }
    guard host.utf8.count <= Self.hostLimit else {
      throw Malformed("has a host of more than \(Self.hostLimit) bytes")
    }
    guard !host.unicodeScalars.contains(where: { "[]/@ ".unicodeScalars.contains($0) || $0.value < 0x20 })
    else {
      throw Malformed("has a host with a character that none has")
    }
    self.init(host: String(host), port: port)
  }

  /// Nil for what `init(parsing:)` refuses.
  public init?(_ text: String) {
    try? self.init(parsing: text)
  }

  /// The TCP part of what node records hold, `host:tcpPort/udpPort` or `host:tcpPort`; nil unless both ports are legal.
  public init?(record text: String) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    if parts.count == 2, Self.port(parts[1]) == nil { return nil }
    self.init(String(parts[0]))
  }

  private static func port(_ digits: Substring) -> UInt16? {
    // The standard library would take a sign as well.
    digits.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt16(digits) : nil
  }

  public var description: String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}

extension NetworkAddress.Malformed {
  fileprivate init(_ description: String) {
    self.description = description
  }
}
