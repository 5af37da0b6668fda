// What the errors of this room say to people: in logs, answers and on the command line.

extension AddressError: CustomStringConvertible {
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

extension MnemonicError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .wordCount(let count): "a mnemonic has 12, 15, 18, 21 or 24 words, and these are \(count)"
    case .unknownWord(let index): "word \(index + 1) is not in the English list of BIP-39"
    case .checksum: "the checksum of the words is wrong: one is mistyped, or two are swapped"
    case .passphraseNotASCII: "the passphrase may hold ASCII characters only"
    }
  }
}

extension HDKeyError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .missingRoot: "the derivation path does not begin with m"
    case .step(let index): "step \(index + 1) of the derivation path is not a number below 2^31 with a '"
    case .tooDeep: "the derivation path has more than 16 steps"
    case .seedLength(let count): "a seed has 16 to 64 bytes, and this one has \(count)"
    }
  }
}

extension SealedKeyFileError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .format: "the file is not a sealed key, or it is cut short"
    case .version(let version): "the file has format version \(version), which a newer program wrote"
    case .cost: "the file asks for an unreasonable amount of work or memory"
    case .passwordOrContent: "the password is wrong, or the file is damaged"
    case .secretLength(let count): "a secret has 1 to 4096 bytes, and this one has \(count)"
    case .memory: "there is not enough memory to derive the key from the password"
    }
  }
}

extension StateTreeError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .missingPage(let path): "the state tree's page at \(path) is missing"
    case .damagedPage(let path): "the state tree's page at \(path) is damaged"
    case .repeatedKey(let key): "the key \(key) is changed twice in one batch"
    }
  }
}

extension CryptographyError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notAuthentic: "the data was changed, or it was sealed with another key"
    case .truncated: "the data is too short to be a sealed message"
    case .lowOrderPoint: "the other side's public key is not acceptable"
    case .length(let count): "a key or header has a wrong length of \(count) bytes"
    case .streamEnded: "the sender has ended the stream"
    }
  }
}
