public import Cryptography
public import Primitives

/// A header with all that is needed to judge it without the chain behind it.
public struct LightBlock: Hashable, Sendable {
  public let header: Header
  /// Of the header's block.
  public let certificate: Certificate
  /// Who decided the block.
  public let validators: ValidatorSet
  /// Who decides the one after it.
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

  /// Whether both sets and the certificate are those of the header. Signatures are not checked.
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

  /// Reads what `encoded` wrote. Nothing is believed yet: that is for a `LightClient`.
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
