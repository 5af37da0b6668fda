import Chain
import Cryptography
import Ledger
import Primitives

extension ProviderSettings {
  /// Throws the first error in the settings.
  public func validate() throws(SettingsError) {
    try inventory.validate()
    try validatePolicy()
    try validateWorkloads()
    _ = try PriceSheet(prices, tickMilliseconds: 6_000)
    for (index, text) in attributes.enumerated() {
      try require(
        Attribute(written: text).map { AttributePattern.isProviderKey($0.key) } == true,
        "attributes[\(index)]",
        "is `\(text)`, not an attribute",
        "write key=value, the key of letters, digits and _/.- such as region=eu-west"
      )
    }
    let count = recordAttributes.count
    try require(
      count <= ChainLimits.attributes,
      "inventory.gpus",
      "and attributes make \(count) statements",
      "a provider's record holds \(ChainLimits.attributes); leave GPU models or attributes out"
    )
  }

  /// The attributes that the provider's record must have so that orders can match the inventory: for every
  /// GPU model its key and all less specific keys, for every storage class `class` and `persistent`.
  public var recordAttributes: [Attribute] {
    var all = attributes.compactMap(Attribute.init(written:))
    for gpu in inventory.gpus {
      for key in GPUKey.generalisations(of: gpu.gpuModel.attributeKey) {
        all.append(Attribute(key: "capabilities/gpu/" + key, value: "true"))
      }
    }
    for (index, storage) in inventory.storageClasses.enumerated() {
      let prefix = "capabilities/storage/\(index + 1)/"
      all.append(Attribute(key: prefix + "class", value: storage))
      all.append(Attribute(key: prefix + "persistent", value: "true"))
    }
    var seen: Set<String> = []
    return all.filter { seen.insert($0.key).inserted }.sorted()
  }

  private func validatePolicy() throws(SettingsError) {
    for (index, text) in policy.refusedTenants.enumerated() {
      do throws(AddressError) {
        _ = try Address(text: text)
      } catch {
        throw SettingsError(
          key: "policy.refused_tenants[\(index)]",
          problem: "is `\(text)`, not an address: \(error)",
          remedy: "write the tenant's address, akash1…"
        )
      }
    }
    for (index, text) in policy.requiredAttributes.enumerated() {
      let key = "policy.required_attributes[\(index)]"
      try require(Attribute(written: text) != nil, key, "is `\(text)`, not an attribute", "write key=value")
    }
    let ranges: [(String, UInt64, ClosedRange<UInt64>)] = [
      ("maximum_leases", UInt64(policy.maximumLeases), 1...10_000),
      ("maximum_leases_per_tenant", UInt64(policy.maximumLeasesPerTenant), 1...10_000),
      ("manifest_timeout_seconds", policy.manifestTimeoutSeconds, 1...86_400),
      ("bid_lifetime_seconds", policy.bidLifetimeSeconds, 1...3_600),
      ("unstable_after_seconds", policy.unstableAfterSeconds, 60...2_592_000),
      ("reclamation_window_seconds", policy.reclamationWindowSeconds, 0...31_536_000),
      ("price_script_timeout_seconds", policy.priceScriptTimeoutSeconds, 1...60),
    ]
    for (key, value, range) in ranges { try check(value, in: range, "policy." + key) }
  }

  private func validateWorkloads() throws(SettingsError) {
    let (driver, ports, name) = (workloads.driver, workloads.ports, workloads.controlGroup)
    let isKnown = ["sandbox", "process"].contains(driver)
    try require(isKnown, "workloads.driver", "is `\(driver)`", "`sandbox` or `process` is known")
    let advice = "write a range such as 30000-30999, or nothing for any free ports"
    try require(ports.isEmpty || workloads.portRange != nil, "workloads.ports", "is `\(ports)`", advice)
    try check(UInt64(workloads.maximumProcesses), in: 4...100_000, "workloads.maximum_processes")
    try check(workloads.logBytes, in: 4_096...(1 << 40), "workloads.log_bytes")
    try check(workloads.stopGraceSeconds, in: 0...600, "workloads.stop_grace_seconds")
    let isRelative = !name.isEmpty && !name.hasPrefix("/") && !name.contains("..")
    let hint = "write a relative name such as supercloud"
    try require(isRelative, "workloads.control_group", "is `\(name)`", hint)
  }

  private func check(_ value: UInt64, in range: ClosedRange<UInt64>, _ key: String) throws(SettingsError) {
    let advice = "it must be \(range.lowerBound) to \(range.upperBound)"
    try require(range.contains(value), key, "is \(value)", advice)
  }
}

extension InventorySettings {
  func validate() throws(SettingsError) {
    for (key, amount) in [("cpu_millis", cpuMillis), ("memory", memoryBytes), ("storage", storageBytes)] {
      let key = "inventory." + key
      try require(amount > 0, key, "is zero", "say what the machine has for leases")
      try require(amount <= UInt64(Int64.max), key, "is \(amount)", "no machine has that")
    }
    var models: Set<GPUModel> = []
    for (index, gpu) in gpus.enumerated() {
      let key = "inventory.gpus[\(index)]"
      let (count, model) = (gpu.count, gpu.gpuModel)
      try require((1...1_024).contains(count), key + ".count", "is \(count)", "1 to 1024 are possible")
      let problem = "is `\(model)`, whose parts are not all legal names"
      let advice = "use lower case letters, digits, `-` and `.`; vendor and model must be there"
      try require(model.isLegal, key, problem, advice)
      let isNew = models.insert(model).inserted
      try require(isNew, key, "names \(model) again", "add the counts up in one entry")
    }
    let (count, limit) = (models.count, ChainLimits.gpuModels)
    try require(count <= limit, "inventory.gpus", "has \(count) models", "an offer holds \(limit)")
  }
}
