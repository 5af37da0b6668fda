import Chain
import Cryptography
import Ledger
import Primitives

/// The provider's capacity and its reservations: amounts of CPU, memory and storage, and individual GPUs.
///
/// Free amounts are computed from the reservations, so they cannot become inconsistent. A group is reserved
/// completely or not at all.
public struct Inventory: Hashable, Sendable {
  /// One GPU.
  public struct Device: Hashable, Sendable {
    /// The identifier, which stays the same over restarts, such as `declared/nvidia/h100/80Gi/sxm/3`.
    public var id: String
    public var model: GPUModel
    /// Whether only the settings state this device, and no driver has detected it.
    public var isDeclared: Bool
  }

  /// The provider's GPUs in the order of the settings.
  public let devices: [Device]
  public let total: CapacityAmounts
  public private(set) var reservations: [ReservationHolder: Reservation] = [:]

  public init(_ settings: InventorySettings) {
    devices = settings.gpus.flatMap { gpu in
      (0..<gpu.count).map { index in
        Device(
          id: (gpu.declared ? "declared/" : "gpu/") + "\(gpu.gpuModel)/\(index)",
          model: gpu.gpuModel,
          isDeclared: gpu.declared
        )
      }
    }
    total = CapacityAmounts(
      cpuMillis: settings.cpuMillis,
      memoryBytes: settings.memoryBytes,
      storageBytes: settings.storageBytes
    )
  }

  /// The different models, in the order of the settings.
  public var models: [GPUModel] {
    var seen: Set<GPUModel> = []
    return devices.map(\.model).filter { seen.insert($0).inserted }
  }

  /// Reservations in a fixed order.
  public var sortedReservations: [Reservation] {
    reservations.values.sorted { $0.holder < $1.holder }
  }

  /// The sum of all reservations.
  public var taken: CapacityAmounts {
    reservations.values.reduce(into: CapacityAmounts()) { sum, reservation in
      // Each reservation took at most what was free, so the sum is at most the total and cannot overflow.
      sum = (try? sum.adding(reservation.amounts)) ?? total
    }
  }

  public var free: CapacityAmounts { total.subtracting(taken) }

  /// Devices that are not reserved, in the order of the settings.
  public var freeDevices: [Device] {
    let held = Set(reservations.values.flatMap { $0.units.flatMap(\.devices) })
    return devices.filter { !held.contains($0.id) }
  }

  /// Reserves what `spec` needs, completely or not at all.
  ///
  /// Each unit gets the first model in `models` that is suitable and has enough free devices. Units with
  /// fewer suitable models choose first.
  ///
  /// - Throws: The shortage.
  public mutating func reserve(
    _ holder: ReservationHolder,
    deployment: DeploymentID,
    group: UInt32,
    spec: GroupSpec,
    preferring models: [GPUModel]
  ) throws(CapacityShortage) -> Reservation {
    let wanted = spec.units.map { ResourceOffer(resources: $0.resources, count: $0.count) }
    let amounts = try check(wanted)
    var free = Dictionary(grouping: freeDevices, by: \.model)
    var units: [Reservation.Unit?] = Array(repeating: nil, count: wanted.count)
    let candidates = wanted.map { unit in models.filter { $0.satisfies(unit.resources.gpuAttributes) } }
    let order = wanted.indices.sorted { (candidates[$0].count, $0) < (candidates[$1].count, $1) }
    for index in order {
      units[index] = try Self.take(wanted[index], from: &free, candidates: candidates[index])
    }
    let reservation = Reservation(
      holder: holder,
      deployment: deployment,
      group: group,
      units: units.compactMap(\.self),
      amounts: amounts
    )
    reservations[holder] = reservation
    return reservation
  }

  /// Reserves exactly what was offered, for a lease whose reservation is unknown.
  ///
  /// - Throws: The shortage.
  public mutating func adopt(
    _ lease: LeaseID,
    offers: [ResourceOffer]
  ) throws(CapacityShortage) -> Reservation {
    let amounts = try check(offers)
    var free = Dictionary(grouping: freeDevices, by: \.model)
    var units: [Reservation.Unit] = []
    for offer in offers {
      let named = offer.resources.gpuAttributes.compactMap { GPUModel(attributeKey: $0.key) }
      units.append(try Self.take(offer, from: &free, candidates: named))
    }
    let reservation = Reservation(
      holder: .lease(lease),
      deployment: lease.deployment,
      group: lease.group,
      units: units,
      amounts: amounts
    )
    reservations[.lease(lease)] = reservation
    return reservation
  }

  /// Turns the reservation of an accepted bid into the lease's. Nil when the bid has none.
  @discardableResult
  public mutating func confirm(order: Digest, group: UInt32, as lease: LeaseID) -> Reservation? {
    guard var reservation = reservations.removeValue(forKey: .bid(order: order, group: group)) else {
      return nil
    }
    reservation.holder = .lease(lease)
    reservations[.lease(lease)] = reservation
    return reservation
  }

  /// Releases the reservation of `holder`; false when it has none.
  @discardableResult
  public mutating func release(_ holder: ReservationHolder) -> Bool {
    reservations.removeValue(forKey: holder) != nil
  }

  /// Takes over a reservation of an earlier run; false when it does not fit.
  mutating func restore(_ reservation: Reservation) -> Bool {
    let free = Set(freeDevices.map(\.id))
    let wanted = reservation.units.flatMap(\.devices)
    guard reservations[reservation.holder] == nil, Set(wanted).count == wanted.count,
      free.isSuperset(of: wanted), (try? check(reservation.offers)) == reservation.amounts
    else { return false }
    reservations[reservation.holder] = reservation
    return true
  }

  private func check(_ units: [ResourceOffer]) throws(CapacityShortage) -> CapacityAmounts {
    let wanted = try CapacityAmounts(of: units)
    let free = free
    guard wanted.cpuMillis <= free.cpuMillis else {
      throw .cpu(wanted: wanted.cpuMillis, free: free.cpuMillis)
    }
    guard wanted.memoryBytes <= free.memoryBytes else {
      throw .memory(wanted: wanted.memoryBytes, free: free.memoryBytes)
    }
    guard wanted.storageBytes <= free.storageBytes else {
      throw .storage(wanted: wanted.storageBytes, free: free.storageBytes)
    }
    return wanted
  }

  private static func take(
    _ unit: ResourceOffer,
    from free: inout [GPUModel: [Device]],
    candidates: [GPUModel]
  ) throws(CapacityShortage) -> Reservation.Unit {
    guard unit.resources.gpus > 0 else { return Reservation.Unit(offer: unit, devices: []) }
    let (wanted, overflow) = unit.resources.gpus.multipliedReportingOverflow(by: UInt64(unit.count))
    guard !overflow else { throw .outOfRange }
    guard let model = candidates.first(where: { UInt64(free[$0]?.count ?? 0) >= wanted }) else {
      throw .gpus(
        unit: unit.resources.id,
        wanted: wanted,
        free: UInt64(candidates.map { free[$0]?.count ?? 0 }.max() ?? 0),
        keys: unit.resources.gpuAttributes.map(\.key)
      )
    }
    let taken = free[model, default: []].prefix(Int(wanted))
    free[model, default: []].removeFirst(taken.count)
    var offer = unit
    offer.resources.gpuAttributes = [Attribute(key: model.attributeKey, value: "true")]
    return Reservation.Unit(offer: offer, devices: taken.map(\.id))
  }
}

extension GPUModel {
  /// Whether a device of this model satisfies a request: it matches one of the keys, or the request has no
  /// keys.
  public func satisfies(_ requests: [Attribute]) -> Bool {
    guard !requests.isEmpty else { return true }
    let keys = GPUKey.generalisations(of: attributeKey)
    return requests.contains { request in
      request.value == "true" && keys.contains { AttributePattern.matches(request.key, $0) }
    }
  }
}
