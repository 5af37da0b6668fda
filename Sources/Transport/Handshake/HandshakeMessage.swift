import Cryptography
import NIOCore
import Primitives

/// The messages of the TCP handshake as bytes. Each is preceded by its length in two bytes.
enum HandshakeMessage {
  static let lengthBytes = 2
  /// The most bytes that a node may tell about itself in a handshake.
  static let maximumHello = 1_024

  fileprivate static let magic = Array("SCLD".utf8)
  private static let initiationCount = 1 + 4 + 2 + 1 + 32 + 32 + 32
  private static let sealedMinimum = 32 + 64 + 2 + AEADKey.overhead

  enum Kind: UInt8 {
    case initiation = 1
    case response = 2
    case finish = 3
    case refusal = 0xFF

    /// Lengths that a message of this kind can have, its kind byte included.
    var lengths: ClosedRange<Int> {
      switch self {
      case .initiation: initiationCount...initiationCount
      case .response: 1 + 32 + sealedMinimum...1 + 32 + sealedMinimum + maximumHello
      case .finish: 1 + sealedMinimum...1 + sealedMinimum + maximumHello
      case .refusal: 2...2
      }
    }
  }

  /// The first message, not encrypted.
  struct Initiation {
    let version: UInt16
    let purpose: UInt8
    let network: Digest
    let ephemeral: [UInt8]
    /// Makes first messages differ even if a faulty random number generator repeats an ephemeral key.
    let nonce: [UInt8]

    var bytes: [UInt8] {
      var writer = ByteWriter(capacity: initiationCount)
      writer.write(Kind.initiation.rawValue)
      writer.writeRaw(magic)
      writer.write(version)
      writer.write(purpose)
      writer.write(network)
      writer.writeRaw(ephemeral)
      writer.writeRaw(nonce)
      return writer.bytes
    }
  }

  /// What each end tells about itself, encrypted: its key, the port on which it listens, and free bytes.
  struct Introduction {
    let key: PublicKey
    let signature: Signature
    let listenPort: UInt16
    let hello: [UInt8]

    /// The bytes that the signature covers besides the transcript.
    static func claims(key: PublicKey, listenPort: UInt16, hello: [UInt8]) -> [UInt8] {
      var writer = ByteWriter(capacity: 34 + hello.count)
      writer.write(key)
      writer.write(listenPort)
      writer.writeRaw(hello)
      return writer.bytes
    }

    var claims: [UInt8] { Self.claims(key: key, listenPort: listenPort, hello: hello) }

    var bytes: [UInt8] {
      var writer = ByteWriter(capacity: 98 + hello.count)
      writer.write(key)
      writer.write(signature)
      writer.write(listenPort)
      writer.writeRaw(hello)
      return writer.bytes
    }
  }

  /// `message` preceded by its length.
  static func framed(_ message: [UInt8]) -> [UInt8] {
    let count = UInt16(message.count)
    return [UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)] + message
  }

  /// A refusal with its length.
  static func refusal(_ code: CloseCode) -> [UInt8] { framed([Kind.refusal.rawValue, code.rawValue]) }

  /// Takes the next message from the front of `input` if all of it is there.
  ///
  /// Length and kind are checked as soon as their three bytes are there, so that a connection that speaks
  /// another protocol is closed at its third byte.
  static func next(
    from input: inout ByteBuffer,
    accepting kinds: [Kind]
  ) throws(HandshakeFailure) -> (Kind, [UInt8])? {
    let start = input.readerIndex
    guard let length = input.getInteger(at: start, as: UInt16.self) else { return nil }
    guard kinds.contains(where: { $0.lengths.contains(Int(length)) }) else { throw .malformed }
    guard let raw = input.getInteger(at: start + lengthBytes, as: UInt8.self) else { return nil }
    guard let kind = Kind(rawValue: raw), kinds.contains(kind), kind.lengths.contains(Int(length)) else {
      throw .malformed
    }
    guard let message = input.getBytes(at: start + lengthBytes, length: Int(length)) else { return nil }
    input.moveReaderIndex(forwardBy: lengthBytes + Int(length))
    return (kind, message)
  }
}

extension HandshakeMessage.Initiation {
  init(_ message: [UInt8]) throws(DecodingError) {
    var reader = ByteReader(message.dropFirst())
    guard try reader.readRaw(count: 4) == HandshakeMessage.magic else { throw .invalid(field: "magic") }
    version = try reader.read()
    purpose = try reader.read()
    network = try reader.readDigest()
    ephemeral = try reader.readRaw(count: 32)
    nonce = try reader.readRaw(count: 32)
    try reader.finish()
  }
}

extension HandshakeMessage.Introduction {
  init(_ plaintext: [UInt8]) throws(DecodingError) {
    var reader = ByteReader(plaintext)
    key = try reader.readPublicKey()
    signature = try reader.readSignature()
    listenPort = try reader.read()
    hello = try reader.readRaw(count: reader.remaining)
  }
}
