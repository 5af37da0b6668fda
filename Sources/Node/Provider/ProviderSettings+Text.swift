import Primitives
public import Provider

extension ProviderSettings {
  /// The settings as the text of a `provider.toml`, with comments at the keys whose names do not say enough.
  public var text: String {
    var text = """
      # What this provider sells, for how much, to whom, and how it runs what is leased.

      attributes = \(TOMLFile.list(attributes))  # what its record states beside its hardware: "region=eu-west"

      [inventory]
      cpu_millis = \(inventory.cpuMillis)  # thousandths of a core for leases
      memory = "\(inventory.memoryBytes >> 20)Mi"
      storage = "\(inventory.storageBytes >> 20)Mi"
      storage_classes = \(TOMLFile.list(inventory.storageClasses))  # for volumes that persist

      """
    for gpu in inventory.gpus {
      text += """

        [[inventory.gpus]]
        vendor = \(Self.quoted(gpu.vendor))
        model = \(Self.quoted(gpu.model))
        memory = \(Self.quoted(gpu.memory))
        interface = \(Self.quoted(gpu.interface))  # sxm or pcie
        count = \(gpu.count)
        declared = \(gpu.declared)  # stated by hand, not detected; offers and workloads say so

        """
    }
    for price in prices { text += Self.text(of: price) }
    return text + policyText + workloadsText
  }

  private static func text(of price: PriceEntry) -> String {
    var text = """

      [[prices]]  # amounts per hour
      denomination = \(quoted(price.denomination))
      exponent = \(price.exponent)  # the main unit is 10^exponent of these
      rate = \(quoted(price.rate.description))  # what one unit of the amounts' money costs in the main unit

      """
    guard price.like.isEmpty else {
      return text + "like = \(quoted(price.like))  # the amounts of that section\n"
    }
    text += """
      cpu = \(quoted(price.cpu.description))  # per core
      memory = \(quoted(price.memory.description))  # per GiB
      endpoint = \(quoted(price.endpoint.description))
      floor = \(quoted(price.floor.description))  # the least for a group

      """
    if !price.storage.isEmpty { text += "\n[prices.storage]  # per GiB, by class\n" + table(price.storage) }
    if !price.gpu.isEmpty {
      text += "\n[prices.gpu]  # vendor/model/memory/interface; the most exact key wins\n" + table(price.gpu)
    }
    return text
  }

  private var policyText: String {
    """

    [policy]
    refused_tenants = \(TOMLFile.list(policy.refusedTenants))  # addresses that get no bids
    required_attributes = \(TOMLFile.list(policy.requiredAttributes))  # "key=value": only orders that ask so
    maximum_leases = \(policy.maximumLeases)  # with open bids
    maximum_leases_per_tenant = \(policy.maximumLeasesPerTenant)
    manifest_timeout_seconds = \(policy.manifestTimeoutSeconds)  # then a lease without manifest is given up
    bid_lifetime_seconds = \(policy.bidLifetimeSeconds)
    unstable_after_seconds = \(policy.unstableAfterSeconds)  # then a workload that does not run is given up
    reclamation_window_seconds = \(policy.reclamationWindowSeconds)  # notice that bids promise
    price_script = \(Self.quoted(policy.priceScript))  # a program that prices in place of [[prices]]
    price_script_timeout_seconds = \(policy.priceScriptTimeoutSeconds)

    """
  }

  private var workloadsText: String {
    """

    [workloads]
    driver = \(Self.quoted(workloads.driver))  # sandbox or process (not isolated)
    image_folder = \(Self.quoted(workloads.imageFolder))  # folders or tarballs named after images
    ports = \(Self.quoted(workloads.ports))  # host ports, 30000-30999; empty takes any free ones
    listen_address = \(Self.quoted(workloads.listenAddress))  # what workloads are asked to listen on
    maximum_processes = \(workloads.maximumProcesses)  # of one replica, threads included
    log_bytes = "\(workloads.logBytes)"  # a longer log is cut to its newest half
    stop_grace_seconds = \(workloads.stopGraceSeconds)  # between the request to end and the kill
    stop_workloads_on_exit = \(workloads.stopWorkloadsOnExit)  # false: they run on and are adopted
    control_group = \(Self.quoted(workloads.controlGroup))  # workloads' groups are made below it

    """
  }

  private static func quoted(_ text: String) -> String { TOMLFile.quoted(text) }

  private static func table(_ values: [String: Decimal18]) -> String {
    values.sorted { $0.key < $1.key }.map {
      "\(TOMLFile.quoted($0.key)) = \(TOMLFile.quoted($0.value.description))\n"
    }.joined()
  }
}
