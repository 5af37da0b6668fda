import CSodium
import Primitives

/// The reasons why a secret was not sealed or a sealed file not opened.
public enum SealedKeyFileError: Error, Hashable, Sendable, CustomStringConvertible {
  case format
  /// The file has a format version that this program does not know.
  case version(UInt8)
  /// The number of passes or the memory in the file is outside the range of `Cost`.
  case cost
  /// The password is wrong or the file was changed; these two cannot be told apart.
  case passwordOrContent
  /// The secret is empty or longer than 4,096 bytes; the value is its length.
  case secretLength(Int)
  case memory

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

/// A file with a secret that a password protects: Argon2id (RFC 9106) derives the key, XChaCha20-Poly1305
/// encrypts, with the header as associated data.
///
/// Layout, in bytes: `SCKF` (4), version (1), passes (4), memory (8), salt (16), nonce (24), ciphertext and
/// tag (16).
public enum SealedKeyFile {
  /// The cost of deriving the key, and so of each guess of the password.
  public struct Cost: Hashable, Sendable {
    public let passes: UInt32
    /// The memory in bytes.
    public let memory: UInt64

    /// Nil outside 1 to 16 passes and 8 KiB to 1 GiB.
    public init?(passes: UInt32, memory: UInt64) {
      guard (1...16).contains(passes), (8_192...1 << 30).contains(memory) else { return nil }
      self.init(valid: passes, memory)
    }

    private init(valid passes: UInt32, _ memory: UInt64) {
      self.passes = passes
      self.memory = memory
    }

    /// 2 passes over 64 MiB: some tenths of a second.
    public static let interactive = Cost(valid: 2, 64 << 20)
  }

  public static let maximumSecretCount = 4096

  private static let magic = Array("SCKF".utf8)
  private static let version: UInt8 = 1
  private static let saltCount = 16
  private static let nonceCount = 24
  private static let tagCount = 16
  private static let headerCount = 4 + 1 + 4 + 8 + 16 + 24

  /// Encrypts a secret and returns the file's bytes. Each call uses a new random salt and nonce.
  public static func seal(_ secret: [UInt8], password: String, cost: Cost = .interactive)
    throws(SealedKeyFileError) -> [UInt8]
  {
    guard (1...maximumSecretCount).contains(secret.count) else { throw .secretLength(secret.count) }
    let salt = SecureRandom.bytes(saltCount)
    let nonce = SecureRandom.bytes(nonceCount)
    var header = ByteWriter(capacity: headerCount + secret.count + tagCount)
    header.writeRaw(magic)
    header.write(version)
    header.write(cost.passes)
    header.write(cost.memory)
    header.writeRaw(salt)
    header.writeRaw(nonce)
    let associated = header.bytes
    let key = try derivedKey(password, salt: salt, cost: cost)
    let ciphertext = filledArray(count: secret.count + tagCount) { output in
      key.withPointer { key in
        unsafe _ = crypto_aead_xchacha20poly1305_ietf_encrypt(
          output,
          nil,
          secret,
          UInt64(secret.count),
          associated,
          UInt64(associated.count),
          nil,
          nonce,
          key
        )
      }
    }
    return associated + ciphertext
  }

  /// Decrypts the bytes that `seal` returned. The cost in the file is checked before any work is done.
  public static func open(_ file: [UInt8], password: String) throws(SealedKeyFileError) -> [UInt8] {
    let (cost, salt, nonce) = try header(of: file)
    let ciphertext = Array(file[headerCount...])
    let count = ciphertext.count - tagCount
    guard count >= 1 else { throw .format }
    guard count <= maximumSecretCount else { throw .secretLength(count) }
    let associated = Array(file[..<headerCount])
    let key = try derivedKey(password, salt: salt, cost: cost)
    var status: Int32 = -1
    let secret = filledArray(count: count) { output in
      status = key.withPointer { key in
        unsafe crypto_aead_xchacha20poly1305_ietf_decrypt(
          output,
          nil,
          nil,
          ciphertext,
          UInt64(ciphertext.count),
          associated,
          UInt64(associated.count),
          nonce,
          key
        )
      }
      if status != 0 { unsafe sodium_memzero(output, count) }
    }
    guard status == 0 else { throw .passwordOrContent }
    return secret
  }

  private static func header(
    of file: [UInt8]
  ) throws(SealedKeyFileError) -> (cost: Cost, salt: [UInt8], nonce: [UInt8]) {
    guard file.count >= 5, Array(file[..<4]) == magic else { throw .format }
    guard file[4] == version else { throw .version(file[4]) }
    var reader = ByteReader(file[5...])
    let passes: UInt32
    let memory: UInt64
    let salt: [UInt8]
    let nonce: [UInt8]
    do throws(DecodingError) {
      passes = try reader.read()
      memory = try reader.read()
      salt = try reader.readRaw(count: saltCount)
      nonce = try reader.readRaw(count: nonceCount)
    } catch { throw .format }
    guard let cost = Cost(passes: passes, memory: memory) else { throw .cost }
    return (cost, salt, nonce)
  }

  private static func derivedKey(_ password: String, salt: [UInt8], cost: Cost) throws(SealedKeyFileError)
    -> SecretBytes
  {
    let password = SecretBytes(copying: password.utf8, .wiped)
    var status: Int32 = -1
    let key = SecretBytes(count: 32, .wiped) { output in
      unsafe sodium_memzero(output, 32)
      password.withPointer { pointer in
        status = unsafe pointer.withMemoryRebound(to: CChar.self, capacity: password.count) { characters in
          unsafe crypto_pwhash(
            output,
            32,
            characters,
            UInt64(password.count),
            salt,
            UInt64(cost.passes),
            Int(cost.memory),
            crypto_pwhash_alg_argon2id13()
          )
        }
      }
    }
    guard status == 0 else { throw .memory }
    return key
  }
}
