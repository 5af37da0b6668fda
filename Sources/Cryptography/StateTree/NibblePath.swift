import Primitives

/// A position in a `StateTree`: the first 0 to 64 nibbles (half bytes) of key digests. The path of the root
/// is empty.
///
/// Paths are ordered by their nibbles; a prefix comes before longer paths.
public struct NibblePath: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The nibbles from the left; all nibbles after the first `length` are zero.
  private let nibbles: Bytes32
  private let length: UInt8

  /// The path of the root.
  public static let root = NibblePath(nibbles: .zero, length: 0)

  private init(nibbles: Bytes32, length: UInt8) {
    self.nibbles = nibbles
    self.length = length
  }

  /// The first `count` nibbles of `digest`.
  ///
  /// - Precondition: `count` is 0 to 64.
  public init(prefixOf digest: Digest, count: Int) {
    precondition((0...64).contains(count), "a digest has 64 nibbles")
    nibbles = digest.storage.keeping(nibbles: count)
    length = UInt8(count)
  }

  public var count: Int { Int(length) }

  /// The nibble at `index`, which is below `count`.
  public subscript(_ index: Int) -> Int {
    precondition(index >= 0 && index < count, "a nibble outside the path")
    return nibbles.nibble(at: index)
  }

  /// The path of the child in slot `nibble`.
  ///
  /// - Precondition: The path is shorter than 64 nibbles, and `nibble` is 0 to 15.
  public func appending(_ nibble: Int) -> NibblePath {
    precondition(length < 64 && (0...15).contains(nibble), "no such path")
    return NibblePath(nibbles: nibbles.setting(nibble: UInt64(nibble), at: Int(length)), length: length + 1)
  }

  /// Whether `digest` begins with this path.
  public func isPrefix(of digest: Digest) -> Bool { digest.storage.keeping(nibbles: count) == nibbles }

  public static func < (left: NibblePath, right: NibblePath) -> Bool {
    (left.nibbles, left.length) < (right.nibbles, right.length)
  }

  /// The encoding: the number of nibbles in one byte, then two nibbles in each byte. If their number is odd,
  /// the second half of the last byte is zero.
  public func encoded() -> [UInt8] { [length] + nibbles.bytes.prefix((count + 1) / 2) }

  /// Decodes the bytes of `encoded`; any other form is refused.
  public init(decoding bytes: some Collection<UInt8>) throws(DecodingError) {
    guard let length = bytes.first else { throw .truncated }
    guard length <= 64 else { throw .outOfRange(field: "nibbles") }
    let packed = (Int(length) + 1) / 2
    guard bytes.count >= 1 + packed else { throw .truncated }
    guard bytes.count == 1 + packed else { throw .trailingBytes }
    let padded = Array(bytes.dropFirst()) + [UInt8](repeating: 0, count: 32 - packed)
    guard let nibbles = Bytes32(padded), nibbles.keeping(nibbles: Int(length)) == nibbles else {
      throw .invalid(field: "nibbles")
    }
    self.init(nibbles: nibbles, length: length)
  }

  /// The nibbles as hex digits; empty for the root.
  public var description: String { String(Hex.encode(nibbles.bytes).prefix(count)) }
}

extension Bytes32 {
  /// The nibble at `index` from the left, 0 to 63.
  func nibble(at index: Int) -> Int {
    let word =
      switch index >> 4 {
      case 0: word0
      case 1: word1
      case 2: word2
      default: word3
      }
    return Int(truncatingIfNeeded: word >> UInt64(60 - 4 * (index & 15)) & 15)
  }

  /// The first `count` nibbles; the others are zero.
  fileprivate func keeping(nibbles count: Int) -> Bytes32 {
    func kept(_ word: UInt64, _ index: Int) -> UInt64 {
      let bits = 4 * (count - 16 * index)
      return bits >= 64 ? word : bits <= 0 ? 0 : word & ~(.max >> UInt64(bits))
    }
    return Bytes32(kept(word0, 0), kept(word1, 1), kept(word2, 2), kept(word3, 3))
  }

  /// A copy of these bytes in which the nibble at `index`, which must be zero before, is `nibble`.
  fileprivate func setting(nibble: UInt64, at index: Int) -> Bytes32 {
    let bits = nibble << UInt64(60 - 4 * (index & 15))
    return switch index >> 4 {
    case 0: Bytes32(word0 | bits, word1, word2, word3)
    case 1: Bytes32(word0, word1 | bits, word2, word3)
    case 2: Bytes32(word0, word1, word2 | bits, word3)
    default: Bytes32(word0, word1, word2, word3 | bits)
    }
  }
}
