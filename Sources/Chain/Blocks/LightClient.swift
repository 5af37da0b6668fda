public import Cryptography
public import Primitives

/// Why a light block is rejected.
public enum LightError: Error, Hashable, Sendable {
  case wrongChain
  /// The height is not above that of the trusted header.
  case height
  /// The time is not later than that of the trusted header.
  case timeNotAfterTrusted
  /// The time is further ahead of the local clock than `driftMilliseconds` allows.
  case timeInFuture
  /// The trusted header is too old: its validators may have withdrawn their stake and can no longer be
  /// punished.
  case trustExpired
  /// A set, the certificate or the parent is not the one that the header names.
  case mismatch(field: String)
  case certificate(ConsensusVerificationError)
}

/// Verifies headers from a trusted one without the blocks between (CometBFT spec, `spec/light-client`).
///
/// A header is trusted at once under two conditions: a quorum of its own set signed it, and validators with
/// more than a third of the power of the trusted header's next set signed it too. As long as that third is
/// bonded, it includes an honest validator. The header directly after the trusted one does not need the
/// second condition, because the trusted header names its set. When the second condition fails, the client
/// first asks for a header half way between.
public struct LightClient: Sendable {
  /// The limits within which headers are trusted.
  public struct Settings: Hashable, Sendable {
    /// How long a header is trusted. It must be shorter than the time for which stake can be slashed.
    public var trustingMilliseconds: UInt64
    /// By how much a header's time may be ahead of the local clock.
    public var driftMilliseconds: UInt64

    public init(trustingMilliseconds: UInt64, driftMilliseconds: UInt64 = 10_000) {
      self.trustingMilliseconds = trustingMilliseconds
      self.driftMilliseconds = driftMilliseconds
    }
  }

  /// The result of `offer`.
  public enum Outcome: Hashable, Sendable {
    /// The offered block is the trusted one now.
    case trusted
    /// Too few of the trusted validators signed. A block of this height, between the trusted and the offered
    /// one, must be verified first.
    case needs(Height)
  }

  /// A trusted header, with the validator set of the height after it.
  public struct Trusted: Hashable, Sendable {
    public var height: Height
    public var time: Timestamp
    /// The identifier of the trusted block; the genesis digest at height 0.
    public var block: Digest
    public var nextValidators: ValidatorSet

    /// Trusts a checkpoint, or the genesis at height 0.
    public init(height: Height, time: Timestamp, block: Digest, nextValidators: ValidatorSet) {
      self.height = height
      self.time = time
      self.block = block
      self.nextValidators = nextValidators
    }

    /// Trusts a verified block.
    public init(_ block: LightBlock) {
      self.init(
        height: block.height,
        time: block.header.time,
        block: block.identifier,
        nextValidators: block.nextValidators
      )
    }
  }

  public let chain: ChainID
  public let settings: Settings
  public private(set) var trusted: Trusted
  private let checks: Checks

  public init(chain: ChainID, trusted: Trusted, settings: Settings, checks: Checks = .ed25519) {
    self.chain = chain
    self.trusted = trusted
    self.settings = settings
    self.checks = checks
  }

  /// Verifies a block above the trusted one.
  ///
  /// - Throws: When the block must not be trusted by a client with this trusted header at time `now`.
  public mutating func offer(_ block: LightBlock, at now: Timestamp) throws(LightError) -> Outcome {
    try checkForm(of: block, at: now)
    let isNext = block.height == trusted.height + 1
    if isNext {
      guard block.validators == trusted.nextValidators else { throw .mismatch(field: "validators_hash") }
      guard block.header.parent == trusted.block else { throw .mismatch(field: "parent") }
    } else if !hasOverlap(block) {
      return .needs(trusted.height + (block.height - trusted.height) / 2)
    }
    do {
      try block.validators.verify(block.certificate, chain: chain, using: checks)
    } catch {
      throw .certificate(error)
    }
    trusted = Trusted(block)
    return .trusted
  }

  private func checkForm(of block: LightBlock, at now: Timestamp) throws(LightError) {
    let header = block.header
    guard header.chain == chain else { throw .wrongChain }
    guard header.height > trusted.height else { throw .height }
    guard trusted.time.advanced(byMilliseconds: settings.trustingMilliseconds) > now else {
      throw .trustExpired
    }
    guard header.time > trusted.time else { throw .timeNotAfterTrusted }
    guard header.time <= now.advanced(byMilliseconds: settings.driftMilliseconds) else { throw .timeInFuture }
    try block.checkParts()
  }

  /// Whether signers that are in the trusted set, found by their keys, hold more than a third of its power.
  /// Signatures are checked later, together with all others of the certificate.
  private func hasOverlap(_ block: LightBlock) -> Bool {
    guard let signers = SignerSet(bytes: block.certificate.signers, count: block.validators.count) else {
      return false
    }
    var power: Int64 = 0
    for index in signers.indices {
      guard let key = block.validators[index]?.key, let own = trusted.nextValidators.index(ofKey: key) else {
        continue
      }
      power += trusted.nextValidators[own]?.power ?? 0
    }
    return trusted.nextValidators.meetsHonestThreshold(power)
  }
}
