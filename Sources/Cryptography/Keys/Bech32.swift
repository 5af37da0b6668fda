/// The reasons why a text is not a valid address.
public enum AddressError: Error, Hashable, Sendable, CustomStringConvertible {
  case empty
  /// The text has more than the 90 characters that BIP-173 allows; the value is the number found.
  case tooLong(Int)
  case mixedCase
  /// A character is not in bech32's alphabet; the value is its byte offset.
  case invalidCharacter(offset: Int)
  case missingSeparator
  case emptyPrefix
  /// There are fewer characters after the separator than the six of the checksum.
  case tooShort
  /// The checksum is wrong: a character is wrong, missing or swapped.
  case checksum
  /// The bits that do not fill a byte at the end are not zero, or are five or more.
  case padding
  /// The text is valid but has the prefix of another kind of address or network.
  case prefix(found: String, expected: String)
  /// The address does not have 20 bytes; the value is the number found.
  case length(Int)

  public var description: String {
    switch self {
    case .empty: "it is empty"
    case .tooLong(let count): "it has \(count) characters, and 90 is the limit"
    case .mixedCase: "it mixes upper and lower case letters"
    case .invalidCharacter(let offset): "character \(offset + 1) cannot be part of an address"
    case .missingSeparator: "the 1 between prefix and data is missing"
    case .emptyPrefix: "the prefix before the 1 is missing"
    case .tooShort: "it is too short"
    case .checksum: "its checksum is wrong: a character is mistyped, missing or swapped"
    case .padding: "its last character is not one that an address can end with"
    case .prefix(let found, let expected): "it begins with \(found), and \(expected) is expected"
    case .length(let count): "it stands for \(count) bytes, and an address has 20"
    }
  }
}

/// Bech32 text (BIP-173; not bech32m, whose checksum differs).
public enum Bech32 {
  /// The longest text that BIP-173 allows.
  public static let maximumLength = 90

  private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)

  private static let values: [UInt8?] = {
    var values = [UInt8?](repeating: nil, count: 128)
    for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }()

  /// The text of `bytes` under `prefix`, in lower case.
  ///
  /// - Precondition: `prefix` has 1 to 83 characters, all printable ASCII and none in upper case.
  public static func encode(prefix: String, _ bytes: some Collection<UInt8>) -> String {
    let prefix = Array(prefix.utf8)
    precondition(
      (1...83).contains(prefix.count) && prefix.allSatisfy(isPrefixCharacter),
      "not a bech32 prefix"
    )
    var bits = BitAccumulator(width: 5)
    for byte in bytes { bits.append(UInt32(byte), width: 8) }
    if bits.held > 0 { bits.append(0, width: 5 - bits.held) }
    let data = bits.groups.map { UInt8($0) }
    let residue = polymod(expanded(prefix) + data + [UInt8](repeating: 0, count: 6)) ^ 1
    let checksum = (0..<6).map { UInt8(residue >> UInt32(5 * (5 - $0)) & 31) }
    let text = prefix + [separator] + (data + checksum).map { alphabet[Int($0)] }
    return String(decoding: text, as: UTF8.self)
  }

  /// Decodes `text` into its prefix, in lower case, and its bytes.
  public static func decode(_ text: String) throws(AddressError) -> (prefix: String, bytes: [UInt8]) {
    let raw = try lowered(text)
    guard let split = raw.lastIndex(of: separator) else { throw .missingSeparator }
    guard split > 0 else { throw .emptyPrefix }
    guard raw.count - split - 1 >= 6 else { throw .tooShort }
    var data: [UInt8] = []
    for offset in split + 1..<raw.count {
      guard let value = values[Int(raw[offset])] else { throw .invalidCharacter(offset: offset) }
      data.append(value)
    }
    let prefix = Array(raw[..<split])
    guard polymod(expanded(prefix) + data) == 1 else { throw .checksum }
    return (String(decoding: prefix, as: UTF8.self), try bytes(of: data.dropLast(6)))
  }

  private static let separator = UInt8(ascii: "1")

  private static func isPrefixCharacter(_ character: UInt8) -> Bool {
    (33...126).contains(character) && !(UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(character)
  }

  private static func lowered(_ text: String) throws(AddressError) -> [UInt8] {
    guard !text.isEmpty else { throw .empty }
    // The length is checked before anything is copied, since the text may be untrusted.
    guard text.utf8.count <= maximumLength else { throw .tooLong(text.utf8.count) }
    var raw = Array(text.utf8)
    var hasUpper = false
    var hasLower = false
    for (offset, character) in raw.enumerated() {
      guard (33...126).contains(character) else { throw .invalidCharacter(offset: offset) }
      if (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(character) {
        hasUpper = true
        raw[offset] = character | 0x20
      } else if (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(character) {
        hasLower = true
      }
    }
    guard !(hasUpper && hasLower) else { throw .mixedCase }
    return raw
  }

  private static func bytes(of data: ArraySlice<UInt8>) throws(AddressError) -> [UInt8] {
    var bits = BitAccumulator(width: 8)
    for value in data { bits.append(UInt32(value), width: 5) }
    guard bits.held < 5, bits.remainder == 0 else { throw .padding }
    return bits.groups.map { UInt8($0) }
  }

  private static func expanded(_ prefix: [UInt8]) -> [UInt8] {
    prefix.map { $0 >> 5 } + [0] + prefix.map { $0 & 31 }
  }

  private static func polymod(_ values: [UInt8]) -> UInt32 {
    let generators: [UInt32] = [0x3B6A_57B2, 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3]
    var checksum: UInt32 = 1
    for value in values {
      let top = checksum >> 25
      checksum = (checksum & 0x1FF_FFFF) << 5 ^ UInt32(value)
      for (bit, generator) in generators.enumerated() where top >> UInt32(bit) & 1 == 1 {
        checksum ^= generator
      }
    }
    return checksum
  }
}
