import Chain
import Primitives

/// Describes a deployment in plain words: what runs where, with which resources, who can reach it, and its
/// highest cost.
public struct Explanation: Sendable {
  /// The usual length of a tick in seconds, equal to the time of one Akash block. A price is paid once per
  /// tick. The actual length is a parameter of the network.
  public static let usualTickSeconds: UInt64 = 6

  let deployment: Deployment
  let tickSeconds: UInt64

  /// Explains `deployment` for a network whose tick lasts `tickSeconds`; 0 counts as 1.
  public init(_ deployment: Deployment, tickSeconds: UInt64 = usualTickSeconds) {
    self.deployment = deployment
    self.tickSeconds = max(1, tickSeconds)
  }

  /// The explanation for people; it ends with a line break.
  public var text: String {
    var lines = [headline]
    for (group, spec) in zip(deployment.manifest.groups, deployment.groups) {
      lines.append("")
      lines += placement(group, spec)
    }
    lines.append("")
    lines += costs
    return lines.joined(separator: "\n") + "\n"
  }

  private var headline: String {
    let services = deployment.manifest.groups.reduce(0) { $0 + $1.services.count }
    let replicas = deployment.manifest.groups.flatMap(\.services).reduce(0) { $0 + UInt64($1.count) }
    return counted(UInt64(services), "service") + " in " + counted(replicas, "replica") + " at "
      + counted(UInt64(deployment.groups.count), "placement") + ", by the rules of version "
      + deployment.version.rawValue
  }

  private func placement(_ group: ManifestGroup, _ spec: GroupSpec) -> [String] {
    var lines = ["At the placement \(quoted(group.name)): one provider runs all of this"]
    let attributes = spec.requirements.attributes.filter { $0.key != "tee/type" }
    if !attributes.isEmpty {
      lines.append("  it has    " + attributes.map { "\($0.key) = \($0.value)" }.joined(separator: ", "))
    }
    if !spec.requirements.allOf.isEmpty {
      lines.append("  vouched for by each of " + spec.requirements.allOf.joined(separator: ", "))
    }
    if !spec.requirements.anyOf.isEmpty {
      lines.append("  vouched for by one of  " + spec.requirements.anyOf.joined(separator: ", "))
    }
    for service in group.services { lines += self.service(service, spec) }
    return lines
  }

  private func service(_ service: ManifestService, _ spec: GroupSpec) -> [String] {
    var lines = [
      "  \(service.name): \(service.image), \(counted(UInt64(service.count), "replica")), each with"
    ]
    let resources = service.resources
    var compute = "\(Self.cores(resources.cpuMillis)), \(Self.size(resources.memoryBytes)) of memory"
    for attribute in resources.cpuAttributes { compute += ", cpu of the kind \(attribute.value)" }
    lines.append("    compute   " + compute)
    if resources.gpus > 0 {
      lines.append("    gpu       \(counted(resources.gpus, "GPU")): " + Self.models(resources.gpuAttributes))
    }
    for volume in resources.volumes {
      lines.append("    storage   " + Self.volume(volume, service.parameters))
    }
    if let tee = service.parameters?.confidentialComputing {
      let place = tee.type == "cpu-gpu" ? "cpu and GPU" : "cpu"
      lines.append("    sealed    confidential computing on \(place)")
    }
    if let host = service.credentials?.host {
      lines.append("    image     from the private registry \(host)")
    }
    if let environment = service.environment, !environment.isEmpty {
      lines.append("    variables " + environment.map { Self.variable($0) }.joined(separator: ", "))
    }
    lines += reach(service)
    if let unit = spec.units.first(where: { $0.resources.id == resources.id }) {
      let price = Cost.text(unit.price.amount, unit.price.denomination)
      lines.append("    price     at most \(price) for each replica and tick of \(tickSeconds) s")
    }
    return lines
  }

  private func reach(_ service: ManifestService) -> [String] {
    guard !service.exposes.isEmpty else { return ["    reached   by nobody"] }
    return service.exposes.map { "    reached   " + Self.reach($0) }
  }

  private var costs: [String] {
    guard let cost = Cost(deployment, tickSeconds: tickSeconds) else {
      return ["The most it can cost is more than can be counted"]
    }
    var lines = ["The most it can cost, before bids lower it"]
    for (name, amount) in cost.spans {
      let amount = amount.map { Cost.text($0, cost.denomination) } ?? "more than can be counted"
      lines.append("  per \(name)".padded(to: 24) + amount)
    }
    return lines
  }
}

func counted(_ count: UInt64, _ noun: String) -> String {
  "\(count) \(noun)\(count == 1 ? "" : "s")"
}

extension String {
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - unicodeScalars.count))
  }
}
