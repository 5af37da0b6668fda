import Chain
import Cryptography
import Primitives

/// The bid or lease for which capacity is reserved. A lease can take over the reservation of its bid.
public enum ReservationHolder: Hashable, Comparable, Sendable {
  /// A bid for one group of an order.
  case bid(order: Digest, group: UInt32)
  case lease(LeaseID)
}

/// Amounts of CPU, memory and storage.
public struct CapacityAmounts: Hashable, Sendable {
  public var cpuMillis: UInt64 = 0
  public var memoryBytes: UInt64 = 0
  public var storageBytes: UInt64 = 0
}

extension CapacityAmounts {
  /// The sum over `units`. Volumes of class `ram` count as memory.
  init(of units: [ResourceOffer]) throws(CapacityShortage) {
    self.init()
    for unit in units {
      var memory = unit.resources.memoryBytes
      var storage: UInt64 = 0
      for volume in unit.resources.volumes {
        if volume.storageClass == "ram" {
          memory = try Self.sum(memory, volume.bytes)
        } else {
          storage = try Self.sum(storage, volume.bytes)
        }
      }
      let count = UInt64(unit.count)
      cpuMillis = try Self.sum(cpuMillis, try Self.product(unit.resources.cpuMillis, count))
      memoryBytes = try Self.sum(memoryBytes, try Self.product(memory, count))
      storageBytes = try Self.sum(storageBytes, try Self.product(storage, count))
    }
  }

  func adding(_ other: CapacityAmounts) throws(CapacityShortage) -> CapacityAmounts {
    CapacityAmounts(
      cpuMillis: try Self.sum(cpuMillis, other.cpuMillis),
      memoryBytes: try Self.sum(memoryBytes, other.memoryBytes),
      storageBytes: try Self.sum(storageBytes, other.storageBytes)
    )
  }

  /// The difference; zero where `taken` is larger.
  func subtracting(_ taken: CapacityAmounts) -> CapacityAmounts {
    func left(_ total: UInt64, _ taken: UInt64) -> UInt64 { total > taken ? total - taken : 0 }
    return CapacityAmounts(
      cpuMillis: left(cpuMillis, taken.cpuMillis),
      memoryBytes: left(memoryBytes, taken.memoryBytes),
      storageBytes: left(storageBytes, taken.storageBytes)
    )
  }

  private static func sum(_ left: UInt64, _ right: UInt64) throws(CapacityShortage) -> UInt64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    guard !overflow else { throw .outOfRange }
    return sum
  }

  private static func product(_ left: UInt64, _ right: UInt64) throws(CapacityShortage) -> UInt64 {
    let (product, overflow) = left.multipliedReportingOverflow(by: right)
    guard !overflow else { throw .outOfRange }
    return product
  }
}

/// Capacity reserved for one group: amounts and individual devices.
public struct Reservation: Hashable, Sendable {
  public struct Unit: Hashable, Sendable {
    /// The unit's resources, with the reserved GPU model.
    public var offer: ResourceOffer
    /// Device ids, sorted by replica.
    public var devices: [String]

    /// The device ids of one replica, which is counted from 0.
    public func devices(ofReplica replica: Int) -> [String] {
      let each = Int(clamping: offer.resources.gpus)
      let start = replica * each
      guard replica >= 0, start + each <= devices.count else { return [] }
      return Array(devices[start..<start + each])
    }
  }

  public var holder: ReservationHolder
  public var deployment: DeploymentID
  public var group: UInt32
  public var units: [Unit]
  public var amounts: CapacityAmounts

  public var offers: [ResourceOffer] { units.map(\.offer) }
}
