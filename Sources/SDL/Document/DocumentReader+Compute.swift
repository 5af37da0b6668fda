import Chain
import Primitives

extension DocumentReader {
  mutating func readCompute(_ place: Place) -> ComputeSource {
    var compute = ComputeSource(place: place)
    guard let fields = fields(place, wanted: "a mapping with resources") else {
      compute.resources = .broken
      return compute
    }
    for field in fields where field.key == "resources" { compute.resources = readResources(field.place) }
    return compute
  }

  private mutating func readResources(_ place: Place) -> Slot<ResourcesSource> {
    guard !isNull(place) else { return .absent }
    guard let fields = fields(place) else { return .broken }
    var resources = ResourcesSource(place: place)
    for field in fields {
      switch field.key {
      case "cpu": resources.cpu = readCPU(field.place)
      case "memory": resources.memory = readMemory(field.place)
      case "gpu": resources.gpu = readGPU(field.place)
      case "storage": resources.storage = readStorage(field.place)
      default: break
      }
    }
    return .present(resources)
  }

  private mutating func readCPU(_ place: Place) -> Slot<CPUSource> {
    guard !isNull(place) else { return .absent }
    guard let fields = fields(place, wanted: "a mapping with units") else { return .broken }
    var cpu = CPUSource(units: Located(0, place.key("units")))
    for field in fields {
      switch field.key {
      case "units":
        cpu.units = quantity(field.place, .cpuUnitsSyntax, "not an amount of cpu", Quantities.cpuMillis) {
          CPUSpelling.nearest(to: $0)
        }
      case "attributes": cpu.attributes = readCPUAttributes(field.place)
      default: break
      }
    }
    return .present(cpu)
  }

  /// Reads the attributes of the CPU. The mapping is read key by key, so a repeated key is not an error.
  private mutating func readCPUAttributes(_ place: Place) -> [Located<Attribute>] {
    guard !isNull(place), let target = resolve(place) else { return [] }
    var attributes: [Located<Attribute>] = []
    for (key, value) in yaml.pairs(target) {
      let name = yaml[key].text
      let at = place.key(name, in: key)
      guard name == "arch" else {
        report(.cpuAttributeUnknown, at, "\(quoted(name)) is not an attribute of cpu", ["arch"])
        continue
      }
      let value = text(place.key(name, in: value))
      attributes.append(Located(Attribute(key: name, value: value.value), at, isSound: value.isSound))
    }
    return attributes
  }

  private mutating func readMemory(_ place: Place) -> Slot<Located<UInt64>> {
    guard !isNull(place) else { return .absent }
    guard let fields = fields(place, wanted: "a mapping with size") else { return .broken }
    var size = Located<UInt64>(0, place.key("size"))
    for field in fields where field.key == "size" { size = self.size(field.place) }
    return .present(size)
  }
}
