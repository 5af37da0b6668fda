public import Primitives

/// The result of one transaction. It is stored, and the next header commits to it.
public struct Receipt: Hashable, Sendable {
  /// 0 for success, else the code of the rejection within `codespace`.
  public var code: UInt32
  /// The codespace of `code`; empty for success.
  public var codespace: String
  /// The rejection in words; empty for success.
  public var log: String
  /// The fee that was taken; nil when the transaction had none or could not pay it.
  public var fee: Coin?
  public var events: [Event]

  public init(code: UInt32, codespace: String, log: String, fee: Coin?, events: [Event]) {
    self.code = code
    self.codespace = codespace
    self.log = log
    self.fee = fee
    self.events = events
  }

  /// The receipt of a failed transaction.
  public init(_ rejection: Rejection, fee: Coin?, events: [Event] = []) {
    let code = rejection.code
    self.init(
      code: code.number,
      codespace: code.space.rawValue,
      log: rejection.description,
      fee: fee,
      events: events
    )
  }

  /// The receipt of a successful transaction.
  public init(fee: Coin?, events: [Event]) {
    self.init(code: 0, codespace: "", log: "", fee: fee, events: events)
  }

  public var isSuccess: Bool { code == 0 }
}

extension Receipt {
  /// The most characters of the codespace, bytes of the log, and number of events. When a receipt is decoded, a
  /// character of the codespace may have up to four bytes.
  private enum Limit {
    static let codespace = 32
    static let log = 1_024
    static let events = 65_536
  }

  /// The bytes that are stored and hashed.
  public var encoded: [UInt8] {
    var writer = ByteWriter(capacity: 64 + events.count * 96)
    writer.write(code)
    writer.write(String(codespace.prefix(Limit.codespace)))
    writer.write(Self.shortened(log))
    writer.write(fee)
    writer.write(UInt32(events.count))
    for event in events { event.encode(into: &writer) }
    return writer.bytes
  }

  /// - Throws: When `bytes` are not a receipt. A count that exceeds the number of remaining bytes is rejected,
  ///   so it cannot cause a large allocation.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    var reader = ByteReader(bytes)
    code = try reader.read()
    codespace = try reader.readText(limit: Limit.codespace * 4)
    log = try reader.readText(limit: Limit.log)
    fee = try reader.readAll()
    let count = Int(try reader.read(UInt32.self))
    guard count <= Limit.events, count <= reader.remaining else { throw .outOfRange(field: "events") }
    events = []
    for _ in 0..<count { events.append(try Event(from: &reader)) }
    try reader.finish()
  }

  /// The longest beginning of `text` that decoding accepts, cut between characters.
  private static func shortened(_ text: String) -> String {
    guard text.utf8.count > Limit.log else { return text }
    var cut = text[...]
    while cut.utf8.count > Limit.log { cut.removeLast() }
    return String(cut)
  }
}
