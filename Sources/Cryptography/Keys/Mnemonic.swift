/// Why words are not a mnemonic.
public enum MnemonicError: Error, Hashable, Sendable {
  /// BIP-39 knows 12, 15, 18, 21 and 24 words; the count found.
  case wordCount(Int)
  /// Not a word of the English list; counted from zero.
  case unknownWord(index: Int)
  /// All words are known but they do not belong together: one is wrong or two are swapped.
  case checksum
  /// BIP-39 normalises passphrases (NFKD). Only ASCII, where that changes nothing, is accepted, so that the
  /// same passphrase gives the same key in every wallet.
  case passphraseNotASCII
}

/// A key's backup as words (BIP-39, English).
public enum Mnemonic {
  /// 24 new words from the system's randomness: 256 bits.
  public static func generate() -> [String] {
    words(fromBits: SecureRandom.bytes(32))
  }

  /// The words of 16, 20, 24, 28 or 32 bytes of entropy; nil for another count.
  public static func words(entropy: [UInt8]) -> [String]? {
    guard (16...32).contains(entropy.count), entropy.count.isMultiple(of: 4) else { return nil }
    return words(fromBits: entropy)
  }

  /// The entropy that the words stand for; throws when they are not a mnemonic.
  @discardableResult
  public static func check(_ words: [String]) throws(MnemonicError) -> [UInt8] {
    guard (12...24).contains(words.count), words.count.isMultiple(of: 3) else {
      throw .wordCount(words.count)
    }
    var bits = BitAccumulator()
    for (index, word) in words.enumerated() {
      guard let place = MnemonicWords.places[word[...]] else { throw .unknownWord(index: index) }
      bits.append(UInt32(place), width: 11)
    }
    let checksumWidth = words.count / 3
    let entropyCount = words.count * 4 / 3
    let entropy = Array(bits.bytes.prefix(entropyCount))
    // What follows the entropy is the checksum, left-aligned in a byte of its own.
    let found = checksumWidth == 8 ? bits.bytes[entropyCount] : bits.remainder
    guard found == Digest.sha256(entropy).bytes[0] >> UInt8(8 - checksumWidth) else { throw .checksum }
    return entropy
  }

  /// The 64-byte seed: PBKDF2-HMAC-SHA-512 of the words, 2,048 rounds, salted with the passphrase.
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
    var words: [String] = []
    var accumulator: UInt32 = 0
    var held = 0
    func take(_ value: UInt32, width: Int) {
      accumulator = accumulator << UInt32(width) | value
      held += width
      while held >= 11 {
        held -= 11
        words.append(String(MnemonicWords.english[Int(accumulator >> UInt32(held) & 2047)]))
        accumulator &= 1 << UInt32(held) - 1
      }
    }
    for byte in entropy { take(UInt32(byte), width: 8) }
    take(checksum, width: checksumWidth)
    return words
  }

  /// One block of PBKDF2 (RFC 8018): SHA-512's 64 bytes are all that is wanted.
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

/// Bits gathered into bytes, highest first.
private struct BitAccumulator {
  private(set) var bytes: [UInt8] = []
  private var accumulator: UInt32 = 0
  private var held = 0

  /// The bits that do not fill a byte yet.
  var remainder: UInt8 { UInt8(truncatingIfNeeded: accumulator) }

  /// `value` has no bits above `width`, which is at most 16.
  mutating func append(_ value: UInt32, width: Int) {
    accumulator = accumulator << UInt32(width) | value
    held += width
    while held >= 8 {
      held -= 8
      bytes.append(UInt8(truncatingIfNeeded: accumulator >> UInt32(held)))
      accumulator &= 1 << UInt32(held) - 1
    }
  }
}
