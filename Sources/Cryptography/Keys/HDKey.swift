/// The reasons why a derivation path or seed is refused.
public enum HDKeyError: Error, Hashable, Sendable, CustomStringConvertible {
  case missingRoot
  /// A step is not a number below 2³¹ followed by `'`; `index` counts from zero.
  ///
  /// SLIP-0010 defines only hardened steps, those with `'`, for Ed25519.
  case step(index: Int)
  case tooDeep
  /// The seed does not have the 16 to 64 bytes that SLIP-0010 requires; the value is the number found.
  case seedLength(Int)

  public var description: String {
    switch self {
    case .missingRoot: "the derivation path does not begin with m"
    case .step(let index): "step \(index + 1) of the derivation path is not a number below 2^31 with a '"
    case .tooDeep: "the derivation path has more than 16 steps"
    case .seedLength(let count): "a seed has 16 to 64 bytes, and this one has \(count)"
    }
  }
}

/// Ed25519 keys derived from one seed by a path (SLIP-0010).
public enum HDKey {
  /// The path of account `index` for a wallet with Akash's coin type, 118.
  public static func accountPath(_ index: UInt32 = 0) -> String { "m/44'/118'/\(index)'/0'/0'" }

  /// The 32-byte seed of the key at `path`, for `SigningKey`.
  public static func derive(seed: [UInt8], path: String) throws(HDKeyError) -> [UInt8] {
    guard (16...64).contains(seed.count) else { throw .seedLength(seed.count) }
    var node = Hash.hmacSHA512(key: "ed25519 seed".utf8, message: seed)
    for index in try steps(of: path) {
      let hardened = index | 1 << 31
      let number = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: hardened >> $0) }
      node = Hash.hmacSHA512(key: node[32...], message: [0] + node[..<32] + number)
    }
    return Array(node[..<32])
  }

  private static func steps(of path: String) throws(HDKeyError) -> [UInt32] {
    let parts = path.split(separator: "/", maxSplits: 17, omittingEmptySubsequences: false)
    guard parts.first == "m" else { throw .missingRoot }
    guard parts.count <= 17 else { throw .tooDeep }
    var steps: [UInt32] = []
    for (index, part) in parts.dropFirst().enumerated() {
      let digits = part.dropLast()
      guard part.last == "'", digits.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains),
        let number = UInt32(digits), number < 1 << 31
      else { throw .step(index: index) }
      steps.append(number)
    }
    return steps
  }
}
