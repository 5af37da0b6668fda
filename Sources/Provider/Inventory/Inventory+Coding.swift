import Chain
import Cryptography
import Primitives

extension Inventory {
  /// The reservations, encoded, each with the devices that it holds. The inventory's list of all devices and its
  /// totals are left out, because they come from the settings.
  public var encodedReservations: [UInt8] {
    var writer = ByteWriter()
    let sorted = sortedReservations
    writer.write(UInt32(sorted.count))
    for reservation in sorted { writer.write(reservation) }
    return writer.bytes
  }

  /// Takes over the reservations of an earlier run.
  ///
  /// - Returns: Those that no longer fit, because the settings have changed; they are not held.
  /// - Throws: When `bytes` is not the output of `encodedReservations`.
  public mutating func restoreReservations(_ bytes: [UInt8]) throws(DecodingError) -> [Reservation] {
    var reader = ByteReader(bytes)
    let count = try reader.read(UInt32.self)
    var lost: [Reservation] = []
    for _ in 0..<count {
      let reservation = try reader.readReservation()
      if !restore(reservation) { lost.append(reservation) }
    }
    try reader.finish()
    return lost
  }
}

extension ByteWriter {
  mutating func write(_ id: DeploymentID) {
    write(id.owner)
    write(id.sequence)
  }

  mutating func write(_ id: LeaseID) {
    write(id.deployment)
    write(id.group)
    write(id.order)
    write(id.provider)
  }

  fileprivate mutating func write(_ reservation: Reservation) {
    switch reservation.holder {
    case .bid(let order, let group):
      write(UInt8(1))
      write(order)
      write(group)
    case .lease(let lease):
      write(UInt8(2))
      write(lease)
    }
    write(reservation.deployment)
    write(reservation.group)
    write(UInt32(reservation.units.count))
    for unit in reservation.units {
      writeCounted(unit.offer.encoded)
      write(UInt32(unit.devices.count))
      for device in unit.devices { write(device) }
    }
    write(reservation.amounts.cpuMillis)
    write(reservation.amounts.memoryBytes)
    write(reservation.amounts.storageBytes)
  }
}

extension ByteReader {
  mutating func readDeployment() throws(DecodingError) -> DeploymentID {
    let owner = try readAddress()
    return DeploymentID(owner: owner, sequence: try read())
  }

  mutating func readLease() throws(DecodingError) -> LeaseID {
    let deployment = try readDeployment()
    let group = try read(UInt32.self)
    let order = try read(UInt32.self)
    return LeaseID(deployment: deployment, group: group, order: order, provider: try readAddress())
  }

  fileprivate mutating func readReservation() throws(DecodingError) -> Reservation {
    let holder: ReservationHolder
    switch try read(UInt8.self) {
    case 1:
      let order = try readDigest()
      holder = .bid(order: order, group: try read())
    case 2: holder = .lease(try readLease())
    default: throw .outOfRange(field: "holder")
    }
    let deployment = try readDeployment()
    let group = try read(UInt32.self)
    var units: [Reservation.Unit] = []
    for _ in 0..<(try read(UInt32.self)) {
      let offer = try ResourceOffer(decoding: try readCounted(limit: 1 << 16))
      var devices: [String] = []
      for _ in 0..<(try read(UInt32.self)) { devices.append(try readText(limit: 256)) }
      units.append(Reservation.Unit(offer: offer, devices: devices))
    }
    let cpu = try read(UInt64.self)
    let memory = try read(UInt64.self)
    let amounts = CapacityAmounts(cpuMillis: cpu, memoryBytes: memory, storageBytes: try read())
    return Reservation(holder: holder, deployment: deployment, group: group, units: units, amounts: amounts)
  }
}
