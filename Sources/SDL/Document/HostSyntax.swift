/// The syntax of hosts in URLs and of DNS names.
enum HostSyntax {
  /// Whether `http://` followed by the text is an absolute URL for Go's `net/url`, which Akash's parser uses.
  static func isURLHost(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return false }
    let beforeQuery = bytes.prefix { $0 != UInt8(ascii: "?") }
    let authority = beforeQuery.prefix { $0 != UInt8(ascii: "/") }
    let path = beforeQuery.dropFirst(authority.count)
    guard hasValidEscapes(path) else { return false }
    guard let at = authority.lastIndex(of: UInt8(ascii: "@")) else { return isHost(authority) }
    let user = authority[..<at]
    return isHost(authority[authority.index(after: at)...]) && user.allSatisfy(isUserByte)
      && hasValidEscapes(user)
  }

  private static func isHost(_ host: ArraySlice<UInt8>) -> Bool {
    if host.first == UInt8(ascii: "[") {
      guard let close = host.lastIndex(of: UInt8(ascii: "]")) else { return false }
      guard isOptionalPort(host[host.index(after: close)...]) else { return false }
    } else if let colon = host.lastIndex(of: UInt8(ascii: ":")), !isOptionalPort(host[colon...]) {
      return false
    }
    // In a host, only the percent sign and bytes above ASCII may be escaped.
    var index = host.startIndex
    while index < host.endIndex {
      let byte = host[index]
      if byte == UInt8(ascii: "%") {
        guard let value = escape(host, at: index), value >= 0x80 || value == UInt8(ascii: "%") else {
          return false
        }
        index += 3
        continue
      }
      guard byte >= 0x80 || isHostByte(byte) else { return false }
      index += 1
    }
    return true
  }

  /// Whether the text is empty, or a colon and any number of digits (`validOptionalPort` in Go).
  private static func isOptionalPort(_ text: ArraySlice<UInt8>) -> Bool {
    text.isEmpty || text.first == UInt8(ascii: ":") && text.dropFirst().allSatisfy(NumberSyntax.isDigit)
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    byte.isAlphanumeric(or: "-_.~!$&'()*+,;=:[]<>\"")
  }

  private static func isUserByte(_ byte: UInt8) -> Bool {
    byte.isAlphanumeric(or: "-._:~!$&'()*+,;=%@")
  }

  private static func hasValidEscapes(_ text: ArraySlice<UInt8>) -> Bool {
    text.indices.allSatisfy { text[$0] != UInt8(ascii: "%") || escape(text, at: $0) != nil }
  }

  private static func escape(_ text: ArraySlice<UInt8>, at index: Int) -> UInt8? {
    guard index + 2 < text.endIndex, let high = NumberSyntax.hexDigit(text[index + 1]),
      let low = NumberSyntax.hexDigit(text[index + 2])
    else { return nil }
    return high << 4 | low
  }

  /// Whether the text is a DNS name: lower-case labels with dots between them, at most 253 characters.
  static func isDNSName(_ text: String) -> Bool {
    guard text.utf8.count <= 253 else { return false }
    let dash = UInt8(ascii: "-")
    return text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy {
      label in
      guard let first = label.first, let last = label.last else { return false }
      return first != dash && last != dash && label.allSatisfy { isLower($0) || $0 == dash }
    }
  }

  /// Whether the byte is a lower-case letter or a digit.
  private static func isLower(_ byte: UInt8) -> Bool {
    byte.isAlphanumeric() && NumberSyntax.lowercased(byte) == byte
  }

  /// The DNS name that was probably meant: the text in lower case without scheme, path, port and final dot.
  /// Nil when that is not a DNS name.
  static func nearest(to text: String) -> String? {
    var bytes = Array(text.utf8.map(NumberSyntax.lowercased))[...]
    for scheme in ["http://", "https://"] where bytes.starts(with: scheme.utf8) {
      bytes = bytes.dropFirst(scheme.utf8.count)
    }
    bytes = bytes.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") }
    while bytes.last == UInt8(ascii: ".") { bytes = bytes.dropLast() }
    let name = String(decoding: bytes, as: UTF8.self)
    return !name.isEmpty && isDNSName(name) ? name : nil
  }
}
