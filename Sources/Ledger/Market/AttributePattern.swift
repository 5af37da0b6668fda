public import Chain

/// The rules for attribute keys (Akash API v0.0.27, `go/node/types/v1beta3/attribute.go`).
public enum AttributePattern {
  /// Whether `key` may be asked for by a resource: a letter, then 1 to 126 of `[A-Za-z0-9_/.-]`, then
  /// optionally one of `[A-Za-z0-9_*]`. So a star can only be the last character.
  public static func isResourceKey(_ key: String) -> Bool {
    let bytes = Array(key.utf8)
    guard (2...128).contains(bytes.count) else { return false }
    if isProviderKey(bytes) { return true }
    guard let last = bytes.last, isWord(last) || last == UInt8(ascii: "*") else { return false }
    return isProviderKey(Array(bytes.dropLast()))
  }

  /// Whether a provider may state `key`: a letter, then 1 to 126 of `[A-Za-z0-9_/.-]`.
  public static func isProviderKey(_ key: String) -> Bool { isProviderKey(Array(key.utf8)) }

  private static func isProviderKey(_ bytes: [UInt8]) -> Bool {
    guard (2...127).contains(bytes.count), let first = bytes.first, isLetter(first) else { return false }
    return bytes.dropFirst().allSatisfy { isWord($0) || "/.-".utf8.contains($0) }
  }

  /// Whether `pattern` matches `key`. A star in the pattern stands for any characters except `/`.
  ///
  /// Only one star is supported: a resource key cannot have more, and so the time is linear for any input.
  /// Akash also accepts other wildcards in placement keys, as a side effect of its implementation.
  public static func matches(_ pattern: String, _ key: String) -> Bool {
    if pattern == key { return true }
    let pattern = Array(pattern.utf8)
    let key = Array(key.utf8)
    guard let star = pattern.firstIndex(of: UInt8(ascii: "*")), key.count >= pattern.count - 1
    else { return false }
    let tail = pattern[(star + 1)...]
    guard !tail.contains(UInt8(ascii: "*")) else { return false }
    let run = star..<(key.count - tail.count)
    return key[..<star] == pattern[..<star] && Array(key[run.upperBound...]) == Array(tail)
      && !key[run].contains(UInt8(ascii: "/"))
  }

  /// The first key that occurs a second time; nil when there is none.
  public static func duplicate(in attributes: [Attribute]) -> String? {
    var keys: Set<String> = []
    return attributes.first { !keys.insert($0.key).inserted }?.key
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
  }
}

extension Attribute {
  /// Whether this requirement is met by `other`: its key, as a pattern, matches, and the values are equal.
  func isMet(by other: Attribute) -> Bool { value == other.value && AttributePattern.matches(key, other.key) }

  /// Whether one of `others` meets this requirement.
  func isMet(byOneOf others: [Attribute]) -> Bool { others.contains { isMet(by: $0) } }
}
