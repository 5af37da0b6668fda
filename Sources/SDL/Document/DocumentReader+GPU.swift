import Chain
import Primitives

extension DocumentReader {
  /// The mapping is read key by key: the last of repeated keys counts, and merge keys are not supported.
  mutating func readGPU(_ index: Int, _ path: Path) -> Slot<GPUSource> {
    guard !isNull(index) else { return .absent }
    guard let target = resolve(index, path) else { return .broken }
    let children = yaml[target].children
    var gpu = GPUSource(node: index, units: Located(value: 0, node: index), attributesNode: index)
    guard children.count.isMultiple(of: 2) else {
      reportType(index, path, wanted: "a mapping with units and attributes")
      return .broken
    }
    for position in stride(from: 0, to: children.count, by: 2) {
      let (key, value) = (children[position], children[position + 1])
      let name = yaml[key].text
      let at = path.key(name)
      switch name {
      case "units": gpu.units = readGPUUnits(value, at)
      case "attributes": readGPUAttributes(value, at, into: &gpu)
      default:
        let nearest = Spelling.nearest(to: name, among: ["units", "attributes"])
        let isFree = !log.isFull && nearest.map { self.isFree($0, among: children) } ?? false
        report(
          .gpuKeyUnknown,
          key,
          at,
          "\(quoted(name)) is not a key of gpu",
          suggestions: nearest.map { [$0] } ?? ["units", "attributes"],
          edits: isFree ? replace(key, with: nearest ?? name) : []
        )
        gpu.hasSoundAttributes = false
      }
    }
    if gpu.units.value > 0, gpu.attributes.isEmpty, gpu.hasSoundAttributes {
      report(
        .gpuAttributesRequired,
        index,
        path,
        "\(gpu.units.value) GPUs are wanted, but not which",
        suggestions: ["attributes: {vendor: {nvidia: }}"]
      )
      gpu.hasSoundAttributes = false
    }
    return .present(gpu)
  }

  private mutating func readGPUUnits(_ index: Int, _ path: Path) -> Located<UInt64> {
    let parse: (String) throws(QuantityError) -> UInt64 = { text throws(QuantityError) in
      guard let units = NumberSyntax.digits(text.utf8) else { throw .syntax }
      return units
    }
    return quantity(index, path, .gpuUnitsSyntax, parse) { text in
      let whole = NumberSyntax.float(text).flatMap { UInt64(exactly: $0) }
      return ("not a number of GPUs", whole.map { [String($0)] } ?? [], true)
    }
  }

  private mutating func readGPUAttributes(_ index: Int, _ path: Path, into gpu: inout GPUSource) {
    gpu.attributes = []
    gpu.models = []
    gpu.otherVendors = []
    gpu.attributesNode = index
    gpu.hasSoundAttributes = true
    guard !isNull(index) else { return }
    guard let target = resolve(index, path) else {
      gpu.hasSoundAttributes = false
      return
    }
    let children = yaml[target].children
    var hasVendor = false
    for position in stride(from: 0, to: children.count, by: 2) {
      let name = yaml[children[position]].text
      let at = path.key(name)
      guard name == "vendor", let value = children[safe: position + 1] else {
        report(
          .gpuAttributeUnknown,
          children[position],
          at,
          "\(quoted(name)) is not an attribute of gpu",
          suggestions: ["vendor"]
        )
        gpu.hasSoundAttributes = false
        continue
      }
      hasVendor = hasVendor || !isNull(value)
      if !isNull(value) { readVendors(value, at, into: &gpu) }
    }
    guard gpu.hasSoundAttributes else { return }
    guard hasVendor else {
      report(
        .gpuVendorRequired,
        index,
        path,
        "no vendor is named",
        suggestions: ["vendor: {nvidia: }"]
      )
      gpu.hasSoundAttributes = false
      return
    }
    combine(&gpu, index, path)
  }

  private mutating func readVendors(_ index: Int, _ path: Path, into gpu: inout GPUSource) {
    guard let fields = fields(index, path, wanted: "a mapping such as nvidia: [{model: h100}]") else {
      gpu.hasSoundAttributes = false
      return
    }
    for field in fields {
      let at = path.key(field.key)
      guard field.key == "nvidia" else {
        gpu.otherVendors.append(Located(value: field.key, node: field.keyNode))
        continue
      }
      gpu.namesNvidia = true
      switch items(field.value, at, wanted: "a list of models") {
      case .absent: break
      case .broken: gpu.hasSoundAttributes = false
      case .present(let items):
        for (position, item) in items.enumerated() {
          gpu.models.append(readModel(item, at.item(position), &gpu.hasSoundAttributes))
        }
      }
    }
  }

  private mutating func readModel(_ index: Int, _ path: Path, _ isSound: inout Bool) -> GPUModelSource {
    var model = GPUModelSource(path: path, model: Located(value: "", node: index))
    guard let fields = fields(index, path, wanted: "a mapping with model") else {
      isSound = false
      return model
    }
    for field in fields {
      let at = path.key(field.key)
      switch field.key {
      case "model":
        model.model = text(field.value, at)
        isSound = isSound && model.model.isSound
      case "ram" where !isNull(field.value):
        let memory = quantity(field.value, at, .gpuRAMSyntax, Quantities.gpuMemoryBytes) { text in
          ("not a size of GPU memory", SizeSpelling.nearest(to: text, binaryOnly: true), true)
        }
        model.memory = Located(value: memory.value >> 30, node: memory.node, isSound: memory.isSound)
        isSound = isSound && memory.isSound
      case "interface" where !isNull(field.value):
        model.interface = readInterface(field.value, at)
        isSound = isSound && model.interface?.isSound == true
      default: break
      }
    }
    return model
  }

  private mutating func readInterface(_ index: Int, _ path: Path) -> Located<String> {
    guard let target = resolve(index, path) else { return Located(value: "", node: index, isSound: false) }
    let text = yaml[target].text
    if text == "pcie" || text == "sxm" { return Located(value: text, node: index) }
    let lower = String(decoding: text.utf8.map(NumberSyntax.lowercased), as: UTF8.self)
    let nearest = ["pcie", "sxm"].first { lower.utf8.starts(with: $0.utf8) }
    report(
      .gpuInterface,
      index,
      path,
      "\(describe(index)) is not an interface",
      suggestions: nearest.map { [$0] } ?? ["pcie", "sxm"],
      edits: nearest.map { replace(index, with: $0) } ?? []
    )
    return Located(value: text, node: index, isSound: false)
  }

  /// Makes sorted attributes from the models; without models the attribute stands for any model.
  private mutating func combine(_ gpu: inout GPUSource, _ index: Int, _ path: Path) {
    var keys: [(key: String, node: Int, path: Path)] = gpu.models.map { model in
      var key = "vendor/nvidia/model/\(model.model.value)"
      if let memory = model.memory { key += "/ram/\(memory.value)Gi" }
      if let interface = model.interface { key += "/interface/\(interface.value)" }
      return (key, model.model.node, model.path)
    }
    if keys.isEmpty { keys = [("vendor/nvidia/model/*", index, path)] }
    keys.sort { Name($0.key) < Name($1.key) }
    for (position, (key, node, path)) in keys.enumerated() {
      if !AttributeSyntax.isKey(key) {
        let text = yaml[yaml.resolve(node) ?? node].text
        let nearest = GPUModels.nearest(to: text)
        report(
          .attributeKey,
          node,
          path.key("model"),
          "\(quoted(text)) cannot be the name of a model",
          suggestions: nearest.map { [$0.name] } ?? [],
          edits: nearest.map { $0.isWhole ? replace(node, with: $0.name) : [] } ?? []
        )
        gpu.hasSoundAttributes = false
      }
      if position > 0, Name(keys[position - 1].key) == Name(key) {
        report(.attributeDuplicate, node, path, "\(quoted(key)) is asked for twice")
        gpu.hasSoundAttributes = false
      }
    }
    gpu.attributes = keys.map { Attribute(key: $0.key, value: "true") }
  }
}

enum AttributeSyntax {
  /// A letter, then 1 to 126 of letters, digits, `_`, `/`, `.` and `-`, and then possibly one more of them or
  /// a `*`.
  static func isKey(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard let first = bytes.first, NumberSyntax.isLetter(first) else { return false }
    let rest = bytes.dropFirst()
    let isPlain = rest.allSatisfy(isTail)
    if isPlain, (1...126).contains(rest.count) { return true }
    guard let last = rest.last, last == UInt8(ascii: "*") || isWord(last) else { return false }
    let middle = rest.dropLast()
    return (1...126).contains(middle.count) && middle.allSatisfy(isTail)
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    NumberSyntax.isLetter(byte) || NumberSyntax.isDigit(byte) || byte == UInt8(ascii: "_")
  }

  private static func isTail(_ byte: UInt8) -> Bool {
    isWord(byte) || "/.-".utf8.contains(byte)
  }
}
