public import Primitives
public import SwiftProtobuf

/// Sizes beyond which bytes are refused before they are decoded.
public enum WireLimits {
  /// A gossiped object: an order with twenty groups of twenty units fits.
  public static let objectBytes = 64 * 1024
  /// A transaction: an agreement carries one order and up to twenty bids.
  public static let transactionBytes = 256 * 1024
  /// A block, so that it fits one message of the transport (4 MiB) with its proposal.
  public static let blockBytes = 3_500_000
  public static let headerBytes = 1024
  /// A certificate of 1,000 validators.
  public static let certificateBytes = 128 * 1024
  public static let evidenceBytes = 1024
  /// A header with the certificate and two sets of 1,000 validators.
  public static let lightBlockBytes = 320 * 1024
  /// A chunk of a snapshot, or its manifest.
  public static let snapshotPartBytes = 3 * 1024 * 1024
  /// Nested messages; the deepest legitimate one has seven levels.
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
    do {
      self = try Self(serializedBytes: bytes, options: options)
    } catch {
      throw .invalid(field: Self.protoMessageName)
    }
  }

  /// Decodes at most `limit` bytes that hold nothing but this message's fields, each once: what is not
  /// understood is not ignored. Fields may stand in any order.
  ///
  /// - Throws: `outOfRange` when there are more bytes, `invalid` when they are not this message or have other
  ///   fields, fields of another type, defaults spelled out or needlessly long numbers.
  public init(complete bytes: [UInt8], limit: Int) throws(DecodingError) {
    try self.init(decoding: bytes, limit: limit)
    // Each of these makes the bytes longer than the fields need.
    guard encoded.count == bytes.count else { throw .invalid(field: Self.protoMessageName) }
  }

  /// Decodes at most `limit` bytes, which must be exactly those that `encoded` gives for the result.
  ///
  /// Where a value has one form only, nobody can pass a signed message on in bytes of another identity.
  ///
  /// - Throws: `outOfRange` when there are more, `invalid` when they are not this message or not in that
  ///   form.
  public init(canonical bytes: [UInt8], limit: Int) throws(DecodingError) {
    try self.init(decoding: bytes, limit: limit)
    guard encoded == bytes else { throw .invalid(field: Self.protoMessageName) }
  }

  /// The message's bytes: fields in the order of their numbers, defaults left out.
  ///
  /// proto3 has no required fields and our text is always valid UTF-8, so encoding cannot fail.
  public var encoded: [UInt8] {
    do {
      return try serializedBytes()
    } catch {
      preconditionFailure("\(Self.protoMessageName) could not be encoded: \(error)")
    }
  }
}
