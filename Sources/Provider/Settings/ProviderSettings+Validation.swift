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
    for (index, attribute) in attributes.enumerated() {
      guard let attribute = Attribute(written: attribute), AttributePattern.isProviderKey(attribute.key)
      else {
        throw SettingsError(
          key: "attributes[\(index)]",
          problem: "is `\(attribute)`, not an attribute",
          remedy: "write key=value, the key of letters, digits and _/.- such as region=eu-west"
        )
      }
    }
    guard recordAttributes.count <= ChainLimits.attributes else {
      throw SettingsError(
        key: "inventory.gpus",
        problem: "and attributes make \(recordAttributes.count) statements",
        remedy: "a provider's record holds \(ChainLimits.attributes); leave GPU models or attributes out"
      )
    }
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
    for (index, text) in policy.requiredAttributes.enumerated() where Attribute(written: text) == nil {
      throw SettingsError(
        key: "policy.required_attributes[\(index)]",
        problem: "is `\(text)`, not an attribute",
        remedy: "write key=value"
      )
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
    guard ["sandbox", "process"].contains(workloads.driver) else {
      throw SettingsError(
        key: "workloads.driver",
        problem: "is `\(workloads.driver)`",
        remedy: "`sandbox` or `process` is known"
      )
    }
    guard workloads.ports.isEmpty || workloads.portRange != nil else {
      throw SettingsError(
        key: "workloads.ports",
        problem: "is `\(workloads.ports)`",
        remedy: "write a range such as 30000-30999, or nothing for any free ports"
      )
    }
    try check(UInt64(workloads.maximumProcesses), in: 4...100_000, "workloads.maximum_processes")
    try check(workloads.logBytes, in: 4_096...(1 << 40), "workloads.log_bytes")
    try check(workloads.stopGraceSeconds, in: 0...600, "workloads.stop_grace_seconds")
    let name = workloads.controlGroup
    guard !name.isEmpty, !name.hasPrefix("/"), !name.contains("..") else {
      throw SettingsError(
        key: "workloads.control_group",
        problem: "is `\(name)`",
        remedy: "write a relative name such as supercloud"
      )
    }
  }

  private func check(
    _ value: UInt64,
    in range: ClosedRange<UInt64>,
    _ key: String
  ) throws(SettingsError) {
    guard range.contains(value) else {
      throw SettingsError(
        key: key,
        problem: "is \(value)",
        remedy: "it must be \(range.lowerBound) to \(range.upperBound)"
      )
    }
  }
}

extension InventorySettings {
  func validate() throws(SettingsError) {
    for (key, amount) in [("cpu_millis", cpuMillis), ("memory", memoryBytes), ("storage", storageBytes)] {
      guard amount > 0 else {
        throw SettingsError(
          key: "inventory." + key,
          problem: "is zero",
          remedy: "say what the machine has for leases"
        )
      }
      guard amount <= UInt64(Int64.max) else {
        throw SettingsError(key: "inventory." + key, problem: "is \(amount)", remedy: "no machine has that")
      }
    }
    var models: Set<GPUModel> = []
    for (index, gpu) in gpus.enumerated() {
      let key = "inventory.gpus[\(index)]"
      guard (1...1_024).contains(gpu.count) else {
        throw SettingsError(key: key + ".count", problem: "is \(gpu.count)", remedy: "1 to 1024 are possible")
      }
      guard gpu.gpuModel.isLegal else {
        throw SettingsError(
          key: key,
          problem: "is `\(gpu.gpuModel)`, whose parts are not all legal names",
          remedy: "use lower case letters, digits, `-` and `.`; vendor and model must be there"
        )
      }
      guard models.insert(gpu.gpuModel).inserted else {
        throw SettingsError(
          key: key,
          problem: "names \(gpu.gpuModel) again",
          remedy: "add the counts up in one entry"
        )
      }
    }
    guard models.count <= ChainLimits.gpuModels else {
      throw SettingsError(
        key: "inventory.gpus",
        problem: "has \(models.count) models",
        remedy: "an offer holds \(ChainLimits.gpuModels)"
      )
    }
  }
}
