extension Answer {
  /// The state of a provider's node.
  public struct ProviderStatus: Codable, Sendable {
    public struct Lease: Codable, Sendable {
      public var lease: String
      public var state: String
      public var message: String
      public var manifestHash: String
      /// The ids of the reserved devices.
      public var devices: [String]

      public init(lease: String, state: String, message: String, manifestHash: String, devices: [String]) {
        self.lease = lease
        self.state = state
        self.message = message
        self.manifestHash = manifestHash
        self.devices = devices
      }
    }

    public struct Capability: Codable, Sendable {
      public var name: String
      public var enforced: Bool
      public var detail: String

      public init(name: String, enforced: Bool, detail: String) {
        self.name = name
        self.enforced = enforced
        self.detail = detail
      }
    }

    public var provider: String
    public var ready: Bool
    public var openBids: Int
    /// Why it makes no bids on this chain; absent when it makes them.
    public var obstacle: String?
    public var leases: [Lease]
    public var capabilities: [Capability]
    /// What the provider did with each earlier lease at its last start.
    public var reconciliation: [String]

    public init(
      provider: String,
      ready: Bool,
      openBids: Int,
      obstacle: String? = nil,
      leases: [Lease],
      capabilities: [Capability],
      reconciliation: [String]
    ) {
      self.provider = provider
      self.ready = ready
      self.openBids = openBids
      self.obstacle = obstacle
      self.leases = leases
      self.capabilities = capabilities
      self.reconciliation = reconciliation
    }
  }
}
