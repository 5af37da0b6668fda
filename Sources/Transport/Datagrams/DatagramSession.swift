import Cryptography
import Primitives

/// The keys of one datagram session: encrypts, decrypts, and refuses replayed datagrams.
struct DatagramSession: Sendable {
  /// The most datagrams that a key may encrypt. Keys are renewed every hour, long before that.
  static let maximumCounter: UInt64 = 1 << 60

  let localIndex: UInt32
  let remoteIndex: UInt32
  let isInitiator: Bool
  let createdAt: Instant
  private let sendKey: AEADKey
  private let receiveKey: AEADKey
  private(set) var nextCounter: UInt64 = 0
  private(set) var window = ReplayWindow()
  private(set) var received: UInt64 = 0

  /// `keys` are those of the initiator's direction and of the responder's.
  init(local: UInt32, remote: UInt32, keys: (Digest, Digest), isInitiator: Bool, at now: Instant) {
    localIndex = local
    remoteIndex = remote
    sendKey = AEADKey(isInitiator ? keys.0 : keys.1)
    receiveKey = AEADKey(isInitiator ? keys.1 : keys.0)
    self.isInitiator = isInitiator
    createdAt = now
  }

  /// Encrypts a datagram of `type`; nil when the session's counters are used up.
  mutating func seal(_ type: UInt8, _ plaintext: [UInt8]) -> [UInt8]? {
    guard nextCounter < Self.maximumCounter else { return nil }
    let counter = nextCounter
    nextCounter += 1
    let header = DatagramMessage.header(type: type, receiver: remoteIndex, counter: counter)
    return header + sendKey.seal(counter: counter, plaintext: plaintext, associated: header)
  }

  /// Decrypts a datagram of this session, which must have at least 29 bytes.
  mutating func open(_ bytes: [UInt8]) throws(DatagramDrop) -> [UInt8] {
    let counter = DatagramMessage.counter(bytes)
    guard counter < Self.maximumCounter, window.admits(counter) else { throw .replayed }
    do throws(CryptographyError) {
      let plaintext = try receiveKey.open(
        counter: counter,
        ciphertext: bytes[DatagramMessage.headerCount...],
        associated: bytes[..<DatagramMessage.headerCount]
      )
      window.mark(counter)
      received += 1
      return plaintext
    } catch {
      throw .notAuthentic
    }
  }
}
