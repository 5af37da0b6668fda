import Cryptography
public import Primitives
import Wire

extension Offer {
  /// - Throws: `outOfRange` or `invalid` with the field that is not legal.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Supercloud_Market_V1_Offer(complete: bytes, limit: WireLimits.objectBytes)
    let gpus = try Field.list(wire.gpus, "gpus", limit: ChainLimits.gpuModels, GPU.init)
    self.init(
      provider: try Field.address(wire.provider, "provider"),
      sequence: wire.sequence,
      expiresAt: Timestamp(milliseconds: wire.expiresAt),
      cpuMillis: Capacity(free: wire.cpuFree, total: wire.cpuTotal),
      memoryBytes: Capacity(free: wire.memoryFree, total: wire.memoryTotal),
      storageBytes: Capacity(free: wire.storageFree, total: wire.storageTotal),
      gpus: gpus,
      endpoint: try Field.text(wire.endpoint, "endpoint", limit: ChainLimits.hostBytes)
    )
  }

  public var encoded: [UInt8] {
    var wire = Supercloud_Market_V1_Offer()
    wire.provider = provider.text()
    wire.sequence = sequence
    wire.expiresAt = expiresAt.milliseconds
    wire.cpuFree = cpuMillis.free
    wire.cpuTotal = cpuMillis.total
    wire.memoryFree = memoryBytes.free
    wire.memoryTotal = memoryBytes.total
    wire.storageFree = storageBytes.free
    wire.storageTotal = storageBytes.total
    wire.gpus = gpus.map(\.wire)
    wire.endpoint = endpoint
    return wire.encoded
  }
}

extension Offer.GPU {
  fileprivate init(_ wire: Supercloud_Market_V1_GPUOffer) throws(DecodingError) {
    func name(_ text: String, _ field: String) throws(DecodingError) -> String {
      try Field.text(text, field, limit: ChainLimits.nameBytes)
    }
    let prices = try Field.list(wire.prices, "gpus.prices", limit: ChainLimits.prices) {
      element throws(DecodingError) in
      try Field.decimalCoin(element, "gpus.prices")
    }
    self.init(
      vendor: try name(wire.vendor, "gpus.vendor"),
      model: try name(wire.model, "gpus.model"),
      memory: try name(wire.memory, "gpus.memory"),
      interface: try name(wire.interface, "gpus.interface"),
      free: wire.free,
      total: wire.total,
      prices: prices,
      isDeclared: wire.declared
    )
  }

  fileprivate var wire: Supercloud_Market_V1_GPUOffer {
    var wire = Supercloud_Market_V1_GPUOffer()
    wire.vendor = vendor
    wire.model = model
    wire.memory = memory
    wire.interface = interface
    wire.free = free
    wire.total = total
    wire.prices = prices.map(\.wire)
    wire.declared = isDeclared
    return wire
  }
}

extension NodeRecord {
  /// - Throws: `outOfRange` or `invalid` with the field that is not legal.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Supercloud_Market_V1_NodeRecord(complete: bytes, limit: WireLimits.objectBytes)
    guard let role = Role(rawValue: wire.role) else { throw .invalid(field: "role") }
    self.init(
      sequence: wire.sequence,
      addresses: try Field.texts(
        wire.addresses,
        "addresses",
        limit: ChainLimits.nodeAddresses,
        bytes: ChainLimits.hostBytes
      ),
      role: role,
      protocolVersion: wire.protocolVersion,
      expiresAt: Timestamp(milliseconds: wire.expiresAt),
      voucher: wire.voucher.isEmpty ? nil : try NodeVoucher(decoding: wire.voucher.array)
    )
  }

  public var encoded: [UInt8] {
    var wire = Supercloud_Market_V1_NodeRecord()
    wire.sequence = sequence
    wire.addresses = addresses
    wire.role = role.rawValue
    wire.protocolVersion = protocolVersion
    wire.expiresAt = expiresAt.milliseconds
    if let voucher { wire.voucher = .init(wire: voucher.encoded) }
    return wire.encoded
  }
}
