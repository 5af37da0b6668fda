import Chain
import Cryptography

extension LeaseID {
  /// Reads `owner/sequence/group/order/provider`, as `description` writes it; nil for anything else.
  public init?(text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 5, let owner = try? Address(text: parts[0]), let sequence = UInt64(parts[1]),
      let group = UInt32(parts[2]), let order = UInt32(parts[3]), let provider = try? Address(text: parts[4])
    else { return nil }
    let deployment = DeploymentID(owner: owner, sequence: sequence)
    self.init(deployment: deployment, group: group, order: order, provider: provider)
  }

  /// A short name for folders and control groups, derived from the lease's identifier.
  var folderName: String {
    String(Digest.sha256(description.utf8).description.prefix(24))
  }
}

/// A lease's identifier in the provider's files, written as text.
public struct LeaseText: Codable, Hashable, Sendable {
  public let id: LeaseID

  public init(_ id: LeaseID) {
    self.id = id
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let id = LeaseID(text: text) else {
      throw Swift.DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is no lease")
    }
    self.id = id
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(id.description)
  }
}
