/// Legal spellings for sizes such as `16GB`, `1gi`, `1 Gi` and `1,5Gi`.
enum SizeSpelling {
  /// Returns legal spellings, the nearest first. When it is unclear whether powers of 1024 or of 1000 are
  /// meant, 1024 comes first: a replica with slightly too much memory runs, one with too little may not.
  static func nearest(to text: String, binaryOnly: Bool = false) -> [String] {
    guard let (number, unit) = split(text) else { return [] }
    var letters = unit
    for word in ["bytes", "byte", "b"] where letters.hasSuffix(word) {
      letters.removeLast(word.count)
      break
    }
    if letters.isEmpty { return [number] }
    guard let prefix = letters.first, "kmgtpe".contains(prefix) else { return [] }
    let binary = prefix.uppercased()
    let decimal = prefix == "k" ? "k" : binary
    switch letters.dropFirst() {
    case "i", "ib": return ["\(number)\(binary)i"]
    case "": return binaryOnly ? ["\(number)\(binary)i"] : ["\(number)\(binary)i", "\(number)\(decimal)"]
    default: return []
    }
  }

  /// Splits the text into a decimal number and the letters after it, in lower case.
  fileprivate static func split(_ text: String) -> (number: String, unit: String)? {
    let bytes = text.utf8.filter { $0 != UInt8(ascii: " ") }.map(NumberSyntax.lowercased)
    let number = bytes.prefix { NumberSyntax.isDigit($0) || ".,".utf8.contains($0) }
    let unit = bytes.dropFirst(number.count)
    guard !number.isEmpty, number.count <= 24, unit.count <= 8, unit.allSatisfy(NumberSyntax.isLetter) else {
      return nil
    }
    let points = number.filter { !NumberSyntax.isDigit($0) }
    // A comma is read as a decimal point unless three digits follow, because then it may separate thousands.
    guard points.count <= 1, number.first.map(NumberSyntax.isDigit) == true,
      number.last.map(NumberSyntax.isDigit) == true
    else { return nil }
    if points == [UInt8(ascii: ",")], number.split(separator: UInt8(ascii: ",")).last?.count == 3 {
      return nil
    }
    let digits = number.map { $0 == UInt8(ascii: ",") ? UInt8(ascii: ".") : $0 }
    return (String(decoding: digits, as: UTF8.self), String(decoding: unit, as: UTF8.self))
  }
}

/// Legal spellings for CPU such as `100M`, `2 cores` and `500 m`.
enum CPUSpelling {
  static func nearest(to text: String) -> [String] {
    guard let (number, unit) = SizeSpelling.split(text) else { return [] }
    switch unit {
    case "", "c", "cpu", "cpus", "core", "cores", "vcpu", "vcpus": return [number]
    case "m", "millis":
      guard number.contains(".") else { return ["\(number)m"] }
      // Thousandths are whole numbers; a fraction is rounded up.
      guard let value = Double(number), value < 1e9 else { return [] }
      return ["\(UInt64(value.rounded(.up)))m"]
    default: return []
    }
  }
}

/// Legal spellings for amounts of money such as `1e3`, `1_000`, `.5`, `5.` and `1,5`.
enum AmountSpelling {
  static func nearest(to text: String) -> [String] {
    let bytes = text.utf8.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: " ") }
    var candidate = String(decoding: bytes, as: UTF8.self)
    if candidate.hasPrefix(".") { candidate = "0" + candidate }
    if candidate.hasSuffix(".") { candidate.removeLast() }
    if let exponent = expanded(candidate) { candidate = exponent }
    if (try? PriceAmount(candidate)) != nil { return [candidate] }
    // A comma is read as a decimal point unless three digits follow, because then it may separate thousands.
    let parts = candidate.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    if parts.dropFirst().contains(where: { $0.prefix(while: NumberSyntax.isDigit).count == 3 }) { return [] }
    let comma = candidate.map { $0 == "," ? "." : String($0) }.joined()
    return (try? PriceAmount(comma)) != nil ? [comma] : []
  }

  /// Writes out an exponent, for example `1.5e3` as `1500`; nil when the result is not a whole number.
  private static func expanded(_ text: String) -> String? {
    let parts = text.utf8.split { $0 | 0x20 == UInt8(ascii: "e") }
    guard parts.count == 2, let shift = Int(String(decoding: Array(parts[1]), as: UTF8.self)),
      (0...12).contains(shift)
    else { return nil }
    let fields = parts[0].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard fields.count <= 2, fields.allSatisfy({ $0.allSatisfy(NumberSyntax.isDigit) }) else { return nil }
    let fraction = fields.count == 2 ? Array(fields[1]) : []
    guard fraction.count <= shift else { return nil }
    let zeros = Array(repeating: UInt8(ascii: "0"), count: shift - fraction.count)
    let digits = (Array(fields[0]) + fraction + zeros).drop { $0 == UInt8(ascii: "0") }
    return digits.isEmpty ? nil : String(decoding: digits, as: UTF8.self)
  }
}

/// Legal spellings for a reclamation window such as `1d`, `24 h` and `1 hour`.
enum WindowSpelling {
  static func nearest(to text: String) -> [String] {
    guard let (number, unit) = SizeSpelling.split(text), let count = UInt64(number), count > 0,
      count < 1_000_000
    else { return [] }
    switch unit {
    case "d", "day", "days": return ["\(count * 24)h"]
    case "h", "hr", "hrs", "hour", "hours": return ["\(count)h"]
    case "m", "min", "mins", "minute", "minutes": return ["\(count)m"]
    case "s", "sec", "secs", "second", "seconds": return ["\(count)s"]
    case "w", "week", "weeks": return ["\(count * 168)h"]
    default: return []
    }
  }
}
