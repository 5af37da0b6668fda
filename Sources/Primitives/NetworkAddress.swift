/// A network address: a host name or IP address, and a port.
///
/// Its text is `192.0.2.1:26656`, `node.example:26656` or, for IPv6 in brackets (RFC 3986, section 3.2.2),
/// `[2001:db8::1]:26656`. Parsing `description` gives the same address again.
public struct NetworkAddress: Hashable, Sendable, CustomStringConvertible {
  /// The host, without the brackets of IPv6.
  public var host: String
  /// The port; for listening, 0 stands for any free port.
  public var port: UInt16

  /// The reason why a text is not an address, as a predicate without a subject, such as "names no port".
  public struct Malformed: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
  }

  /// The longest name that DNS can hold (RFC 1035, section 2.3.4).
  private static let hostLimit = 253

  /// An address from its parts. Brackets around `host` are removed.
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
    else { throw Malformed("has a host with a character that none has") }
    self.init(host: String(host), port: port)
  }

  /// The same as `init(parsing:)`, with nil for an error.
  public init?(_ text: String) { try? self.init(parsing: text) }

  /// The TCP address in a node record's text, which is `host:tcpPort/udpPort` or `host:tcpPort`; nil unless
  /// all ports are valid.
  public init?(record text: String) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    if parts.count == 2, Self.port(parts[1]) == nil { return nil }
    self.init(String(parts[0]))
  }

  private static func port(_ digits: Substring) -> UInt16? {
    // `UInt16` would also accept a sign.
    digits.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt16(digits) : nil
  }

  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension NetworkAddress.Malformed {
  fileprivate init(_ description: String) { self.description = description }
}
