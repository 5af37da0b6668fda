public import Chain
public import Primitives

/// The content of a `deploy.yaml`: groups for the market and a manifest for the providers.
public struct Deployment: Hashable, Sendable {
  /// The version of the format.
  public enum Version: String, Hashable, Sendable {
    case v2_0 = "2.0"
    case v2_1 = "2.1"
  }

  public var version: Version
  /// The group specs, one for each placement, in byte order of their names.
  public var groups: [GroupSpec]
  /// For each group, which of `all_of` and `any_of` the file writes as an empty list. `GroupSpec` does not
  /// distinguish an empty list from an absent one; the groups' JSON does (`[]` and `null`).
  var emptyAuditorLists: [Set<String>]
  public var manifest: Manifest
  /// The shortest time that a provider must give between its notice and the end of the lease; nil when the
  /// file requires none.
  public var reclamationWindow: Interval?

  /// The denomination of all prices; nil for a deployment without groups.
  public var denomination: Denomination? { groups.first?.units.first?.price.denomination }
}
