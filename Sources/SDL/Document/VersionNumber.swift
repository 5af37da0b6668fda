/// A semantic version, parsed leniently: blanks around it, a leading `v`, one to three parts and leading
/// zeros are allowed.
struct VersionNumber {
  private var parts: [UInt64]
  private var isPrerelease = false

  /// Nil when `text` is not a version.
  init?(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while let first = bytes.first, Self.isBlank(first) { bytes = bytes.dropFirst() }
    while let last = bytes.last, Self.isBlank(last) { bytes = bytes.dropLast() }
    if bytes.first == UInt8(ascii: "v") { bytes = bytes.dropFirst() }
    var fields = bytes.split(separator: UInt8(ascii: "."), maxSplits: 2, omittingEmptySubsequences: false)
    // Only a version with three parts may have a suffix.
    if fields.count < 3, let last = fields.last, last.contains(where: { "+-".utf8.contains($0) }) {
      return nil
    }
    while fields.count < 3 { fields.append([UInt8(ascii: "0")]) }

    var patch = fields[2]
    var build: ArraySlice<UInt8>?
    if let plus = patch.firstIndex(of: UInt8(ascii: "+")) {
      build = patch[patch.index(after: plus)...]
      patch = patch[..<plus]
    }
    var prerelease: ArraySlice<UInt8>?
    if let dash = patch.firstIndex(of: UInt8(ascii: "-")) {
      prerelease = patch[patch.index(after: dash)...]
      patch = patch[..<dash]
    }
    guard let major = NumberSyntax.digits(fields[0]), let minor = NumberSyntax.digits(fields[1]),
      let patch = NumberSyntax.digits(patch)
    else { return nil }
    if let build, !Self.areIdentifiers(build, numbersArePlain: false) { return nil }
    if let prerelease, !Self.areIdentifiers(prerelease, numbersArePlain: true) { return nil }
    parts = [major, minor, patch]
    isPrerelease = prerelease != nil
  }

  func isExactly(_ major: UInt64, _ minor: UInt64, _ patch: UInt64) -> Bool {
    parts == [major, minor, patch] && !isPrerelease
  }

  /// Whether the version is the given one or later. A prerelease is earlier than its version.
  func isAtLeast(_ major: UInt64, _ minor: UInt64, _ patch: UInt64) -> Bool {
    let other = [major, minor, patch]
    return parts == other ? !isPrerelease : other.lexicographicallyPrecedes(parts)
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || (9...13).contains(byte)
  }

  /// Whether the bytes are identifiers of letters, digits and hyphens with dots between them. With
  /// `numbersArePlain`, numbers must not have leading zeros.
  private static func areIdentifiers(_ bytes: ArraySlice<UInt8>, numbersArePlain: Bool) -> Bool {
    bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { identifier in
      guard !identifier.isEmpty else { return false }
      let isNumber = identifier.allSatisfy(NumberSyntax.isDigit)
      if numbersArePlain, isNumber {
        let hasLeadingZero = identifier.count > 1 && identifier.first == UInt8(ascii: "0")
        return !hasLeadingZero && NumberSyntax.digits(identifier) != nil
      }
      return identifier.allSatisfy { $0.isAlphanumeric(or: "-") }
    }
  }
}
