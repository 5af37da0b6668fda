import Chain
import Primitives

extension DocumentReader {
  mutating func readCompute(_ index: Int, _ path: Path) -> ComputeSource {
    var compute = ComputeSource(node: index, path: path)
    guard let fields = fields(index, path, wanted: "a mapping with resources") else {
      compute.resources = .broken
      return compute
    }
    for field in fields where field.key == "resources" {
      compute.resources = readResources(field.value, path.key(field.key))
    }
    return compute
  }

  private mutating func readResources(_ index: Int, _ path: Path) -> Slot<ResourcesSource> {
    guard !isNull(index) else { return .absent }
    guard let fields = fields(index, path) else { return .broken }
    var resources = ResourcesSource(node: index, path: path)
    for field in fields {
      let at = path.key(field.key)
      switch field.key {
      case "cpu": resources.cpu = readCPU(field.value, at)
      case "memory": resources.memory = readMemory(field.value, at)
      case "gpu": resources.gpu = readGPU(field.value, at)
      case "storage": resources.storage = readStorage(field.value, at)
      default: break
      }
    }
    return .present(resources)
  }

  private mutating func readCPU(_ index: Int, _ path: Path) -> Slot<CPUSource> {
    guard !isNull(index) else { return .absent }
    guard let fields = fields(index, path, wanted: "a mapping with units") else { return .broken }
    var cpu = CPUSource(units: Located(value: 0, node: index))
    for field in fields {
      let at = path.key(field.key)
      switch field.key {
      case "units":
        cpu.units = quantity(field.value, at, .cpuUnitsSyntax, Quantities.cpuMillis) { text in
          ("not an amount of cpu", CPUSpelling.nearest(to: text), true)
        }
      case "attributes":
        cpu.attributes = readCPUAttributes(field.value, at)
      default: break
      }
    }
    return .present(cpu)
  }

  /// The mapping is read key by key, so a repeated key is not an error.
  private mutating func readCPUAttributes(_ index: Int, _ path: Path) -> [Located<Attribute>] {
    guard !isNull(index), let target = resolve(index, path) else { return [] }
    let children = yaml[target].children
    var attributes: [Located<Attribute>] = []
    for position in stride(from: 0, to: children.count - 1, by: 2) {
      let key = children[position]
      let name = yaml[key].text
      let at = path.key(name)
      guard name == "arch" else {
        report(
          .cpuAttributeUnknown,
          key,
          at,
          "\(quoted(name)) is not an attribute of cpu",
          suggestions: ["arch"]
        )
        continue
      }
      let value = text(children[position + 1], at)
      attributes.append(
        Located(
          value: Attribute(key: name, value: value.value),
          node: key,
          isSound: value.isSound
        )
      )
    }
    return attributes
  }

  private mutating func readMemory(_ index: Int, _ path: Path) -> Slot<Located<UInt64>> {
    guard !isNull(index) else { return .absent }
    guard let fields = fields(index, path, wanted: "a mapping with size") else { return .broken }
    var size = Located<UInt64>(value: 0, node: index)
    for field in fields where field.key == "size" {
      size = self.size(field.value, path.key(field.key))
    }
    return .present(size)
  }

  /// Reads a size in bytes.
  mutating func size(_ index: Int, _ path: Path) -> Located<UInt64> {
    quantity(index, path, .sizeSyntax, Quantities.bytes) { text in
      ("not a size", SizeSpelling.nearest(to: text), true)
    }
  }

  /// Reads a quantity from the scalar's text, whatever its tag; null is 0.
  mutating func quantity(
    _ index: Int,
    _ path: Path,
    _ rule: Rule,
    _ parse: (String) throws(QuantityError) -> UInt64,
    problem: (String) -> (message: String, suggestions: [String], isRepaired: Bool)
  ) -> Located<UInt64> {
    guard let target = resolve(index, path) else { return Located(value: 0, node: index, isSound: false) }
    if isNull(target) { return Located(value: 0, node: index) }
    let text = yaml[target].text
    do throws(QuantityError) {
      return Located(value: try parse(text), node: index)
    } catch .negative {
      report(.quantityNegative, index, path, "\(quoted(text)) is below zero")
    } catch {
      let (message, suggestions, isRepaired) = problem(text)
      let edits = isRepaired ? suggestions.first.map { replace(index, with: $0) } ?? [] : []
      report(
        rule,
        index,
        path,
        "\(describe(index)) is \(message)",
        suggestions: suggestions,
        edits: edits
      )
    }
    return Located(value: 0, node: index, isSound: false)
  }
}
