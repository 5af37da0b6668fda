public import Chain
public import Cryptography
public import Primitives

/// The newest committed block, with all values against which the next block is checked.
public struct Tip: Hashable, Sendable {
  public var height: Height
  /// The identifier of the block; at height 0 the digest of the genesis.
  public var block: Digest
  /// The time in the block's header; at height 0 that of the genesis.
  public var time: Timestamp
  /// The root of the state after the block.
  public var stateRoot: Digest
  /// The root of the receipts of the block's transactions.
  public var receiptsRoot: Digest
  /// The commit certificate of the block; nil at height 0.
  public var certificate: Certificate?
  /// The validators that decide the next block, with the proposer priorities of that height.
  public var validators: ValidatorSet { didSet { validatorsHash = validators.hash } }
  /// The validators that decide the block after the next.
  public var nextValidators: ValidatorSet { didSet { nextValidatorsHash = nextValidators.hash } }
  /// The validators that decided this block. The next block contains their certificate.
  public var lastValidators: ValidatorSet
  /// The hashes of `validators` and `nextValidators`, with which the header of the next block is compared.
  private(set) var validatorsHash: Digest
  private(set) var nextValidatorsHash: Digest

  /// `hashes` are those of `validators` and `nextValidators` if the caller has them; otherwise they are
  /// computed.
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

  /// The tip at height 0, before the first block.
  ///
  /// - Throws: `ValidatorSetError` when `validators` is empty or not a valid set.
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

  /// The bytes that are written with every commit, from which a node restores its tip after a restart.
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

  /// Decodes the bytes of `encoded`.
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
