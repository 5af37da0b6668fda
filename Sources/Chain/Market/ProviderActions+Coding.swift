import Cryptography
import Primitives
import Wire

extension ProviderRecord {
  /// Decodes `MsgCreateProvider`, or `MsgUpdateProvider`, which has the same fields.
  init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Akash_MsgCreateProvider(complete: bytes)
    self.init(
      owner: try Field.address(wire.owner, "owner"),
      hostURI: try Field.text(wire.hostUri, "host_uri", limit: ChainLimits.hostBytes),
      attributes: try Attribute.list(wire.attributes, "attributes"),
      email: try Field.text(wire.info.email, "info.email", limit: ChainLimits.hostBytes),
      website: try Field.text(wire.info.website, "info.website", limit: ChainLimits.hostBytes)
    )
  }

  var encoded: [UInt8] {
    var wire = Akash_MsgCreateProvider()
    wire.owner = owner.text()
    wire.hostUri = hostURI
    wire.attributes = attributes.map(\.wire)
    wire.info.email = email
    wire.info.website = website
    return wire.encoded
  }
}

extension Action {
  static func leaveProvider(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Akash_MsgDeleteProvider(complete: bytes)
    return .leaveProvider(owner: try Field.address(wire.owner, "owner"))
  }

  static func signAttributes(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Akash_MsgSignProviderAttributes(complete: bytes)
    return .signAttributes(
      provider: try Field.address(wire.owner, "owner"),
      auditor: try Field.address(wire.auditor, "auditor"),
      attributes: try Attribute.list(wire.attributes, "attributes")
    )
  }

  static func withdrawAttributes(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Akash_MsgDeleteProviderAttributes(complete: bytes)
    return .withdrawAttributes(
      provider: try Field.address(wire.owner, "owner"),
      auditor: try Field.address(wire.auditor, "auditor"),
      keys: try Field.texts(
        wire.keys,
        "keys",
        limit: ChainLimits.attributes,
        bytes: ChainLimits.attributeBytes
      )
    )
  }
}

extension Akash_MsgSignProviderAttributes {
  init(_ provider: Address, _ auditor: Address, _ attributes: [Attribute]) {
    self.init()
    owner = provider.text()
    self.auditor = auditor.text()
    self.attributes = attributes.map(\.wire)
  }
}

extension Akash_MsgDeleteProviderAttributes {
  init(_ provider: Address, _ auditor: Address, _ keys: [String]) {
    self.init()
    owner = provider.text()
    self.auditor = auditor.text()
    self.keys = keys
  }
}
