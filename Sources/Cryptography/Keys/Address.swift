/// The 20 bytes that name an account.
///
/// Its text is bech32: `akash1…` for an account, `akashvaloper1…` for the same account as a validator's
/// operator.
public struct Address: Hashable, Comparable, Sendable {
  private let word0: UInt64
  private let word1: UInt64
  private let word2: UInt32

  public static let accountPrefix = "akash"
  public static let operatorPrefix = "akashvaloper"
  public static let consensusPrefix = "akashvalcons"

  /// Nil unless there are exactly 20 bytes.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == 20 else { return nil }
    (word0, word1, word2) = withContiguous(bytes) { bytes in
      let raw = unsafe UnsafeRawPointer(bytes.base)
      return (
        UInt64(bigEndian: unsafe raw.loadUnaligned(as: UInt64.self)),
        UInt64(bigEndian: unsafe raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
        UInt32(bigEndian: unsafe raw.loadUnaligned(fromByteOffset: 16, as: UInt32.self))
      )
    }
  }

  /// The first 20 bytes of the key's SHA-256, as CometBFT derives addresses of Ed25519 keys.
  public init(_ key: PublicKey) {
    let digest = key.storage.withPointer { unsafe Digest.sha256(UnsafeBufferPointer(start: $0, count: 32)) }
    self.init(prefixOf: digest)
  }

  private init(prefixOf digest: Digest) {
    word0 = digest.storage.word0
    word1 = digest.storage.word1
    word2 = UInt32(truncatingIfNeeded: digest.storage.word2 >> 32)
  }

  /// The address of a module account (`escrow`, `gov` …): the first 20 bytes of the name's SHA-256. It has no
  /// key.
  public static func module(_ name: String) -> Address { Address(prefixOf: .sha256(name.utf8)) }

  /// Parses bech32 text, all in lower or all in upper case. It must have `prefix`; nil allows any.
  public init(text: String, prefix: String? = Address.accountPrefix) throws(AddressError) {
    let (found, bytes) = try Bech32.decode(text)
    if let prefix, found != prefix { throw .prefix(found: found, expected: prefix) }
    guard let address = Address(bytes) else { throw .length(bytes.count) }
    self = address
  }

  public var bytes: [UInt8] {
    filledArray(count: 20) { target in
      let raw = UnsafeMutableRawPointer(target)
      unsafe raw.storeBytes(of: word0.bigEndian, as: UInt64.self)
      unsafe raw.storeBytes(of: word1.bigEndian, toByteOffset: 8, as: UInt64.self)
      unsafe raw.storeBytes(of: word2.bigEndian, toByteOffset: 16, as: UInt32.self)
    }
  }

  public func text(prefix: String = Address.accountPrefix) -> String { Bech32.encode(prefix: prefix, bytes) }

  public static func < (left: Address, right: Address) -> Bool {
    if left.word0 != right.word0 { return left.word0 < right.word0 }
    if left.word1 != right.word1 { return left.word1 < right.word1 }
    return left.word2 < right.word2
  }
}

extension Address: CustomStringConvertible { public var description: String { text() } }
