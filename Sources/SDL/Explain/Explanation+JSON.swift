import Chain
import Cryptography
import Primitives

extension Explanation {
  /// The explanation as JSON for programs. CPU, memory and counts are numbers; each volume is a text. Money is an
  /// exact decimal number, written as a text, in the unit that `denom` names.
  public var json: [UInt8] {
    let cost = Cost(deployment, tickSeconds: tickSeconds)
    let spans = cost?.spans ?? []
    let amounts = zip(["hour", "day", "month"], spans).map { name, span in
      (key: name, value: span.amount.map { JSONValue.string($0.description) } ?? .null)
    }
    return JSONWriter.indented(
      .object([
        ("version", .string(deployment.version.rawValue)),
        ("hash", .string(deployment.manifest.hash.description)),
        ("tick_seconds", .number(tickSeconds)),
        (
          "maximum_cost",
          .object(
            [("denom", cost.map { .string($0.denomination.name) } ?? .null)]
              + [("tick", cost.map { .string($0.tick.description) } ?? .null)] + amounts
          )
        ),
        ("placements", .array(zip(deployment.manifest.groups, deployment.groups).map { placement($0, $1) })),
      ])
    )
  }

  private func placement(_ group: ManifestGroup, _ spec: GroupSpec) -> JSONValue {
    .object([
      ("name", .string(group.name)),
      ("attributes", .array(spec.requirements.attributes.map(\.json))),
      ("signed_by_all_of", .strings(spec.requirements.allOf)),
      ("signed_by_any_of", .strings(spec.requirements.anyOf)),
      ("services", .array(group.services.map(service))),
    ])
  }

  private func service(_ service: ManifestService) -> JSONValue {
    let resources = service.resources
    return .object([
      ("name", .string(service.name)),
      ("image", .string(service.image)),
      ("replicas", .number(UInt64(service.count))),
      ("cpu_millis", .number(resources.cpuMillis)),
      ("memory_bytes", .number(resources.memoryBytes)),
      ("gpus", .number(resources.gpus)),
      ("gpu_models", .array(resources.gpuAttributes.map { .string($0.key) })),
      ("storage", .array(resources.volumes.map { .string(Self.volume($0, service.parameters)) })),
      ("reached", .array(service.exposes.map { .string(Self.reach($0)) })),
    ])
  }
}
