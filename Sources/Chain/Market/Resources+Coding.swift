import Primitives
import Wire

extension Resources {
  init(_ wire: Akash_Resources) throws(DecodingError) {
    self.init(
      id: wire.id,
      cpuMillis: try wire.cpu.units.number("cpu.units"),
      cpuAttributes: try Attribute.list(wire.cpu.attributes, "cpu.attributes"),
      memoryBytes: try wire.memory.quantity.number("memory.quantity"),
      memoryAttributes: try Attribute.list(wire.memory.attributes, "memory.attributes"),
      volumes: try Volume.list(wire.storage),
      gpus: try wire.gpu.units.number("gpu.units"),
      gpuAttributes: try Attribute.list(wire.gpu.attributes, "gpu.attributes"),
      endpoints: try ServiceEndpoint.list(wire.endpoints)
    )
  }

  var wire: Akash_Resources {
    var wire = Akash_Resources()
    wire.id = id
    wire.cpu.units = Akash_ResourceValue(cpuMillis)
    wire.cpu.attributes = cpuAttributes.map(\.wire)
    wire.memory.quantity = Akash_ResourceValue(memoryBytes)
    wire.memory.attributes = memoryAttributes.map(\.wire)
    wire.storage = volumes.map(\.wire)
    // The field is present even without GPUs, because Akash requires it.
    wire.gpu.units = Akash_ResourceValue(gpus)
    wire.gpu.attributes = gpuAttributes.map(\.wire)
    wire.endpoints = endpoints.map(\.wire)
    return wire
  }
}

extension Akash_ResourceValue {
  fileprivate init(_ number: UInt64) {
    self.init()
    val = .init(wire: Array(String(number).utf8))
  }

  fileprivate func number(_ field: String) throws(DecodingError) -> UInt64 {
    try Field.number(val.array, field)
  }
}

extension Volume {
  fileprivate static func list(_ wire: [Akash_Storage]) throws(DecodingError) -> [Volume] {
    try Field.list(wire, "storage", limit: ChainLimits.volumes) { element throws(DecodingError) in
      Volume(
        name: try Field.text(element.name, "storage.name", limit: ChainLimits.nameBytes),
        bytes: try element.quantity.number("storage.quantity"),
        attributes: try Attribute.list(element.attributes, "storage.attributes")
      )
    }
  }

  fileprivate var wire: Akash_Storage {
    var wire = Akash_Storage()
    wire.name = name
    wire.quantity = Akash_ResourceValue(bytes)
    wire.attributes = attributes.map(\.wire)
    return wire
  }
}

extension ServiceEndpoint {
  fileprivate static func list(_ wire: [Akash_Endpoint]) throws(DecodingError) -> [ServiceEndpoint] {
    try Field.list(wire, "endpoints", limit: ChainLimits.endpoints) { endpoint throws(DecodingError) in
      guard let kind = Kind(rawValue: endpoint.kind) else { throw .invalid(field: "endpoints.kind") }
      return ServiceEndpoint(kind: kind, sequence: endpoint.sequenceNumber)
    }
  }

  fileprivate var wire: Akash_Endpoint {
    var wire = Akash_Endpoint()
    wire.kind = kind.rawValue
    wire.sequenceNumber = sequence
    return wire
  }
}

extension Attribute {
  static func list(_ wire: [Akash_Attribute], _ field: String) throws(DecodingError) -> [Attribute] {
    try Field.list(wire, field, limit: ChainLimits.attributes) { element throws(DecodingError) in
      Attribute(
        key: try Field.text(element.key, field, limit: ChainLimits.attributeBytes),
        value: try Field.text(element.value, field, limit: ChainLimits.attributeBytes)
      )
    }
  }

  var wire: Akash_Attribute {
    var wire = Akash_Attribute()
    wire.key = key
    wire.value = value
    return wire
  }
}
