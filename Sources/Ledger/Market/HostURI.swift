/// Checks the URI at which a provider is reached (Akash API v0.0.27, `go/node/provider/v1beta3`).
enum HostURI {
  /// Returns why `uri` is not `https://host[:port]` without a path; nil when it has this form.
  ///
  /// As in Akash, a URI without a scheme gets another error than a URI with a wrong scheme.
  static func rejection(_ uri: String) -> ProviderRejection? {
    let bytes = Array(uri.utf8)
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return .hostURINotAbsolute }
    if let slash = bytes.firstIndex(of: UInt8(ascii: "/")), slash < colon { return .hostURINotAbsolute }
    guard uri.lowercased().hasPrefix("https://") else { return .invalidHostURI }
    return isAuthority(bytes.dropFirst(8)) ? nil : .invalidHostURI
  }

  /// Whether `text` can be a web site's address: empty, or without blanks and control characters.
  static func isWebsite(_ text: String) -> Bool { text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F } }

  /// Whether `bytes` are `host[:port]`. The host has letters, digits, hyphens, dots and underscores, or is an
  /// IPv6 address in brackets.
  private static func isAuthority(_ bytes: ArraySlice<UInt8>) -> Bool {
    var host = bytes
    if host.first == UInt8(ascii: "[") {
      guard let end = host.firstIndex(of: UInt8(ascii: "]")) else { return false }
      let address = host[(host.startIndex + 1)..<end]
      guard !address.isEmpty,
        address.allSatisfy({ isHex($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") })
      else { return false }
      host = host[(end + 1)...]
      return host.isEmpty || (host.first == UInt8(ascii: ":") && isPort(host.dropFirst()))
    }
    if let colon = host.firstIndex(of: UInt8(ascii: ":")) {
      guard isPort(host[(colon + 1)...]) else { return false }
      host = host[..<colon]
    }
    return !host.isEmpty && host.allSatisfy { isHost($0) }
  }

  private static func isPort(_ digits: ArraySlice<UInt8>) -> Bool {
    guard (1...5).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return false
    }
    let port = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    return (1...65_535).contains(port)
  }

  private static func isHost(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "-._".utf8.contains(byte)
    }
  }

  private static func isHex(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
    default: false
    }
  }
}
