/// The reasons why words are not a valid mnemonic.
public enum MnemonicError: Error, Hashable, Sendable, CustomStringConvertible {
  /// BIP-39 allows 12, 15, 18, 21 or 24 words; the value is the number found.
  case wordCount(Int)
  /// A word is not in the English list; `index` counts from zero.
  case unknownWord(index: Int)
  /// All words are in the list, but the checksum is wrong: a word is wrong, or two are swapped.
  case checksum
  /// The passphrase has characters outside ASCII. BIP-39 normalises passphrases (NFKD), which this program
  /// does not implement. ASCII stays the same, so such a passphrase gives the same key in every wallet.
  case passphraseNotASCII

  public var description: String {
    switch self {
    case .wordCount(let count): "a mnemonic has 12, 15, 18, 21 or 24 words, and these are \(count)"
    case .unknownWord(let index): "word \(index + 1) is not in the English list of BIP-39"
    case .checksum: "the checksum of the words is wrong: one is mistyped, or two are swapped"
    case .passphraseNotASCII: "the passphrase may hold ASCII characters only"
    }
  }
}

/// The backup of a key as words (BIP-39, English).
public enum Mnemonic {
  /// 24 new words for 256 bits from the system's random numbers.
  public static func generate() -> [String] { words(fromBits: SecureRandom.bytes(32)) }

  /// The words of 16, 20, 24, 28 or 32 bytes of entropy; nil for another count.
  public static func words(entropy: [UInt8]) -> [String]? {
    guard (16...32).contains(entropy.count), entropy.count.isMultiple(of: 4) else { return nil }
    return words(fromBits: entropy)
  }

  /// The entropy that the words encode; throws when they are not a valid mnemonic.
  @discardableResult public static func check(_ words: [String]) throws(MnemonicError) -> [UInt8] {
    guard (12...24).contains(words.count), words.count.isMultiple(of: 3) else {
      throw .wordCount(words.count)
    }
    var bits = BitAccumulator(width: 8)
    for (index, word) in words.enumerated() {
      guard let wordIndex = MnemonicWords.indexByWord[word[...]] else { throw .unknownWord(index: index) }
      bits.append(UInt32(wordIndex), width: 11)
    }
    let checksumWidth = words.count / 3
    let entropyCount = words.count * 4 / 3
    let entropy = bits.groups.prefix(entropyCount).map { UInt8($0) }
    // The bits after the entropy are the checksum. With 24 words the checksum is a whole byte; otherwise it
    // is shorter and is in `remainder`.
    let found = checksumWidth == 8 ? bits.groups[entropyCount] : bits.remainder
    guard UInt8(found) == Digest.sha256(entropy).bytes[0] >> UInt8(8 - checksumWidth) else { throw .checksum }
    return entropy
  }

  /// The 64-byte seed: PBKDF2-HMAC-SHA-512 of the words with 2,048 rounds; the passphrase is part of the
  /// salt.
  public static func seed(_ words: [String], passphrase: String = "") throws(MnemonicError) -> [UInt8] {
    try check(words)
    guard passphrase.utf8.allSatisfy({ $0 < 128 }) else { throw .passphraseNotASCII }
    return pbkdf2(
      password: Array(words.joined(separator: " ").utf8),
      salt: Array("mnemonic\(passphrase)".utf8),
      rounds: 2048
    )
  }

  private static func words(fromBits entropy: [UInt8]) -> [String] {
    let checksumWidth = entropy.count / 4
    let checksum = UInt32(Digest.sha256(entropy).bytes[0] >> UInt8(8 - checksumWidth))
    var bits = BitAccumulator(width: 11)
    for byte in entropy { bits.append(UInt32(byte), width: 8) }
    bits.append(checksum, width: checksumWidth)
    return bits.groups.map { String(MnemonicWords.english[Int($0)]) }
  }

  /// The first block of PBKDF2 (RFC 8018), which is enough, since a seed has the 64 bytes of one SHA-512.
  private static func pbkdf2(password: [UInt8], salt: [UInt8], rounds: Int) -> [UInt8] {
    let keyed = HMACSHA512(key: password)
    var first = keyed
    first.update(salt)
    first.update([0, 0, 0, 1])
    var block = first.finalize()
    var result = block
    for _ in 1..<rounds {
      var next = keyed
      next.update(block)
      block = next.finalize()
      for index in result.indices { result[index] ^= block[index] }
    }
    return result
  }
}

/// Collects bits into groups, the highest bit first.
struct BitAccumulator {
  /// The number of bits in a group.
  private let width: Int
  private(set) var groups: [UInt32] = []
  /// The bits that do not fill a group yet, as the lowest bits.
  private(set) var remainder: UInt32 = 0
  /// The number of these bits.
  private(set) var held = 0

  init(width: Int) { self.width = width }

  /// Appends the lowest `width` bits of `value`. `width` is at most 16, and the bits above must be zero.
  mutating func append(_ value: UInt32, width: Int) {
    remainder = remainder << UInt32(width) | value
    held += width
    while held >= self.width {
      held -= self.width
      groups.append(remainder >> UInt32(held))
      remainder &= 1 << UInt32(held) - 1
    }
  }
}
