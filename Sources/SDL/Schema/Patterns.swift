/// The schema's regular expressions as functions.
enum Patterns {
  /// Whether the text is digits, optionally followed by a point and digits.
  static func isDecimal(_ text: some StringProtocol) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count <= 2 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(NumberSyntax.isDigit) }
  }

  /// Whether the text is a decimal that has only zeros as digits.
  static func isZero(_ text: some StringProtocol) -> Bool {
    isDecimal(text) && text.utf8.allSatisfy { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: ".") }
  }

  /// Whether the text is a decimal followed by any letters, but not zero alone or zero followed by `m`.
  static func isCPU(_ text: String) -> Bool {
    var number = Array(text.utf8)[...]
    while let last = number.last, NumberSyntax.isLetter(last) { number = number.dropLast() }
    let decimal = String(decoding: number, as: UTF8.self)
    let suffix = String(decoding: Array(text.utf8).dropFirst(number.count), as: UTF8.self)
    return isDecimal(decimal) && !(isZero(decimal) && (suffix.isEmpty || suffix == "m"))
  }

  /// Whether the text is a whole number above zero, without leading zeros, followed by `s`, `m` or `h`.
  static func isWindow(_ text: String) -> Bool {
    let digits = text.utf8.dropLast()
    guard let unit = text.utf8.last, "smh".utf8.contains(unit), let first = digits.first else { return false }
    return first != UInt8(ascii: "0") && digits.allSatisfy(NumberSyntax.isDigit)
  }

  /// Whether the text is a lower-case letter followed by one or more lower-case letters, digits, `-` and `_`.
  static func isEndpointName(_ text: String) -> Bool {
    let isLower = UInt8(ascii: "a")...UInt8(ascii: "z")
    guard text.utf8.count >= 2, let first = text.utf8.first, isLower.contains(first) else { return false }
    return text.utf8.allSatisfy { isLower.contains($0) || NumberSyntax.isDigit($0) || "-_".utf8.contains($0) }
  }
}
