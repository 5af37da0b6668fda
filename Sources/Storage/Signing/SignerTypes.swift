import Cryptography

/// The three things that a validator signs in a round, in their order.
public enum SignerStep: UInt8, Comparable, Hashable, Sendable {
  case proposal = 1
  case prevote = 2
  case precommit = 3

  public static func < (left: SignerStep, right: SignerStep) -> Bool { left.rawValue < right.rawValue }
}

/// A place in the order of signatures: by height, then round, then step. A validator signs once at each, and
/// never goes back.
public struct SignerPosition: Comparable, Hashable, Sendable, CustomStringConvertible {
  public var height: UInt64
  public var round: UInt32
  public var step: SignerStep

  public init(height: UInt64, round: UInt32, step: SignerStep) {
    self.height = height
    self.round = round
    self.step = step
  }

  public static func < (left: SignerPosition, right: SignerPosition) -> Bool {
    (left.height, left.round, left.step) < (right.height, right.round, right.step)
  }

  public var description: String { "\(step) of height \(height), round \(round)" }
}

/// A signature that was given: for these bytes and no others.
public struct SignedRecord: Hashable, Sendable {
  public var position: SignerPosition
  /// BLAKE2b of the signed bytes.
  public var digest: Digest
  /// 64 bytes.
  public var signature: Signature

  public init(position: SignerPosition, digest: Digest, signature: Signature) {
    self.position = position
    self.digest = digest
    self.signature = signature
  }
}

/// What the guard answers to a request to sign.
public enum SignerAdmission: Hashable, Sendable {
  /// Sign, record the signature, and let it go once the record is durable.
  case sign
  /// These very bytes were signed before; this is the signature.
  case reuse(Signature)
  case refuse(SignerRefusal)
}

/// Why something is not signed.
public enum SignerRefusal: Hashable, Sendable, CustomStringConvertible {
  /// Something else was signed at this very place.
  case conflict(SignerPosition)
  /// A later place was signed already.
  case behind(SignerPosition)
  /// A commit certificate for this height or a higher one is known, so the height is over.
  case decided(UInt64)
  /// What was signed before is not known for certain.
  case quarantined(SignerQuarantine)
  /// A record could not be written; see `StorageError.poisoned`.
  case unusable

  public var description: String {
    switch self {
    case .conflict(let position): "other bytes were signed as \(position)"
    case .behind(let position): "\(position) was signed already"
    case .decided(let height): "height \(height) is decided"
    case .quarantined(let reason): reason.description
    case .unusable: "an earlier record of the signing guard could not be written"
    }
  }

  var hint: String? {
    switch self {
    case .quarantined: "wait for a full height to pass, or confirm that no other node signs with this key"
    case .unusable: "check the disk, then start again"
    case .conflict, .behind, .decided: nil
    }
  }
}

/// Why the guard does not know for certain what was signed before.
public enum SignerQuarantine: Hashable, Sendable, CustomStringConvertible {
  /// There was no guard file. Harmless at the chain's first height, which is exempt; later the key may have
  /// signed from another home.
  case fresh
  /// The database knows a guard that is not here.
  case lost
  /// The guard or the log is not in the file that it was written to: the home was copied or restored.
  case copied
  /// The guard's file does not pass its checksums.
  case damaged
  /// The log does not have what the guard knows to have been signed. Heights up to this one are refused; above
  /// it nothing can have been signed, and no witness is needed.
  case logLost(through: UInt64)

  public var description: String {
    switch self {
    case .fresh: "the signing guard is new"
    case .lost: "the signing guard of this home is missing"
    case .copied: "this home is a copy"
    case .damaged: "the signing guard is damaged"
    case .logLost(let height): "the consensus log is incomplete, so nothing is signed up to height \(height)"
    }
  }
}
