import Cryptography

/// The three things that a validator signs in a round, in their order.
public enum SignerStep: UInt8, Comparable, Hashable, Sendable {
  case proposal = 1
  case prevote = 2
  case precommit = 3

  public static func < (left: SignerStep, right: SignerStep) -> Bool { left.rawValue < right.rawValue }
}

/// A position in the order of signatures: by height, round, step. A validator signs once at each, in order.
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

/// A signature that the guard has recorded.
public struct SignedRecord: Hashable, Sendable {
  public var position: SignerPosition
  /// BLAKE2b of the signed bytes.
  public var digest: Digest
  /// The signature of the signed bytes.
  public var signature: Signature
}

/// What the guard answers to a request to sign.
public enum SignerAdmission: Hashable, Sendable {
  /// Sign, record the signature, and send it when the record is durable.
  case sign
  /// These bytes were signed before, with this signature.
  case reuse(Signature)
  case refuse(SignerRefusal)
}

/// Why the guard refuses to sign.
public enum SignerRefusal: Hashable, Sendable, CustomStringConvertible {
  /// Other bytes were signed at this position.
  case conflict(SignerPosition)
  /// A later position was signed already; the value is that position.
  case behind(SignerPosition)
  /// A commit certificate for this height is known, so heights up to it are over.
  case decided(UInt64)
  /// It is not certain what was signed before.
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

/// Why it is not certain what was signed before.
public enum SignerQuarantine: Hashable, Sendable, CustomStringConvertible {
  /// There was no guard file. At the chain's first height a fresh guard may sign; later the key may have
  /// signed from another home.
  case fresh
  /// The database records a guard other than the one that is here.
  case lost
  /// The guard's file or the log is not the file to which it was written: the home was copied or restored.
  case copied
  /// The guard's file does not pass its checksums, or has a wrong size.
  case damaged
  /// The log lacks signatures that the guard knows. Heights up to this one are refused. Nothing can have been
  /// signed above it, so signing there needs no witness.
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
