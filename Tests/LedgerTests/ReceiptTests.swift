import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

@Suite struct ReceiptTests {
  @Test func `every event survives its encoding`() throws {
    #expect(Set(EventSamples.all.map(\.parts.tag)).count == EventSamples.all.count)
    #expect(EventSamples.all.map(\.parts.tag).sorted() == (1...UInt8(EventSamples.all.count)).map { $0 })
    #expect(Set(EventSamples.all.map(\.name)).count == EventSamples.all.count)
    for event in EventSamples.all {
      var writer = ByteWriter()
      event.encode(into: &writer)
      var reader = ByteReader(writer.bytes)
      #expect(try Event(from: &reader) == event)
      #expect(reader.remaining == 0)
    }
  }

  @Test func `a receipt survives its encoding, and every truncation is refused`() throws {
    let receipt = Receipt(fee: Coin(5_000, .uakt), events: EventSamples.all)
    let bytes = receipt.encoded
    #expect(try Receipt(decoding: bytes) == receipt)
    for count in bytes.indices {
      #expect(throws: DecodingError.self) { try Receipt(decoding: Array(bytes[..<count])) }
    }
    #expect(throws: DecodingError.trailingBytes) { try Receipt(decoding: bytes + [0]) }
  }

  @Test func `random bytes never trap the decoder`() {
    var generator = SeededGenerator(seed: 7)
    let good = Receipt(fee: nil, events: EventSamples.all).encoded
    for _ in 0..<2_000 {
      var bytes = good
      for _ in 0..<(1 + generator.next(below: 4)) {
        bytes[Int(generator.next(below: UInt64(bytes.count)))] = UInt8(truncatingIfNeeded: generator.next())
      }
      _ = try? Receipt(decoding: bytes)
      _ = try? Receipt(decoding: (0..<40).map { _ in UInt8(truncatingIfNeeded: generator.next()) })
    }
  }

  @Test func `attributes come in a fixed order as texts`() {
    let event = Event.leaseClosed(
      lease: EventSamples.lease,
      price: EventSamples.price,
      actor: .provider,
      reason: .unstable
    )
    #expect(event.name == "lease_closed")
    #expect(event.attributes.map(\.key) == ["lease", "price", "by", "reason"])
    #expect(
      event.attributes.map(\.value) == [EventSamples.lease.description, "1.5uusdc", "provider", "unstable"]
    )
  }

  @Test func `names of events and of their attributes are snake_case`() {
    for event in EventSamples.all {
      for name in [event.name] + event.attributes.map(\.key) {
        #expect(name.wholeMatch(of: /[a-z]+(_[a-z]+)*/) != nil, "\(name)")
      }
    }
  }

  @Test func `a long log is cut between characters`() throws {
    let log = String(repeating: "ä", count: 2_000)
    let receipt = Receipt(code: 1, codespace: "sdk", log: log, fee: nil, events: [])
    let decoded = try Receipt(decoding: receipt.encoded)
    #expect(decoded.log.utf8.count == 1_024 && log.hasPrefix(decoded.log))
  }
}
