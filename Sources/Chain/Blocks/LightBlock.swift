public import Cryptography
public import Primitives

/// A header with everything needed to verify it without the blocks before it.
public struct LightBlock: Hashable, Sendable {
  public let header: Header
  /// The commit certificate of the header's block.
  public let certificate: Certificate
  /// The validator set of the header's height.
  public let validators: ValidatorSet
  /// The validator set of the next height.
  public let nextValidators: ValidatorSet
  public let identifier: Digest

  public init(
    header: Header,
    certificate: Certificate,
    validators: ValidatorSet,
    nextValidators: ValidatorSet
  ) {
    self.header = header
    self.certificate = certificate
    self.validators = validators
    self.nextValidators = nextValidators
    identifier = header.identifier
  }

  public var height: Height { header.height }

  /// Checks that both sets and the certificate belong to the header. It does not check signatures.
  public func checkParts() throws(LightError) {
    guard validators.hash == header.validatorsHash else { throw .mismatch(field: "validators_hash") }
    guard nextValidators.hash == header.nextValidatorsHash else {
      throw .mismatch(field: "next_validators_hash")
    }
    guard certificate.kind == .precommit, certificate.height == header.height,
      certificate.block == identifier
    else { throw .mismatch(field: "certificate") }
  }
}

extension LightBlock {
  public var encoded: [UInt8] {
    var writer = ByteWriter(capacity: 1_024 + 140 * validators.count)
    writer.writeCounted(header.encoded)
    writer.writeCounted(certificate.encoded)
    writer.writeCounted(validators.encoded)
    writer.writeCounted(nextValidators.encoded)
    return writer.bytes
  }

  /// Decodes a light block from the bytes of `encoded`, without any check. `LightClient` verifies the result.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    var reader = ByteReader(bytes)
    self.init(
      header: try Header(decoding: try reader.readCounted(limit: 4_096)),
      certificate: try Certificate(decoding: try reader.readCounted(limit: 1 << 18)),
      validators: try ValidatorSet(decoding: try reader.readCounted(limit: 1 << 18)),
      nextValidators: try ValidatorSet(decoding: try reader.readCounted(limit: 1 << 18))
    )
    try reader.finish()
  }
}
