/// The result of a deployment and the time of each step, as `supercloud deploy --report` writes it.
public struct DeployReport: Codable, Sendable {
  public struct Lease: Codable, Sendable {
    public var group: UInt32
    public var provider: String
    public var price: String
    public var denomination: String
    public var gpus: [String]
    public var urls: [String]
    /// `ready`; `starting`: the provider has the manifest, and the services are not ready; `waiting`: the provider
    /// has no manifest.
    public var state = "waiting"
    /// Why the services are not ready; nil when they are.
    public var error: String?
    /// A command that goes on with the lease; nil when its services are ready.
    public var retry: String?

    /// A lease whose provider has no manifest yet.
    public init(
      group: UInt32,
      provider: String,
      price: String,
      denomination: String,
      gpus: [String],
      urls: [String]
    ) {
      self.group = group
      self.provider = provider
      self.price = price
      self.denomination = denomination
      self.gpus = gpus
      self.urls = urls
    }
  }

  public var owner: String
  public var dseq: UInt64
  public var order: String
  /// `ready`: everything runs; `incomplete`: the leases are billed and not everything is ready; `closed`: they
  /// were closed again after a failure; `unknown`: no block has the agreement yet.
  public var state = "unknown"
  /// What the tenant was warned of before the order, such as that too little is left for the fee of closing.
  public var warnings: [String] = []
  public var bids = 0
  public var leases: [Lease] = []
  /// What all leases cost per hour, for people; nil when nothing was agreed.
  public var hourly: String?
  /// The command line that ends these leases; several commands where a deployment has others too.
  public var close = ""
  public var height: UInt64 = 0
  /// Milliseconds from signing the order to the first bid, and (below) to the committed lease.
  public var firstBidMilliseconds = 0.0
  public var leaseMilliseconds = 0.0
  /// The part of `leaseMilliseconds` from submitting the agreement to its block.
  public var agreementMilliseconds = 0.0
  /// Milliseconds from signing the order to the moment when all deployed services accept connections.
  public var readyMilliseconds = 0.0

  /// A report of a deployment of which nothing is done yet.
  public init(owner: String, dseq: UInt64, order: String) {
    self.owner = owner
    self.dseq = dseq
    self.order = order
  }
}
