public import Chain
public import Primitives

/// What a `deploy.yaml` asks for: groups for the market, a manifest for the providers.
public struct Deployment: Hashable, Sendable {
  /// The rules that the file was read by.
  public enum Version: String, Hashable, Sendable {
    case v2_0 = "2.0"
    case v2_1 = "2.1"
  }

  public var version: Version
  /// In byte order of their names, one for each placement.
  public var groups: [GroupSpec]
  /// For each group, which of `all_of` and `any_of` the file writes as an empty list. `GroupSpec` does not
  /// distinguish an empty list from an absent one; the groups' JSON does (`[]` and `null`).
  var emptyAuditorLists: [Set<String>]
  public var manifest: Manifest
  /// How long a provider must leave between notice and closing; nil when the file does not ask for it.
  public var reclamationWindow: Interval?

  /// The one denomination of all prices; nil for a deployment without groups.
  public var denomination: Denomination? { groups.first?.units.first?.price.denomination }
}
