import API
import Chain
import Cryptography
import Primitives

/// How the groups of a file differ from those that a deployment ordered. Leases keep what was ordered, so a
/// deployment cannot be changed in these points.
struct GroupDifference {
  /// What the file and the chain call one group.
  struct Ordered {
    var sequence: UInt32
    var state: String
    var spec: GroupSpec
  }

  /// The groups of a deployment, as the chain has them.
  static func ordered(_ deployment: Answer.Deployment) throws -> [Ordered] {
    try deployment.groups.map { group in
      guard let bytes = Hex.decode(group.encoded), let spec = try? GroupSpec(decoding: bytes) else {
        throw Failure("the node's answer about group \(group.sequence) is not a group")
      }
      return Ordered(sequence: group.sequence, state: group.state, spec: spec)
    }
  }

  /// The differences in words, one line each; empty when there is none.
  ///
  /// - Parameters:
  ///   - ordered: The groups on the chain.
  ///   - wanted: The groups of the file.
  ///   - comparesPrices: Whether a different highest price is a difference.
  /// - Returns: The lines.
  static func between(_ ordered: [Ordered], and wanted: [Order.Group], comparesPrices: Bool = true)
    -> [String]
  {
    var lines: [String] = []
    for group in ordered where !wanted.contains(where: { $0.spec.name == group.spec.name }) {
      lines.append("the file has no group \(group.spec.name)")
    }
    for group in wanted {
      guard let old = ordered.first(where: { $0.spec.name == group.spec.name }) else {
        lines.append("the group \(group.spec.name) is new")
        continue
      }
      lines += between(old.spec, and: group.spec, comparesPrices).map { "group \(group.spec.name): \($0)" }
    }
    return lines
  }

  private static func between(_ old: GroupSpec, and new: GroupSpec, _ comparesPrices: Bool) -> [String] {
    var lines: [String] = []
    if old.requirements != new.requirements {
      lines.append("the attributes or auditors that its provider must have differ")
    }
    guard old.units.count == new.units.count else {
      return lines + ["it has \(new.units.count) kinds of replicas, ordered are \(old.units.count)"]
    }
    for (index, (was, now)) in zip(old.units, new.units).enumerated() {
      let place = old.units.count == 1 ? "" : " of unit \(index + 1)"
      if comparesPrices, was.price != now.price {
        lines.append("the highest price\(place) is \(now.price), ordered is \(was.price)")
      }
      if was.count != now.count { lines.append("the count\(place) is \(now.count), ordered is \(was.count)") }
      lines += between(was.resources, and: now.resources).map { "the \($0)\(place)" }
    }
    return lines
  }

  private static func between(_ old: Resources, and new: Resources) -> [String] {
    var lines: [String] = []
    if (old.cpuMillis, old.cpuAttributes) != (new.cpuMillis, new.cpuAttributes) {
      lines.append("CPU differs")
    }
    if (old.memoryBytes, old.memoryAttributes) != (new.memoryBytes, new.memoryAttributes) {
      lines.append("memory differs")
    }
    if old.volumes != new.volumes { lines.append("storage differs") }
    if (old.gpus, old.gpuAttributes) != (new.gpus, new.gpuAttributes) { lines.append("GPUs differ") }
    if old.endpoints != new.endpoints { lines.append("ports that are open to all differ") }
    return lines
  }
}
