import Cryptography
import NIOCore
import Primitives

/// When a direction of a stream changes its key: after this many bytes or this time, whichever comes first.
struct RekeyPolicy: Hashable, Sendable {
  var bytes = 1 << 30
  var interval: Interval = .seconds(3_600)
}

/// Encrypts the records of one direction: {3-byte length, ciphertext}.
struct RecordSealer: ~Copyable {
  static let lengthBytes = 3

  private var stream: StreamSealer
  private let policy: RekeyPolicy
  private var sealedBytes = 0
  private var keyedAt: Instant
  private var hasSentHeader = false
  /// How many times the key was changed.
  private(set) var rekeys = 0

  init(key: Digest, policy: RekeyPolicy, at now: Instant) {
    stream = StreamSealer(key: key)
    self.policy = policy
    keyedAt = now
  }

  /// Appends `plaintext` to `output` as one encrypted record. The stream's header precedes the first record.
  mutating func seal(
    _ plaintext: [UInt8],
    final: Bool = false,
    at now: Instant,
    into output: inout ByteBuffer
  ) {
    if !hasSentHeader {
      output.writeBytes(stream.header)
      hasSentHeader = true
    }
    sealedBytes += plaintext.count
    let isDue = sealedBytes >= policy.bytes || now.since(keyedAt) >= policy.interval
    let sealed = stream.seal(plaintext, final: final, rekey: isDue)
    if isDue {
      sealedBytes = 0
      keyedAt = now
      rekeys += 1
    }
    output.writeInteger(UInt8(truncatingIfNeeded: sealed.count >> 16))
    output.writeInteger(UInt16(truncatingIfNeeded: sealed.count))
    output.writeBytes(sealed)
  }
}

/// Decrypts the records of one direction.
struct RecordOpener: ~Copyable {
  private let key: Digest
  private var stream: StreamOpener?
  private var hasEnded = false

  init(key: Digest) {
    self.key = key
  }

  /// The next record's plaintext and whether it is the stream's last; nil when more bytes are needed.
  ///
  /// The announced length is checked as soon as its three bytes are there.
  mutating func next(from input: inout ByteBuffer) throws(FrameViolation) -> (bytes: [UInt8], isFinal: Bool)?
  {
    guard !hasEnded else {
      guard input.readableBytes == 0 else { throw .afterEnd }
      return nil
    }
    if stream == nil {
      guard let header = input.readBytes(length: StreamSealer.headerCount) else { return nil }
      do throws(CryptographyError) {
        stream = try StreamOpener(key: key, header: header)
      } catch {
        throw .notAuthentic
      }
    }
    let start = input.readerIndex
    guard let high = input.getInteger(at: start, as: UInt8.self),
      let low = input.getInteger(at: start + 1, as: UInt16.self)
    else { return nil }
    let length = Int(high) << 16 | Int(low)
    guard (StreamSealer.overhead...FrameLimits.maximumRecord).contains(length) else { throw .recordLength }
    guard let sealed = input.getBytes(at: start + RecordSealer.lengthBytes, length: length) else {
      return nil
    }
    input.moveReaderIndex(forwardBy: RecordSealer.lengthBytes + length)
    let opened = try open(sealed)
    hasEnded = opened.isFinal
    return opened
  }

  private mutating func open(_ sealed: [UInt8]) throws(FrameViolation) -> (bytes: [UInt8], isFinal: Bool) {
    do throws(CryptographyError) {
      guard let opened = try stream?.open(sealed) else { throw .notAuthentic }
      return opened
    } catch {
      throw .notAuthentic
    }
  }
}
