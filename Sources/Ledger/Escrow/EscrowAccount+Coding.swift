import Cryptography
import Primitives

extension EscrowAccount: StateValue {
  /// The most entries that `deposits` may have.
  static let depositLimit = 64
  /// The most payments that decoding accepts; more than a deployment can have groups.
  private static let paymentLimit = 256

  func encode(into writer: inout ByteWriter) {
    writer.write(denomination)
    writer.write(state.rawValue)
    writer.write(settledAt)
    writer.write(takeIndex)
    writer.write(UInt16(deposits.count))
    for deposit in deposits { deposit.encode(into: &writer) }
    writer.write(spentOfFirstDeposit)
    writer.write(transferred)
    writer.write(UInt16(payments.count))
    for payment in payments { payment.encode(into: &writer) }
    writer.write(residue)
    writer.write(endedAt)
    writer.write(runwayStart)
    writer.write(lastWarningPercent)
    writer.write(indexedAt)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    denomination = try reader.readDenomination()
    guard let state = State(rawValue: try reader.read()) else { throw .outOfRange(field: "state") }
    self.state = state
    settledAt = try reader.read()
    takeIndex = try reader.read()
    let depositCount = Int(try reader.read(UInt16.self))
    guard depositCount <= Self.depositLimit else { throw .outOfRange(field: "deposits") }
    for _ in 0..<depositCount { deposits.append(try Deposit(from: &reader)) }
    spentOfFirstDeposit = try reader.readDecimal()
    transferred = try reader.readDecimal()
    let paymentCount = Int(try reader.read(UInt16.self))
    guard paymentCount <= Self.paymentLimit else { throw .outOfRange(field: "payments") }
    for _ in 0..<paymentCount { payments.append(try Payment(from: &reader)) }
    residue = try reader.readDecimal()
    endedAt = try reader.readOptionalTick()
    runwayStart = try reader.read()
    lastWarningPercent = try reader.read()
    indexedAt = try reader.readOptionalTick()
  }
}

extension EscrowAccount.Deposit: StateValue {
  func encode(into writer: inout ByteWriter) {
    writer.write(depositor)
    writer.write(isGranted)
    writer.write(amount)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    depositor = try reader.readAddress()
    isGranted = try reader.readFlag()
    amount = try reader.readAmount()
  }
}

extension EscrowAccount.Payment: StateValue {
  func encode(into writer: inout ByteWriter) {
    writer.write(group)
    writer.write(order)
    writer.write(provider)
    writer.write(rate)
    writer.write(earned)
    writer.write(paid)
    takeDue.encode(into: &writer)
    writer.write(collectedTake)
    writer.write(nextPayout)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    group = try reader.read()
    order = try reader.read()
    provider = try reader.readAddress()
    rate = try reader.readDecimal()
    earned = try reader.readDecimal()
    paid = try reader.readAmount()
    takeDue = try TakeAccrual(from: &reader)
    collectedTake = try reader.readAmount()
    nextPayout = try reader.read()
  }
}

extension ByteWriter {
  mutating func write(_ tick: Tick?) {
    write(tick != nil)
    if let tick { write(tick) }
  }
}

extension ByteReader {
  mutating func readOptionalTick() throws(DecodingError) -> Tick? { try readFlag() ? try read() : nil }
}
