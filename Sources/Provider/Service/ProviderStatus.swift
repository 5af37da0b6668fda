import Chain
import Primitives

/// An overview of the provider.
public struct ProviderStatus: Hashable, Sendable {
  public struct Lease: Hashable, Sendable {
    public var id: LeaseID
    /// The state as given by `LeaseMachine.State.name`.
    public var state: String
    public var message: String
    /// The hash of the accepted manifest in hexadecimal; empty when none was accepted yet.
    public var manifestHash: String
    /// The ids of the reserved devices.
    public var devices: [String]
  }

  /// The offer as it would be published now.
  public var offer: Offer
  public var leases: [Lease]
  public var openBids: Int
  /// Why it makes no bids on this chain; nil when it makes them.
  public var obstacle: String?
  public var capabilities: DriverCapabilities
  /// What became of earlier leases at the last start.
  public var reconciliation: [String]
  /// Whether the chain's state is known and earlier leases are taken over.
  public var isReady: Bool
}
