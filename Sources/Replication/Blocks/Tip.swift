public import Chain
public import Cryptography
public import Primitives

/// The newest committed block, and everything about it that the next one must agree with.
public struct Tip: Hashable, Sendable {
  public var height: Height
  /// The genesis digest at height 0.
  public var block: Digest
  public var time: Timestamp
  /// After the block.
  public var stateRoot: Digest
  public var receiptsRoot: Digest
  /// Of the block; nil at genesis.
  public var certificate: Certificate?
  /// Who decides the next block, with this height's priorities.
  public var validators: ValidatorSet {
    didSet { validatorsHash = validators.hash }
  }
  /// Who decides the one after it.
  public var nextValidators: ValidatorSet {
    didSet { nextValidatorsHash = nextValidators.hash }
  }
  /// Who decided the block; the next block's last certificate is theirs.
  public var lastValidators: ValidatorSet
  /// The sets' hashes: every block's header is compared with them.
  private(set) var validatorsHash: Digest
  private(set) var nextValidatorsHash: Digest

  /// `hashes`: of `validators` and `nextValidators`, where they are known.
  public init(
    height: Height,
    block: Digest,
    time: Timestamp,
    stateRoot: Digest,
    receiptsRoot: Digest,
    certificate: Certificate?,
    validators: ValidatorSet,
    nextValidators: ValidatorSet,
    lastValidators: ValidatorSet,
    hashes: (validators: Digest, next: Digest)? = nil
  ) {
    self.height = height
    self.block = block
    self.time = time
    self.stateRoot = stateRoot
    self.receiptsRoot = receiptsRoot
    self.certificate = certificate
    self.validators = validators
    self.nextValidators = nextValidators
    self.lastValidators = lastValidators
    validatorsHash = hashes?.validators ?? validators.hash
    nextValidatorsHash = hashes?.next ?? nextValidators.hash
  }
}

extension Tip {
  /// Where a chain stands before its first block.
  ///
  /// - Throws: when the genesis has no validators, or such as make no set.
  public init(genesis: Genesis, stateRoot: Digest, validators: [ValidatorUpdate]) throws(ValidatorSetError) {
    let set = try ValidatorSet(
      validators.map { Validator(address: $0.address, key: $0.key, power: $0.power) }
    )
    var next = set
    next.advance()
    self.init(
      height: 0,
      block: genesis.digest,
      time: genesis.time,
      stateRoot: stateRoot,
      receiptsRoot: Block.receiptsRoot([]),
      certificate: nil,
      validators: set,
      nextValidators: next,
      lastValidators: set
    )
  }

  /// The form in which a commit's batch carries it, so that a restarting node knows where it stands.
  public var encoded: [UInt8] {
    var writer = ByteWriter(capacity: 1_024)
    writer.write(height)
    writer.write(block)
    writer.write(time.milliseconds)
    writer.write(stateRoot)
    writer.write(receiptsRoot)
    writer.writeCounted(certificate?.encoded ?? [])
    for set in [validators, nextValidators, lastValidators] { set.encode(into: &writer) }
    return writer.bytes
  }

  /// Reads what `encoded` wrote.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    var reader = ByteReader(bytes)
    height = try reader.read()
    block = try reader.readDigest()
    time = Timestamp(milliseconds: try reader.read())
    stateRoot = try reader.readDigest()
    receiptsRoot = try reader.readDigest()
    let certificateBytes = try reader.readCounted(limit: 1 << 20)
    certificate = certificateBytes.isEmpty ? nil : try Certificate(decoding: certificateBytes)
    validators = try ValidatorSet(from: &reader)
    nextValidators = try ValidatorSet(from: &reader)
    lastValidators = try ValidatorSet(from: &reader)
    validatorsHash = validators.hash
    nextValidatorsHash = nextValidators.hash
    try reader.finish()
  }
}
