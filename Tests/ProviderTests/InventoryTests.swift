import Chain
import Cryptography
import Primitives
import Testing

@testable import Provider

@Suite struct InventoryTests {
  private let models = [Fixture.a100.gpuModel, Fixture.h100.gpuModel]

  private func reserve(_ inventory: inout Inventory, _ number: UInt64, _ spec: GroupSpec) throws
    -> Reservation
  {
    try inventory.reserve(
      .bid(order: Fixture.digest(number), group: 1),
      deployment: DeploymentID(owner: Fixture.tenant, sequence: number),
      group: 1,
      spec: spec,
      preferring: models
    )
  }

  @Test func `a wildcard becomes the preferred model, and devices have names`() throws {
    var inventory = Inventory(Fixture.inventory)
    let reservation = try reserve(&inventory, 1, Fixture.spec([Fixture.unit(gpus: 2)]))
    #expect(
      reservation.offers[0].resources.gpuAttributes.map(\.key)
        == ["vendor/nvidia/model/a100/ram/40Gi/interface/pcie"]
    )
    #expect(
      reservation.units[0].devices
        == ["declared/nvidia/a100/40Gi/pcie/0", "declared/nvidia/a100/40Gi/pcie/1"]
    )
    #expect(inventory.freeDevices.count == 10)
  }

  @Test func `when the preferred model is short, the next one serves all replicas`() throws {
    var inventory = Inventory(Fixture.inventory)
    let reservation = try reserve(&inventory, 1, Fixture.spec([Fixture.unit(gpus: 2, count: 3)]))
    #expect(reservation.units[0].devices.allSatisfy { $0.contains("h100") })
    #expect(
      reservation.units[0].devices(ofReplica: 2) == [
        "declared/nvidia/h100/80Gi/sxm/4", "declared/nvidia/h100/80Gi/sxm/5",
      ]
    )
    #expect(reservation.units[0].devices(ofReplica: 3).isEmpty)
  }

  @Test func `units that can use less choose first`() throws {
    var inventory = Inventory(Fixture.inventory)
    let wildcard = Fixture.unit(id: 1, gpus: 4)
    let exact = Fixture.unit(id: 2, gpus: 4, keys: ["vendor/nvidia/model/a100"])
    let reservation = try reserve(&inventory, 1, Fixture.spec([wildcard, exact]))
    #expect(reservation.units[0].devices.allSatisfy { $0.contains("h100") })
    #expect(reservation.units[1].devices.allSatisfy { $0.contains("a100") })
  }

  @Test func `a group is reserved as a whole or not at all`() throws {
    var inventory = Inventory(Fixture.inventory)
    let before = inventory
    let spec = Fixture.spec([
      Fixture.unit(id: 1, gpus: 4, keys: ["vendor/nvidia/model/a100"]),
      Fixture.unit(id: 2, gpus: 9, keys: ["vendor/nvidia/model/h100"]),
    ])
    #expect(
      throws: CapacityShortage.gpus(unit: 2, wanted: 9, free: 8, keys: ["vendor/nvidia/model/h100"])
    ) { try reserve(&inventory, 1, spec) }
    #expect(inventory == before)
  }

  @Test func `amounts beyond every number are a shortage, not a trap`() throws {
    var inventory = Inventory(Fixture.inventory)
    #expect(throws: CapacityShortage.outOfRange) {
      try reserve(&inventory, 1, Fixture.spec([Fixture.unit(gpus: 0, count: .max, cpu: .max)]))
    }
    #expect(throws: CapacityShortage.self) {
      try reserve(&inventory, 1, Fixture.spec([Fixture.unit(gpus: .max, count: .max)]))
    }
  }

  @Test func `memory volumes count as memory`() throws {
    var inventory = Inventory(Fixture.inventory)
    var unit = Fixture.unit(gpus: 0)
    unit.resources.volumes = [
      Volume(name: "shm", bytes: 3 << 30, attributes: [Attribute(key: "class", value: "ram")])
    ]
    let reservation = try reserve(&inventory, 1, Fixture.spec([unit]))
    #expect(reservation.amounts.memoryBytes == 4 << 30)
    #expect(reservation.amounts.storageBytes == 0)
  }

  @Test func `a confirmed bid's reservation is the lease's`() throws {
    var inventory = Inventory(Fixture.inventory)
    let reservation = try reserve(&inventory, 1, Fixture.spec())
    inventory.confirm(order: Fixture.digest(1), group: 1, as: Fixture.lease())
    #expect(inventory.reservations[.lease(Fixture.lease())]?.units == reservation.units)
    let ofBid = inventory.release(reservation.holder)
    let ofLease = inventory.release(.lease(Fixture.lease()))
    #expect(!ofBid && ofLease)
    #expect(inventory == Inventory(Fixture.inventory))
  }

  @Test func `an unknown lease is adopted by what was offered`() throws {
    var inventory = Inventory(Fixture.inventory)
    let offers = try reserve(
      &inventory,
      1,
      Fixture.spec([Fixture.unit(gpus: 3, keys: ["vendor/nvidia/model/h100"])])
    ).offers
    var other = Inventory(Fixture.inventory)
    let adopted = try other.adopt(Fixture.lease(), offers: offers)
    #expect(adopted.units[0].devices.count == 3)
  }

  @Test func `reservations survive as bytes, and what no longer fits is told`() throws {
    var inventory = Inventory(Fixture.inventory)
    _ = try reserve(&inventory, 1, Fixture.spec([Fixture.unit(gpus: 2, keys: ["vendor/nvidia/model/h100"])]))
    _ = try reserve(&inventory, 2, Fixture.spec([Fixture.unit(gpus: 1)]))
    var again = Inventory(Fixture.inventory)
    let none = try again.restoreReservations(inventory.encodedReservations)
    #expect(none.isEmpty)
    #expect(again == inventory)

    var settings = Fixture.inventory
    settings.gpus[0].count = 1
    var smaller = Inventory(settings)
    let lost = try smaller.restoreReservations(inventory.encodedReservations)
    #expect(lost.map(\.deployment.sequence) == [1])
    #expect(smaller.reservations.count == 1)
  }

  @Test func `damaged bytes are an error, not a trap`() throws {
    var inventory = Inventory(Fixture.inventory)
    _ = try reserve(&inventory, 1, Fixture.spec())
    let bytes = inventory.encodedReservations
    for count in 0..<bytes.count {
      var fresh = Inventory(Fixture.inventory)
      #expect(throws: DecodingError.self) { try fresh.restoreReservations(Array(bytes[..<count])) }
    }
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<2_000 {
      var damaged = bytes
      damaged[Int(random.next(below: UInt64(bytes.count)))] = UInt8(random.next(below: 256))
      var fresh = Inventory(Fixture.inventory)
      _ = try? fresh.restoreReservations(damaged)
    }
  }

  @Test func `whatever comes and goes, nothing is ever held twice or beyond capacity`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    var inventory = Inventory(Fixture.inventory)
    var held: [ReservationHolder] = []
    let keys = ["vendor/nvidia/model/*", "vendor/nvidia/model/h100", "vendor/nvidia/model/a100/ram/40Gi"]
    for number in 0..<UInt64(3_000) {
      switch random.next(below: 3) {
      case 0, 1:
        let units = (0...random.next(below: 3)).map { index in
          Fixture.unit(
            id: UInt32(index) + 1,
            gpus: random.next(below: 5),
            keys: [keys[Int(random.next(below: 3))]],
            count: UInt32(random.next(below: 3)) + 1,
            cpu: random.next(below: 20_000) + 10,
            memory: (random.next(below: 64) + 1) << 30
          )
        }
        if let reservation = try? reserve(&inventory, number, Fixture.spec(units)) {
          held.append(reservation.holder)
        }
      default:
        guard !held.isEmpty else { continue }
        let holder = held.remove(at: Int(random.next(below: UInt64(held.count))))
        let held = inventory.release(holder)
        #expect(held, "seed \(seed)")
      }
      check(inventory, "seed \(seed)")
    }
    for holder in held { inventory.release(holder) }
    #expect(inventory == Inventory(Fixture.inventory), "seed \(seed)")
  }

  /// Counts again from nothing.
  private func check(_ inventory: Inventory, _ comment: Comment) {
    let devices = inventory.reservations.values.flatMap { $0.units.flatMap(\.devices) }
    #expect(Set(devices).count == devices.count, comment)
    #expect(inventory.freeDevices.count + devices.count == 12, comment)
    let units = inventory.reservations.values.flatMap(\.offers)
    let cpu = units.reduce(0) { $0 + $1.resources.cpuMillis * UInt64($1.count) }
    let memory = units.reduce(0) { $0 + $1.resources.memoryBytes * UInt64($1.count) }
    #expect(cpu <= 64_000 && inventory.free.cpuMillis == 64_000 - cpu, comment)
    #expect(memory <= 256 << 30 && inventory.free.memoryBytes == (256 << 30) - memory, comment)
    let wanted = units.reduce(0) { $0 + $1.resources.gpus * UInt64($1.count) }
    #expect(wanted == UInt64(devices.count), comment)
  }

  @Test func `the offer tells free and total by model with prices`() throws {
    var inventory = Inventory(Fixture.inventory)
    _ = try reserve(&inventory, 1, Fixture.spec([Fixture.unit(gpus: 2, keys: ["vendor/nvidia/model/h100"])]))
    let offer = inventory.offer(
      provider: Fixture.provider,
      sequence: 7,
      expiresAt: Timestamp(milliseconds: 9),
      endpoint: "127.0.0.1:1",
      prices: try PriceSheet(Fixture.prices, tickMilliseconds: 6_000)
    )
    #expect(offer.gpus.map(\.free) == [6, 4])
    #expect(offer.gpus.map(\.total) == [8, 4])
    #expect(offer.gpus[0].prices.map(\.description) == ["3650uusdc", "4562.5uakt"])
    #expect(offer.gpus.map(\.isDeclared) == [true, true])
    #expect(try Offer(decoding: offer.encoded) == offer)
    #expect(offer.encoded.count < 1_000)
  }
}
