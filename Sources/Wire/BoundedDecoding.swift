public import Primitives
public import SwiftProtobuf

/// The limits of decoding. Input that is longer than its limit in bytes is refused before it is decoded.
public enum WireLimits {
  /// A gossiped object: an order with twenty groups of twenty units fits.
  public static let objectBytes = 64 * 1024
  /// A transaction: an agreement carries one order and up to twenty bids.
  public static let transactionBytes = 256 * 1024
  /// A block: with its proposal it fits one message of the transport (4 MiB).
  public static let blockBytes = 3_500_000
  public static let headerBytes = 1024
  /// A certificate of 1,000 validators.
  public static let certificateBytes = 128 * 1024
  public static let evidenceBytes = 1024
  /// A header with the certificate and two sets of 1,000 validators.
  public static let lightBlockBytes = 320 * 1024
  /// A chunk of a snapshot, or its manifest.
  public static let snapshotPartBytes = 3 * 1024 * 1024
  /// The most levels of nested messages; valid messages have at most seven.
  public static let messageDepth = 16
}

extension Message {
  /// Decodes at most `limit` bytes.
  ///
  /// - Throws: `outOfRange` when there are more, `invalid` when they are not this message.
  public init(decoding bytes: [UInt8], limit: Int) throws(DecodingError) {
    guard bytes.count <= limit else { throw .outOfRange(field: Self.protoMessageName) }
    var options = BinaryDecodingOptions()
    options.messageDepthLimit = WireLimits.messageDepth
    options.discardUnknownFields = true
    do { self = try Self(serializedBytes: bytes, options: options) } catch {
      throw .invalid(field: Self.protoMessageName)
    }
  }

  /// Decodes at most `limit` bytes, by default those of a transaction, that contain only this message's fields, each once; unknown fields are
  /// refused. Fields may be in any order.
  ///
  /// - Throws: `outOfRange` when there are more bytes; `invalid` when they are not this message or have other
  ///   fields, fields of another type, default values that should be left out, or numbers longer than
  ///   necessary.
  public init(complete bytes: [UInt8], limit: Int = WireLimits.transactionBytes) throws(DecodingError) {
    try self.init(decoding: bytes, limit: limit)
    // Each kind of invalid bytes named above is longer than the message's encoding.
    guard encoded.count == bytes.count else { throw .invalid(field: Self.protoMessageName) }
  }

  /// Decodes at most `limit` bytes, which must equal `encoded` of the result.
  ///
  /// Since a value then has only one form, nobody can forward a signed message with other bytes and so
  /// another hash.
  ///
  /// - Throws: `outOfRange` when there are more, `invalid` when they are not this message or not in that
  ///   form.
  public init(canonical bytes: [UInt8], limit: Int) throws(DecodingError) {
    try self.init(decoding: bytes, limit: limit)
    guard encoded == bytes else { throw .invalid(field: Self.protoMessageName) }
  }

  /// The message's encoding: fields in the order of their numbers, default values left out.
  ///
  /// Encoding cannot fail: proto3 has no required fields, and Swift strings are valid UTF-8.
  public var encoded: [UInt8] {
    do { return try serializedBytes() } catch {
      preconditionFailure("\(Self.protoMessageName) could not be encoded: \(error)")
    }
  }

  /// Makes a message that `body` fills in. It is swift-protobuf's `with`, for modules that import only Wire.
  public static func filled(_ body: (inout Self) -> Void) -> Self {
    var message = Self()
    body(&message)
    return message
  }
}
