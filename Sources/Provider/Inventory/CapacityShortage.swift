/// Why a group does not fit into the free capacity.
public enum CapacityShortage: Error, Hashable, Sendable, CustomStringConvertible {
  case cpu(wanted: UInt64, free: UInt64)
  case memory(wanted: UInt64, free: UInt64)
  case storage(wanted: UInt64, free: UInt64)
  /// Too few GPUs are free. All replicas of a unit get the same model, so `free` is the number of free GPUs
  /// of the suitable model with the most.
  case gpus(unit: UInt32, wanted: UInt64, free: UInt64, keys: [String])
  /// An amount exceeds 64 bits.
  case outOfRange

  public var description: String {
    switch self {
    case .cpu(let wanted, let free): "\(wanted)m CPU are wanted and \(free)m free"
    case .memory(let wanted, let free): "\(wanted >> 20) MiB of memory are wanted and \(free >> 20) MiB free"
    case .storage(let wanted, let free):
      "\(wanted >> 20) MiB of storage are wanted and \(free >> 20) MiB free"
    case .gpus(let unit, let wanted, let free, let keys):
      "unit \(unit): \(wanted) GPUs of one model "
        + "(\(keys.isEmpty ? "any" : keys.joined(separator: " or "))) are wanted and \(free) free"
    case .outOfRange: "more is wanted than any machine has"
    }
  }
}
