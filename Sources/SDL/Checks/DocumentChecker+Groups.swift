import Primitives

// Checks of group specs that the chain makes.
extension DocumentChecker {
  private static let mebi: UInt64 = 1 << 20
  private static let tebi: UInt64 = 1 << 40

  mutating func checkGroups() {
    guard !uses.isEmpty else {
      if !document.brokenSections.contains("deployment") {
        report(.noGroups, document.root.key("deployment"), "nothing is deployed")
      }
      return
    }
    var groups: [Name: [Use]] = [:]
    for use in uses { groups[Name(use.placementName), default: []].append(use) }
    var denomination: String?
    for (name, members) in groups.sorted(by: { $0.key < $1.key }) {
      checkDenominations(members, &denomination)
      if name.text.isEmpty, let use = members.first {
        report(.groupNameEmpty, use.place, "the placement has no name")
      }
      for use in members { checkUnit(use) }
      checkTotals(name.text, members)
      for use in members { checkPriceLimit(use) }
    }
  }

  private mutating func checkDenominations(_ members: [Use], _ denomination: inout String?) {
    for use in members {
      guard let price = use.price else { continue }
      if price.price.value == nil, price.price.isSound {
        let message = "the price has neither denom nor amount"
        report(.priceNull, price.place, message, ["{denom: uakt, amount: 1000}"])
        continue
      }
      guard price.denomination.isSound else { continue }
      let written = price.denomination.value
      if let denomination, Name(denomination) != Name(written) {
        let message = "\(quoted(written)) is mixed with \(quoted(denomination))"
        report(.priceMixedDenom, price.denomination.place, message, [denomination])
      }
      denomination = denomination ?? written
    }
  }

  private mutating func checkUnit(_ use: Use) {
    guard let compute = use.compute, !compute.resources.isBroken else { return }
    guard let resources = compute.resources.value else {
      let message = "the compute profile \(quoted(use.profile.value)) has no resources"
      report(.resourcesMissing, compute.place, message)
      return
    }
    if let cpu = required(resources, \.cpu, "cpu", "{units: 1}") { check(cpu) }
    if let gpu = resources.gpu.value, gpu.units.isSound { check(gpu) }
    if let memory = required(resources, \.memory, "memory", "{size: 512Mi}") {
      check(memory, Self.mebi...2 * Self.tebi, .limitMemory, "bytes are not between 1 Mi and 2 Ti")
    }
    for volume in required(resources, \.storage, "storage", "{size: 1Gi}") ?? [] {
      let range = 5 * Self.mebi...32 * Self.tebi
      check(volume.bytes, range, .limitStorage, "bytes are not between 5 Mi and 32 Ti")
    }
  }

  /// A part of the resources; reports one that is missing.
  private mutating func required<Value>(
    _ resources: ResourcesSource,
    _ part: KeyPath<ResourcesSource, Slot<Value>>,
    _ key: String,
    _ example: String
  ) -> Value? {
    if case .absent = resources[keyPath: part] {
      report(.resourceMissing, resources.place.key(key), "\(key) is missing", ["\(key): \(example)"])
    }
    return resources[keyPath: part].value
  }

  private mutating func check(_ cpu: CPUSource) {
    let problem = "thousandths of a core are not between 10 and 384000"
    check(cpu.units, 10...384_000, .limitCPU, problem)
    if cpu.attributes.count > 1 {
      report(.attributeDuplicate, cpu.attributes[1].place, "arch is given twice")
    }
  }

  private mutating func check(_ gpu: GPUSource) {
    if gpu.units.value > 24 {
      report(.limitGPU, gpu.units.place, "\(gpu.units.value) GPUs are more than 24")
    }
    if gpu.units.value == 0, !gpu.attributes.isEmpty {
      let message = "GPU attributes are given, but no GPU is asked for"
      report(.gpuAttributesWithoutUnits, gpu.attributesPlace, message, ["units: 1"])
    }
  }

  private mutating func check(
    _ quantity: Located<UInt64>,
    _ range: ClosedRange<UInt64>,
    _ rule: Rule,
    _ problem: String
  ) {
    guard quantity.isSound, !range.contains(quantity.value) else { return }
    // A quantity above 64 bits is stored as the largest number.
    let text = quantity.value == .max ? "more than 2^64" : String(quantity.value)
    report(rule, quantity.place, "\(text) \(problem)")
  }

  private mutating func checkTotals(_ name: String, _ members: [Use]) {
    guard let at = members.first?.count.place else { return }
    let place = "the replicas at the placement \(quoted(name)) together"
    let isNothing = members.allSatisfy { $0.count.value == 0 }
    let advice = isNothing ? ["count: 1"] : []
    let cpu = Self.total(members) { $0.resources?.cpu.value?.units }
    if let cpu, !(1...19_200_000).contains(cpu) {
      let problem = "thousandths of a core, which is not between 1 and 19200000"
      report(.limitGroupCPU, at, "\(place) take \(cpu) \(problem)", advice)
    }
    let gpus = Self.total(members.filter { $0.resources?.gpu.value != nil }) {
      $0.resources?.gpu.value?.units
    }
    if let gpus, gpus > 1200 {
      report(.limitGroupGPU, at, "\(place) take \(gpus) GPUs, more than 1200")
    }
    let memory = Self.total(members) { $0.resources?.memory.value }
    if let memory, !(1...UInt128(100 * Self.tebi)).contains(memory) {
      let problem = "bytes of memory, which is not between 1 and 100 Ti"
      report(.limitGroupMemory, at, "\(place) take \(memory) \(problem)", advice)
    }
  }

  /// The sum of a quantity over all replicas; nil when a quantity or a number of replicas is not known.
  private static func total(_ members: [Use], _ quantity: (Use) -> Located<UInt64>?) -> UInt128? {
    var sum = UInt128(0)
    for use in members {
      guard let each = quantity(use), each.isSound, use.count.isSound else { return nil }
      sum += UInt128(each.value) * UInt128(use.count.value)
    }
    return sum
  }

  private mutating func checkPriceLimit(_ use: Use) {
    guard let price = use.price, let amount = price.price.value else { return }
    if case .exact(let decimal) = amount, decimal <= Decimal18(10_000_000) { return }
    report(.priceTooHigh, price.price.place, "the amount is above 10000000", ["10000000"])
  }
}
