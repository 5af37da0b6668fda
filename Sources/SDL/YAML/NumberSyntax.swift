/// The number syntax of Go, which Akash's parser is written in.
enum NumberSyntax {
  /// A decimal number of digits only; nil when the text is empty, has other characters, or exceeds 2⁶⁴ − 1.
  static func digits(_ text: some Collection<UInt8>) -> UInt64? {
    guard !text.isEmpty else { return nil }
    var value: UInt64 = 0
    for byte in text {
      guard isDigit(byte) else { return nil }
      let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = scaled.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
      guard !overflow, !carry else { return nil }
      value = sum
    }
    return value
  }

  /// An integer with an optional sign and a base prefix `0x`, `0o`, `0b` or `0`; nil when it does not fit
  /// into 64 bits.
  static func integer(_ text: some StringProtocol) -> Int128? {
    var rest = Array(text.utf8)[...]
    var isNegative = false
    if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
      isNegative = sign == UInt8(ascii: "-")
      rest = rest.dropFirst()
    }
    let hasSign = rest.count != text.utf8.count
    var base: Int128 = 10
    if rest.first == UInt8(ascii: "0"), rest.count > 1 {
      let prefix = rest[rest.startIndex + 1] | 0x20
      base = prefix == UInt8(ascii: "x") ? 16 : prefix == UInt8(ascii: "b") ? 2 : 8
      let hasLetter = "xbo".utf8.contains(prefix)
      rest = rest.dropFirst(hasLetter ? 2 : 1)
    }
    guard !rest.isEmpty else { return nil }
    var value: Int128 = 0
    for byte in rest {
      guard let digit = hexDigit(byte), Int128(digit) < base else { return nil }
      value = value * base + Int128(digit)
      guard value <= Int128(UInt64.max) else { return nil }
    }
    if isNegative { value = -value }
    // Numbers above Int64.max are accepted only without a sign.
    let upper = hasSign ? Int128(Int64.max) : Int128(UInt64.max)
    return (Int128(Int64.min)...upper).contains(value) ? value : nil
  }

  /// A floating-point number: decimal, or hexadecimal with an exponent; `_` between digits, `inf` and `nan`.
  /// Nil for other texts and numbers too large for a double.
  static func float(_ text: some StringProtocol) -> Double? {
    let bytes = Array(text.utf8)
    if let special = special(bytes) { return special }
    guard isFloat(bytes) else { return nil }
    let plain = String(decoding: bytes.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
    guard let value = Double(plain), value.isFinite else { return nil }
    return value
  }

  private static func special(_ bytes: [UInt8]) -> Double? {
    switch String(decoding: bytes.map { lowercased($0) }, as: UTF8.self) {
    case "inf", "+inf", "infinity", "+infinity": return .infinity
    case "-inf", "-infinity": return -.infinity
    case "nan": return .nan
    default: return nil
    }
  }

  private static func isFloat(_ bytes: [UInt8]) -> Bool {
    var index = 0
    if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
      index += 1
    }
    let first = index
    let isHex =
      index + 2 < bytes.count && bytes[index] == UInt8(ascii: "0")
      && bytes[index + 1] | 0x20 == UInt8(ascii: "x")
    if isHex { index += 2 }
    var hasDigits = false
    var hasPoint = false
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "."), !hasPoint {
        hasPoint = true
      } else if isDigit(byte) || isHex && hexDigit(byte) != nil {
        hasDigits = true
      } else if byte != UInt8(ascii: "_") {
        break
      }
      index += 1
    }
    guard hasDigits else { return false }
    if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: isHex ? "p" : "e") {
      index += 1
      if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
        index += 1
      }
      guard index < bytes.count, isDigit(bytes[index]) else { return false }
      while index < bytes.count, isDigit(bytes[index]) || bytes[index] == UInt8(ascii: "_") { index += 1 }
    } else if isHex {
      return false
    }
    return index == bytes.count && separatesDigits(bytes[first...], isHex: isHex)
  }

  /// Whether each underscore is between digits, or between the base prefix and a digit.
  private static func separatesDigits(_ bytes: ArraySlice<UInt8>, isHex: Bool) -> Bool {
    guard bytes.contains(UInt8(ascii: "_")) else { return true }
    var rest = bytes
    var afterDigit = false
    if isHex {
      rest = rest.dropFirst(2)
      afterDigit = true
    }
    var pending = false
    for byte in rest {
      if byte == UInt8(ascii: "_") {
        guard afterDigit else { return false }
        pending = true
        afterDigit = false
      } else {
        let digit = isDigit(byte) || isHex && hexDigit(byte) != nil
        if pending, !digit { return false }
        pending = false
        afterDigit = digit
      }
    }
    return !pending
  }

  static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  static func lowercased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
  }

  /// `text` with its ASCII letters in lower case.
  static func lowercased(_ text: String) -> String {
    String(decoding: text.utf8.map { lowercased($0) }, as: UTF8.self)
  }

  static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension UInt8 {
  /// Whether it is an ASCII letter, an ASCII digit, or one of `others`.
  func isAlphanumeric(or others: String = "") -> Bool {
    NumberSyntax.isLetter(self) || NumberSyntax.isDigit(self) || others.utf8.contains(self)
  }
}
