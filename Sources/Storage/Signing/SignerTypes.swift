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

/// Above what an adopted guard signs.
public struct SignerFloor: Hashable, Sendable {
  /// Nothing up to this position is signed.
  public var position: SignerPosition
  /// Whether the log has the lock of the position's height, or the operator said that the whole network was
  /// restored. Otherwise the guard signs no prevote there that a lock could forbid.
  public var isLockKnown: Bool

  /// Whether `vote` could contradict a precommit at the floor's height or before that the log does not have.
  func forbids(_ vote: SignerBlockVote, at position: SignerPosition) -> Bool {
    guard !isLockKnown, position.height == self.position.height else { return false }
    return vote.validRound.map { $0 <= self.position.round } ?? true
  }
}

/// What a prevote for a block rests on.
public struct SignerBlockVote: Hashable, Sendable {
  /// The round of the polka that justifies the vote; nil for a new block.
  public var validRound: UInt32?

  public init(validRound: UInt32?) { self.validRound = validRound }
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
  /// The operator said that positions up to this one may have been signed elsewhere.
  case belowFloor(SignerPosition)
  /// The lock of this height is not known, so a prevote for a new block may contradict an earlier precommit.
  case lockUnknown(SignerPosition)
  /// It is not certain what was signed before.
  case quarantined(SignerQuarantine)
  /// A record could not be written; see `StorageError.poisoned`.
  case unusable

  public var description: String {
    switch self {
    case .conflict(let position): "other bytes were signed as \(position)"
    case .behind(let position): "\(position) was signed already"
    case .decided(let height): "height \(height) is decided"
    case .belowFloor(let position): "\(position) may have been signed elsewhere, as the operator said"
    case .lockUnknown(let position):
      "what the key precommitted at height \(position.height) is not known, so it votes for no new block there"
    case .quarantined(let reason): reason.description
    case .unusable: "an earlier record of the signing guard could not be written"
    }
  }

  var hint: String? {
    switch self {
    case .quarantined: SignerQuarantine.hint
    case .unusable: "check the disk, then start again"
    case .conflict, .behind, .decided, .belowFloor, .lockUnknown: nil
    }
  }
}

/// Why the guard signs nothing until the operator adopts it.
public enum SignerQuarantine: Hashable, Sendable, CustomStringConvertible {
  /// There is no guard file.
  case lost
  /// The guard was made for another key than this home has.
  case otherKey
  /// The guard's file or the log is not the file to which it was written: the home was copied or restored.
  case copied
  /// The guard's file does not pass its checksums, has a wrong size or is of another version.
  case damaged
  /// The log lacks signatures that the guard knows.
  case logLost
  /// Acknowledged records of the log have changed or are missing.
  case logDamaged
  /// Somebody else signed this position with the key.
  case usedElsewhere(SignerPosition)

  public var description: String {
    switch self {
    case .lost: "the signing guard of this key is missing in this home"
    case .otherKey: "the signing guard of this home belongs to another consensus key"
    case .copied: "this home is a copy, or was restored from one"
    case .damaged: "the signing guard is damaged"
    case .logLost: "the consensus log lacks signatures that this key has given"
    case .logDamaged: "the consensus log is damaged"
    case .usedElsewhere(let position):
      "somebody else signs with this key: it signed \(position), and not here"
    }
  }

  /// What the operator does; the command is to be completed.
  public static var hint: String {
    "make sure that nothing else signs with the key, then: `supercloud validator adopt --last-signed HEIGHT/ROUND`"
  }
}
