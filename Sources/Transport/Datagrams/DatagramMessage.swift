import Cryptography
import Primitives

/// Why a datagram was dropped. The raw values are the names in answers and metrics: do not change them.
public enum DatagramDrop: String, Error, Hashable, Sendable, CaseIterable {
  /// Too short, too long, or of the wrong length for its type.
  case length = "length"
  case unknownType = "unknown_type"
  /// The first authentication code is wrong: the sender does not know this node's key or the network.
  case wrongRecipient = "wrong_recipient"
  /// No session or handshake has the receiver index of the datagram.
  case unknownSession = "unknown_session"
  /// The counter or timestamp was used before.
  case replayed = "replayed"
  /// Decryption failed: the sender used other keys, or the datagram was changed on the way.
  case notAuthentic = "not_authentic"
  case badSignature = "bad_signature"
  /// An X25519 public key of low order, with which the shared secret would be a known value (RFC 7748 § 6.1).
  case lowOrderPoint = "low_order_point"
  /// The initiation bears this node's own key.
  case selfSession = "self_session"
  /// The source or peer exceeded its rate limit.
  case overBudget = "over_budget"
  /// An initiation by a key with which there is no stream session.
  case stranger = "stranger"
  /// So many initiations arrive that a cookie is required. It was absent or wrong; the sender was sent one.
  case cookieRequired = "cookie_required"
  /// The limit of peers with sessions or handshakes is reached, in total or for the source address.
  case full = "full"
  /// Too many received datagrams wait to be handled.
  case backlog = "backlog"
  /// The source is not an IP address.
  case source = "source"
}

/// Datagrams as bytes. All numbers are big-endian.
///
/// | type | | bytes |
/// |---|---|---|
/// | 1 initiation | sender 4, ephemeral 32, timestamp 8, key 32, signature 64, mac1 16, mac2 16 | 173 |
/// | 2 response | sender 4, receiver 4, ephemeral 32, signature 64, confirmation 16, mac1 16 | 137 |
/// | 3 cookie | receiver 4, mac1 of the initiation 16, cookie 16 | 37 |
/// | 4 data, 5 control | receiver 4, counter 8, sealed | 29 + plaintext |
enum DatagramMessage {
  static let maximum = 1_200
  static let initiation: UInt8 = 1
  static let response: UInt8 = 2
  static let cookie: UInt8 = 3
  static let data: UInt8 = 4
  static let control: UInt8 = 5

  static let initiationCount = 173
  static let responseCount = 137
  static let cookieCount = 37
  static let headerCount = 13
  static let macCount = 16
  static let minimumDataCount = headerCount + AEADKey.overhead

  struct Initiation {
    let sender: UInt32
    let ephemeral: [UInt8]
    /// Nanoseconds since 1970 by the sender's clock; must grow from one initiation to the next.
    let timestamp: UInt64
    let key: PublicKey
    let signature: Signature

    /// The initiation's bytes before the signature. The signature covers them.
    static func claims(sender: UInt32, ephemeral: [UInt8], timestamp: UInt64, key: PublicKey) -> [UInt8] {
      var writer = ByteWriter(capacity: initiationCount)
      writer.write(initiation)
      writer.write(sender)
      writer.writeRaw(ephemeral)
      writer.write(timestamp)
      writer.write(key)
      return writer.bytes
    }

    static let claimsCount = 77

    init?(_ bytes: [UInt8]) {
      var reader = ByteReader(bytes[1...])
      do throws(DecodingError) {
        sender = try reader.read()
        ephemeral = try reader.readRaw(count: 32)
        timestamp = try reader.read()
        key = try reader.readPublicKey()
        signature = try reader.readSignature()
      } catch {
        return nil
      }
    }
  }

  struct Response {
    let sender: UInt32
    let receiver: UInt32
    let ephemeral: [UInt8]
    let signature: Signature
    let confirmation: [UInt8]

    /// The response's bytes before the signature. The signature covers them.
    static func claims(sender: UInt32, receiver: UInt32, ephemeral: [UInt8]) -> [UInt8] {
      var writer = ByteWriter(capacity: responseCount)
      writer.write(response)
      writer.write(sender)
      writer.write(receiver)
      writer.writeRaw(ephemeral)
      return writer.bytes
    }

    static let claimsCount = 41

    init?(_ bytes: [UInt8]) {
      var reader = ByteReader(bytes[1...])
      do throws(DecodingError) {
        sender = try reader.read()
        receiver = try reader.read()
        ephemeral = try reader.readRaw(count: 32)
        signature = try reader.readSignature()
        confirmation = try reader.readRaw(count: AEADKey.overhead)
      } catch {
        return nil
      }
    }
  }

  static func index(_ bytes: [UInt8], at offset: Int) -> UInt32 {
    bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }

  static func counter(_ bytes: [UInt8]) -> UInt64 { bytes[5..<13].reduce(0) { $0 << 8 | UInt64($1) } }

  static func header(type: UInt8, receiver: UInt32, counter: UInt64) -> [UInt8] {
    var writer = ByteWriter(capacity: headerCount)
    writer.write(type)
    writer.write(receiver)
    writer.write(counter)
    return writer.bytes
  }
}

/// The authentication codes of a handshake message, as in WireGuard (Donenfeld, NDSS 2017, § 5.4.4 and 5.4.7). The first
/// proves that the sender knows the recipient's key and network; the second, made with a cookie, that it receives at its
/// source address. Both are checked before any curve operation.
struct DatagramMAC: Sendable {
  private let key: Digest

  init(recipient: PublicKey, network: NetworkIdentity) {
    key = KeyDerivation.derive(
      from: network.hash,
      label: "supercloud datagram mac1",
      context: recipient.bytes
    )
  }

  func code(over bytes: some Collection<UInt8>) -> [UInt8] {
    Array(Digest.blake2b(bytes, key: key).bytes.prefix(DatagramMessage.macCount))
  }

  /// Whether the first authentication code, which follows the first `count` bytes, is right.
  func isValid(_ bytes: [UInt8], count: Int) -> Bool {
    Self.isEqual(code(over: bytes[..<count]), to: bytes[count..<count + DatagramMessage.macCount])
  }

  /// The second authentication code of a message, keyed with a cookie.
  static func code(cookie: [UInt8], over bytes: some Collection<UInt8>) -> [UInt8] {
    Array(Digest.blake2b(cookie + Array(bytes)).bytes.prefix(DatagramMessage.macCount))
  }

  /// Whether the bytes are equal. Compares in constant time, so that the duration does not reveal where the
  /// first difference is.
  static func isEqual(_ left: [UInt8], to right: ArraySlice<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

/// Makes and checks cookies without state for each source: a cookie is a keyed hash of the source address under a secret that
/// changes every two minutes.
struct CookieJar {
  private static let lifetime = Interval.seconds(120)
  private var secret: Digest
  private var previous: Digest
  private var madeAt: Instant

  init(at now: Instant) {
    secret = Digest.blake2b(SecureRandom.bytes(32))
    previous = secret
    madeAt = now
  }

  mutating func cookie(for source: IPEndpoint, at now: Instant) -> [UInt8] {
    if now.since(madeAt) >= Self.lifetime {
      previous = secret
      secret = Digest.blake2b(SecureRandom.bytes(32))
      madeAt = now
    }
    return Self.cookie(for: source, secret)
  }

  /// Whether an initiation's second code was made with a cookie for this source.
  func isValid(_ bytes: [UInt8], from source: IPEndpoint) -> Bool {
    let end = DatagramMessage.initiationCount - DatagramMessage.macCount
    return [secret, previous].contains { secret in
      let cookie = Self.cookie(for: source, secret)
      return DatagramMAC.isEqual(DatagramMAC.code(cookie: cookie, over: bytes[..<end]), to: bytes[end...])
    }
  }

  private static func cookie(for source: IPEndpoint, _ secret: Digest) -> [UInt8] {
    var writer = ByteWriter(capacity: 18)
    writer.write(source.address.high)
    writer.write(source.address.low)
    writer.write(source.port)
    return Array(Digest.blake2b(writer.bytes, key: secret).bytes.prefix(16))
  }
}
