public import Cryptography

/// The number of a block; genesis is 0, the first block 1.
public typealias Height = UInt64

/// The number of an attempt to decide a height; the first is 0.
public typealias Round = UInt32

/// The name of a chain. Every signature covers it.
public struct ChainID: Hashable, Sendable, CustomStringConvertible {
  public let text: String

  /// Nil unless `text` is 3 to 48 characters of `[a-z0-9-]` that start with a letter.
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard (3...48).contains(bytes.count), (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(bytes[0])
    else { return nil }
    let legal = bytes.allSatisfy { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
    }
    guard legal else { return nil }
    self.text = text
  }

  public var description: String { text }
}

/// A tenant's deployment: its owner and a sequence number that the owner chooses and never uses twice.
public struct DeploymentID: Hashable, Comparable, Sendable, CustomStringConvertible {
  public var owner: Address
  /// The number that the owner chose; at least 1.
  public var sequence: UInt64

  public init(owner: Address, sequence: UInt64) {
    self.owner = owner
    self.sequence = sequence
  }

  public static func < (left: DeploymentID, right: DeploymentID) -> Bool {
    (left.owner, left.sequence) < (right.owner, right.sequence)
  }

  public var description: String { "\(owner)/\(sequence)" }
}

/// A lease: a group of a deployment, the number of the order for that group, and the provider that won it.
public struct LeaseID: Hashable, Comparable, Sendable, CustomStringConvertible {
  public var deployment: DeploymentID
  /// The group's 1-based position in the deployment.
  public var group: UInt32
  /// 1 for the group's first order, and one more each time the group is leased again.
  public var order: UInt32
  public var provider: Address

  public init(deployment: DeploymentID, group: UInt32, order: UInt32, provider: Address) {
    self.deployment = deployment
    self.group = group
    self.order = order
    self.provider = provider
  }

  public static func < (left: LeaseID, right: LeaseID) -> Bool {
    (left.deployment, left.group, left.order, left.provider)
      < (right.deployment, right.group, right.order, right.provider)
  }

  public var description: String { "\(deployment)/\(group)/\(order)/\(provider)" }
}
