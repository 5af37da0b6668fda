import Chain
import Cryptography
import Primitives

extension BidEngine {
  /// Reservations and open bids, encoded for the next run.
  ///
  /// Bids that are still being priced are left out; `restore` releases their reservations.
  public var encoded: [UInt8] {
    var writer = ByteWriter(capacity: 4_096)
    writer.write(Self.version)
    writer.writeCounted(inventory.encodedReservations)
    let bids = answers.filter { $0.value.state != .pricing }.sorted { $0.key < $1.key }
    writer.write(UInt32(bids.count))
    for (identifier, answer) in bids {
      writer.write(identifier)
      writer.writeCounted(answer.order.encoded)
      writer.write(answer.expiresAt.milliseconds)
      writer.write(answer.bid ?? .zero)
      let groups = answer.groups.compactMapValues(\.self).sorted { $0.key < $1.key }
      writer.write(UInt32(groups.count))
      for (group, price) in groups {
        writer.write(group)
        writer.write(price.amount.raw)
        writer.write(price.denomination.name)
      }
    }
    return writer.bytes
  }

  private static let version: UInt8 = 1

  /// Takes over the reservations and bids of an earlier run.
  ///
  /// - Returns: Reservations that no longer fit, because the settings have changed; they are not held.
  /// - Throws: When `bytes` is not the output of `encoded`.
  public mutating func restore(_ bytes: [UInt8]) throws(DecodingError) -> [Reservation] {
    var reader = ByteReader(bytes)
    guard try reader.read(UInt8.self) == Self.version else { throw .invalid(field: "version") }
    var inventory = inventory
    let lost = try inventory.restoreReservations(try reader.readCounted())
    var answers: [Digest: AnsweredOrder] = [:]
    for _ in 0..<(try reader.read(UInt32.self)) {
      let identifier = try reader.readDigest()
      let order = try Order(decoding: try reader.readCounted(limit: 1 << 16))
      let expiresAt = Timestamp(milliseconds: try reader.read())
      let bid = try reader.readDigest()
      var groups: [UInt32: DecimalCoin?] = [:]
      for _ in 0..<(try reader.read(UInt32.self)) {
        let group = try reader.read(UInt32.self)
        let amount = Decimal18(raw: try reader.read())
        guard let denomination = Denomination(try reader.readText(limit: 128)) else {
          throw .invalid(field: "denomination")
        }
        groups[group] = .some(DecimalCoin(amount, denomination))
      }
      answers[identifier] = AnsweredOrder(
        order: order,
        state: .bid,
        groups: groups,
        expiresAt: expiresAt,
        bid: bid == .zero ? nil : bid
      )
    }
    try reader.finish()
    self.inventory = inventory
    self.answers = answers
    releaseUnanswered()
    return lost
  }

  /// Releases the reservations of bids that are not known any more; nothing else would release them.
  private mutating func releaseUnanswered() {
    for reservation in inventory.sortedReservations {
      guard case .bid(let order, let group) = reservation.holder, answers[order]?.groups[group] == nil else {
        continue
      }
      inventory.release(reservation.holder)
    }
  }
}
