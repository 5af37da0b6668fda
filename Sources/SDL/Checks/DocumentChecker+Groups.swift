import Primitives

// Checks of group specs that the chain makes.
extension DocumentChecker {
  private static let mebi: UInt64 = 1 << 20
  private static let tebi: UInt64 = 1 << 40

  mutating func checkGroups() {
    guard !uses.isEmpty else {
      if !document.brokenSections.contains("deployment") {
        report(.noGroups, document.root, Path.root.key("deployment"), "nothing is deployed")
      }
      return
    }
    var groups: [Name: [Use]] = [:]
    for use in uses { groups[Name(use.placementName), default: []].append(use) }
    var denomination: String?
    for (name, members) in groups.sorted(by: { $0.key < $1.key }) {
      checkDenominations(members, &denomination)
      if name.text.isEmpty, let use = members.first {
        report(.groupNameEmpty, use.source.node, use.source.path, "the placement has no name")
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
        report(
          .priceNull,
          price.node,
          price.path,
          "the price has neither denom nor amount",
          suggestions: ["{denom: uakt, amount: 1000}"]
        )
        continue
      }
      guard price.denomination.isSound else { continue }
      let written = price.denomination.value
      if let denomination, Name(denomination) != Name(written) {
        report(
          .priceMixedDenom,
          price.denomination.node,
          price.path.key("denom"),
          "\(quoted(written)) is mixed with \(quoted(denomination))",
          suggestions: [denomination]
        )
      }
      denomination = denomination ?? written
    }
  }

  private mutating func checkUnit(_ use: Use) {
    guard let compute = use.compute, !compute.resources.isBroken else { return }
    guard let resources = compute.resources.value else {
      report(
        .resourcesMissing,
        compute.node,
        compute.path,
        "the compute profile \(quoted(use.source.profile.value)) has no resources"
      )
      return
    }
    checkCPU(resources)
    checkGPU(resources)
    checkMemory(resources)
    checkStorage(resources)
  }

  private mutating func checkCPU(_ resources: ResourcesSource) {
    let path = resources.path.key("cpu")
    guard case .present(let cpu) = resources.cpu else {
      if !resources.cpu.isBroken {
        report(.resourceMissing, resources.node, path, "cpu is missing", suggestions: ["cpu: {units: 1}"])
      }
      return
    }
    if cpu.units.isSound, !(10...384_000).contains(cpu.units.value) {
      report(
        .limitCPU,
        cpu.units.node,
        path.key("units"),
        "\(Self.text(cpu.units.value)) thousandths of a core are not between 10 and 384000"
      )
    }
    if cpu.attributes.count > 1 {
      report(
        .attributeDuplicate,
        cpu.attributes[1].node,
        path.key("attributes").key("arch"),
        "arch is given twice"
      )
    }
  }

  private mutating func checkGPU(_ resources: ResourcesSource) {
    guard let gpu = resources.gpu.value, gpu.units.isSound else { return }
    let path = resources.path.key("gpu")
    if gpu.units.value > 24 {
      report(.limitGPU, gpu.units.node, path.key("units"), "\(gpu.units.value) GPUs are more than 24")
    }
    if gpu.units.value == 0, !gpu.attributes.isEmpty {
      report(
        .gpuAttributesWithoutUnits,
        gpu.attributesNode,
        path.key("attributes"),
        "GPU attributes are given, but no GPU is asked for",
        suggestions: ["units: 1"]
      )
    }
  }

  private mutating func checkMemory(_ resources: ResourcesSource) {
    let path = resources.path.key("memory")
    guard case .present(let memory) = resources.memory else {
      if !resources.memory.isBroken {
        report(
          .resourceMissing,
          resources.node,
          path,
          "memory is missing",
          suggestions: ["memory: {size: 512Mi}"]
        )
      }
      return
    }
    guard memory.isSound, !(Self.mebi...2 * Self.tebi).contains(memory.value) else { return }
    report(
      .limitMemory,
      memory.node,
      path.key("size"),
      "\(Self.text(memory.value)) bytes are not between 1 Mi and 2 Ti"
    )
  }

  private mutating func checkStorage(_ resources: ResourcesSource) {
    let path = resources.path.key("storage")
    guard case .present(let volumes) = resources.storage else {
      if !resources.storage.isBroken {
        report(
          .resourceMissing,
          resources.node,
          path,
          "storage is missing",
          suggestions: ["storage: {size: 1Gi}"]
        )
      }
      return
    }
    for volume in volumes where volume.bytes.isSound {
      guard !(5 * Self.mebi...32 * Self.tebi).contains(volume.bytes.value) else { continue }
      report(
        .limitStorage,
        volume.bytes.node,
        volume.path.key("size"),
        "\(Self.text(volume.bytes.value)) bytes are not between 5 Mi and 32 Ti"
      )
    }
  }

  /// A quantity above 64 bits is stored as the largest number.
  private static func text(_ value: UInt64) -> String {
    value == .max ? "more than 2^64" : String(value)
  }

  private mutating func checkTotals(_ name: String, _ members: [Use]) {
    var totals = (cpu: UInt128(0), gpu: UInt128(0), memory: UInt128(0))
    var isKnown = (cpu: true, gpu: true, memory: true)
    for use in members {
      let count = UInt128(use.source.count.value)
      let isCounted = use.source.count.isSound
      let cpu = use.resources?.cpu.value?.units
      let memory = use.resources?.memory.value
      totals.cpu += UInt128(cpu?.value ?? 0) * count
      totals.memory += UInt128(memory?.value ?? 0) * count
      isKnown.cpu = isKnown.cpu && isCounted && cpu?.isSound ?? false
      isKnown.memory = isKnown.memory && isCounted && memory?.isSound ?? false
      if let gpu = use.resources?.gpu.value {
        totals.gpu += UInt128(gpu.units.value) * count
        isKnown.gpu = isKnown.gpu && isCounted && gpu.units.isSound
      }
    }
    guard let first = members.first else { return }
    let node = first.source.count.node
    let path = first.source.path.key("count")
    let place = "the replicas at the placement \(quoted(name)) together"
    let isNothing = members.allSatisfy { $0.source.count.value == 0 }
    let advice = isNothing ? ["count: 1"] : []
    if isKnown.cpu, !(1...19_200_000).contains(totals.cpu) {
      report(
        .limitGroupCPU,
        node,
        path,
        "\(place) take \(totals.cpu) thousandths of a core, which is not between 1 and 19200000",
        suggestions: advice
      )
    }
    if isKnown.gpu, totals.gpu > 1200 {
      report(.limitGroupGPU, node, path, "\(place) take \(totals.gpu) GPUs, more than 1200")
    }
    if isKnown.memory, !(1...UInt128(100 * Self.tebi)).contains(totals.memory) {
      report(
        .limitGroupMemory,
        node,
        path,
        "\(place) take \(totals.memory) bytes of memory, which is not between 1 and 100 Ti",
        suggestions: advice
      )
    }
  }

  private mutating func checkPriceLimit(_ use: Use) {
    guard let price = use.price, let amount = price.price.value else { return }
    if case .exact(let decimal) = amount, decimal <= Decimal18(10_000_000) { return }
    report(
      .priceTooHigh,
      price.price.node,
      price.path.key("amount"),
      "the amount is above 10000000",
      suggestions: ["10000000"]
    )
  }
}
