import Chain
import Primitives

/// The provider at a glance.
public struct ProviderStatus: Hashable, Sendable {
  public struct Lease: Hashable, Sendable {
    public var id: LeaseID
    /// As `LeaseMachine.State.name`.
    public var state: String
    public var message: String
    /// Hex; empty before a manifest came.
    public var manifestHash: String
    /// Ids of the devices that it holds.
    public var devices: [String]
  }

  /// What everybody is told, as it would be signed now.
  public var offer: Offer
  public var leases: [Lease]
  public var openBids: Int
  public var capabilities: DriverCapabilities
  /// Of the newest start: what became of earlier leases.
  public var reconciliation: [String]
  /// False until the chain's state was seen.
  public var isReady: Bool
}
