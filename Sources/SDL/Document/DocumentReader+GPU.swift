import Chain
import Primitives

extension DocumentReader {
  /// Reads the `gpu` section. Its mapping is read key by key: the last of repeated keys counts, and merge
  /// keys are not supported.
  mutating func readGPU(_ place: Place) -> Slot<GPUSource> {
    guard !isNull(place) else { return .absent }
    guard let target = resolve(place) else { return .broken }
    var gpu = GPUSource(units: Located(0, place.key("units")), attributesPlace: place.key("attributes"))
    guard yaml[target].children.count.isMultiple(of: 2) else {
      reportType(place, wanted: "a mapping with units and attributes")
      return .broken
    }
    for (key, value) in yaml.pairs(target) {
      let name = yaml[key].text
      switch name {
      case "units": gpu.units = readGPUUnits(place.key(name, in: value))
      case "attributes": readGPUAttributes(place.key(name, in: value), into: &gpu)
      default:
        let known = ["units", "attributes"]
        reportKey(.gpuKeyUnknown, place.key(name, in: key), of: target, "a key of gpu", known, or: known)
        gpu.hasSoundAttributes = false
      }
    }
    if gpu.units.value > 0, gpu.attributes.isEmpty, gpu.hasSoundAttributes {
      let message = "\(gpu.units.value) GPUs are wanted, but not which"
      report(.gpuAttributesRequired, place, message, ["attributes: {vendor: {nvidia: }}"])
      gpu.hasSoundAttributes = false
    }
    return .present(gpu)
  }

  private mutating func readGPUUnits(_ place: Place) -> Located<UInt64> {
    let parse: (String) throws(QuantityError) -> UInt64 = { text throws(QuantityError) in
      guard let units = NumberSyntax.digits(text.utf8) else { throw .syntax }
      return units
    }
    return quantity(place, .gpuUnitsSyntax, "not a number of GPUs", parse) { text in
      NumberSyntax.float(text).flatMap { UInt64(exactly: $0) }.map { [String($0)] } ?? []
    }
  }

  private mutating func readGPUAttributes(_ place: Place, into gpu: inout GPUSource) {
    gpu = GPUSource(units: gpu.units, attributesPlace: place, namesNvidia: gpu.namesNvidia)
    guard !isNull(place) else { return }
    guard let target = resolve(place) else {
      gpu.hasSoundAttributes = false
      return
    }
    let children = yaml[target].children
    var hasVendor = false
    for position in stride(from: 0, to: children.count, by: 2) {
      let key = children[position]
      let name = yaml[key].text
      guard name == "vendor", let value = children[safe: position + 1] else {
        let message = "\(quoted(name)) is not an attribute of gpu"
        report(.gpuAttributeUnknown, place.key(name, in: key), message, ["vendor"])
        gpu.hasSoundAttributes = false
        continue
      }
      guard !isNull(value) else { continue }
      hasVendor = true
      readVendors(place.key(name, in: value), into: &gpu)
    }
    guard gpu.hasSoundAttributes else { return }
    guard hasVendor else {
      report(.gpuVendorRequired, place, "no vendor is named", ["vendor: {nvidia: }"])
      gpu.hasSoundAttributes = false
      return
    }
    combine(&gpu, place)
  }

  private mutating func readVendors(_ place: Place, into gpu: inout GPUSource) {
    guard let fields = fields(place, wanted: "a mapping such as nvidia: [{model: h100}]") else {
      gpu.hasSoundAttributes = false
      return
    }
    for field in fields {
      guard field.key == "nvidia" else {
        gpu.otherVendors.append(Located(field.key, place.key(field.key, in: field.keyNode)))
        continue
      }
      gpu.namesNvidia = true
      switch items(field.place, wanted: "a list of models") {
      case .absent: break
      case .broken: gpu.hasSoundAttributes = false
      case .present(let items):
        for item in items { gpu.models.append(readModel(item, &gpu.hasSoundAttributes)) }
      }
    }
  }

  private mutating func readModel(_ place: Place, _ isSound: inout Bool) -> GPUModelSource {
    var model = GPUModelSource(path: place.path, model: Located("", place.key("model")))
    guard let fields = fields(place, wanted: "a mapping with model") else {
      isSound = false
      return model
    }
    for field in fields {
      switch field.key {
      case "model":
        model.model = text(field.place)
        isSound = isSound && model.model.isSound
      case "ram" where !isNull(field.place):
        let problem = "not a size of GPU memory"
        var memory = quantity(field.place, .gpuRAMSyntax, problem, Quantities.gpuMemoryBytes) {
          SizeSpelling.nearest(to: $0, binaryOnly: true)
        }
        memory.value >>= 30
        model.memory = memory
        isSound = isSound && memory.isSound
      case "interface" where !isNull(field.place):
        model.interface = readInterface(field.place)
        isSound = isSound && model.interface?.isSound == true
      default: break
      }
    }
    return model
  }

  private mutating func readInterface(_ place: Place) -> Located<String> {
    guard let target = resolve(place) else { return Located("", place, isSound: false) }
    let text = yaml[target].text
    let known = ["pcie", "sxm"]
    if known.contains(text) { return Located(text, place) }
    let nearest = known.first { NumberSyntax.lowercased(text).utf8.starts(with: $0.utf8) }
    let message = "\(describe(place.node)) is not an interface"
    report(.gpuInterface, place, message, nearest.map { [$0] } ?? known, isFix: nearest != nil)
    return Located(text, place, isSound: false)
  }

  /// Makes the sorted attributes, one for each model. Without models there is one attribute for any NVIDIA
  /// model.
  private mutating func combine(_ gpu: inout GPUSource, _ place: Place) {
    var keys: [(key: String, place: Place)] = gpu.models.map { model in
      var key = "vendor/nvidia/model/\(model.model.value)"
      if let memory = model.memory { key += "/ram/\(memory.value)Gi" }
      if let interface = model.interface { key += "/interface/\(interface.value)" }
      return (key, Place(node: model.model.place.node, path: model.path))
    }
    if keys.isEmpty { keys = [("vendor/nvidia/model/*", place)] }
    keys.sort { Name($0.key) < Name($1.key) }
    for (position, (key, place)) in keys.enumerated() {
      if !AttributeSyntax.isKey(key) {
        let text = yaml[yaml.resolve(place.node) ?? place.node].text
        let nearest = GPUModels.nearest(to: text)
        let message = "\(quoted(text)) cannot be the name of a model"
        let names = nearest.map { [$0.name] } ?? []
        report(.attributeKey, place.key("model"), message, names, isFix: nearest?.isWhole == true)
        gpu.hasSoundAttributes = false
      }
      if position > 0, Name(keys[position - 1].key) == Name(key) {
        report(.attributeDuplicate, place, "\(quoted(key)) is asked for twice")
        gpu.hasSoundAttributes = false
      }
    }
    gpu.attributes = keys.map { Attribute(key: $0.key, value: "true") }
  }
}

enum AttributeSyntax {
  /// Whether `text` is an attribute key: a letter, then 1 to 126 letters, digits, `_`, `/`, `.` and `-`, and
  /// then optionally one more of them or a `*`.
  static func isKey(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard let first = bytes.first, NumberSyntax.isLetter(first) else { return false }
    let rest = bytes.dropFirst()
    if (1...126).contains(rest.count), rest.allSatisfy(isTail) { return true }
    guard let last = rest.last, last.isAlphanumeric(or: "*_") else { return false }
    let middle = rest.dropLast()
    return (1...126).contains(middle.count) && middle.allSatisfy(isTail)
  }

  private static func isTail(_ byte: UInt8) -> Bool { byte.isAlphanumeric(or: "_/.-") }
}
