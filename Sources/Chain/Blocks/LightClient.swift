public import Cryptography
public import Primitives

/// Why a light block is not believed.
public enum LightError: Error, Hashable, Sendable {
  case wrongChain
  /// Not above the trusted one.
  case height
  /// Not later than the trusted one's.
  case timeNotAfterTrusted
  /// Further ahead of the own clock than clocks may differ.
  case timeInFuture
  /// The trusted header is too old: its validators may have taken their stake away and are free to lie.
  case trustExpired
  /// A set, the certificate or the parent is not the one that the header names.
  case mismatch(field: String)
  case certificate(CertificateError)
}

/// Verifies headers from a trusted one without the blocks between (CometBFT spec, `spec/light-client`).
///
/// A header is believed at once when validators of more than a third of the trusted next set's power signed it,
/// because at least one of them is correct as long as that stake is bonded, and a quorum of its own set did. The
/// header after the trusted one needs no such overlap: the trusted one names its set. Where the overlap is too small, a
/// header half way is asked for first.
public struct LightClient: Sendable {
  /// What bounds belief.
  public struct Settings: Hashable, Sendable {
    /// How long a header is trusted: less than stake stays punishable.
    public var trustingMilliseconds: UInt64
    /// By how much clocks may differ.
    public var driftMilliseconds: UInt64

    public init(trustingMilliseconds: UInt64, driftMilliseconds: UInt64 = 10_000) {
      self.trustingMilliseconds = trustingMilliseconds
      self.driftMilliseconds = driftMilliseconds
    }
  }

  /// What became of an offered block.
  public enum Outcome: Hashable, Sendable {
    /// The offered block is the trusted one now.
    case trusted
    /// The overlap is too small: a block of this height, between, is needed first.
    case needs(Height)
  }

  /// What is believed of the chain's past: the set that decides the height after it.
  public struct Trusted: Hashable, Sendable {
    public var height: Height
    public var time: Timestamp
    /// The genesis digest at height 0.
    public var block: Digest
    public var nextValidators: ValidatorSet

    /// From a checkpoint that somebody vouches for, or of genesis at height 0.
    public init(height: Height, time: Timestamp, block: Digest, nextValidators: ValidatorSet) {
      self.height = height
      self.time = time
      self.block = block
      self.nextValidators = nextValidators
    }

    /// What a believed block says.
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
  private let check: SignatureCheck

  public init(
    chain: ChainID,
    trusted: Trusted,
    settings: Settings,
    check: @escaping SignatureCheck = ValidatorSet.ed25519
  ) {
    self.chain = chain
    self.trusted = trusted
    self.settings = settings
    self.check = check
  }

  /// Judges a block above the trusted one.
  ///
  /// - Throws: When the block is to be believed by nobody who trusts what this client does.
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
      try block.validators.verify(block.certificate, chain: chain, using: check)
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

  /// Whether signers that the trusted set knows by their keys hold more than a third of its power. Their signatures
  /// are checked with all others of the certificate.
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
    return trusted.nextValidators.isHonest(power)
  }
}
