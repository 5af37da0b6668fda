import Chain
import Primitives
import Testing

/// A transaction taken apart as bytes, so that it can be put together as no program of ours would.
struct HandmadeTransaction {
  var type: String
  var value: [UInt8]
  private let authorization: [UInt8]
  private let signature: [UInt8]

  /// Of a transaction with one message.
  init(_ transaction: Transaction) throws {
    let raw = try Self.fields(transaction.encoded)
    let body = try Self.fields(try #require(raw[1]))
    let message = try Self.fields(try #require(body[1]))
    type = String(decoding: try #require(message[1]), as: UTF8.self)
    value = message[2] ?? []
    authorization = try #require(raw[2])
    signature = try #require(raw[3])
  }

  var encoded: [UInt8] {
    let message = Self.field(1, Array(type.utf8)) + Self.field(2, value)
    return Self.field(1, Self.field(1, message)) + Self.field(2, authorization) + Self.field(3, signature)
  }

  /// What the decoder says against it; nil when it takes it.
  var refusal: TransactionError? {
    do {
      _ = try Transaction(decoding: encoded, chain: TestChain.id)
      return nil
    } catch {
      return error
    }
  }

  static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    var length: [UInt8] = []
    var count = bytes.count
    while count >= 0x80 {
      length.append(UInt8(count & 0x7F) | 0x80)
      count >>= 7
    }
    return [number << 3 | 2] + length + [UInt8(count)] + bytes
  }

  /// The last field of each number, all of them with a length.
  private static func fields(_ bytes: [UInt8]) throws -> [UInt8: [UInt8]] {
    var found: [UInt8: [UInt8]] = [:]
    var rest = bytes[...]
    while let tag = rest.popFirst() {
      try #require(tag & 7 == 2)
      var length = 0
      var shift = 0
      while let byte = rest.popFirst() {
        length |= Int(byte & 0x7F) << shift
        shift += 7
        if byte & 0x80 == 0 { break }
      }
      found[tag >> 3] = Array(rest.prefix(length))
      rest = rest.dropFirst(length)
    }
    return found
  }
}

extension [UInt8] {
  /// The 32 bytes of a hash field made fewer; what is around them must not have lengths of its own.
  func shorteningHash(_ hash: [UInt8], to count: Int) throws -> [UInt8] {
    let place = try #require(indices.first { self[$0...].starts(with: [32] + hash) })
    return self[..<place] + [UInt8(count)] + hash.prefix(count) + self[(place + 33)...]
  }
}

extension TestChain {
  /// Whether a message type of the reference chain is none here.
  func knowsNoMessage(_ type: String) throws -> Bool {
    var handmade = try HandmadeTransaction(transaction([.closeDeployment(deployment())], by: "tenant"))
    #expect(handmade.refusal == nil)
    handmade.type = type
    return handmade.refusal == .unknownMessage(type: type)
  }
}
