import Cryptography

/// Prevents a validator's key from signing twice. It keeps what the key signed last in a file of its own,
/// apart from all other data.
///
/// The file is not part of checkpoints, snapshots or backups and must not be restored from one. Its header
/// contains the identity (inode and time of birth) of the file to which it was written, so a copied or
/// restored home is recognised and *quarantined*. A restored image of a whole disk is not recognised; there
/// only the check against known certificates helps.
///
/// A quarantined guard refuses everything except what it signed before, until
/// - it has seen a full height begin and end that was decided without this key (`recordDecidedHeight`), or
/// - the operator has confirmed that nothing else signs with the key (`confirmSoleSigner`).
///
/// Used alone, `record` costs one sync. `SignerLog` shares that sync with the consensus log.
public struct SignerGuard: ~Copyable, Sendable {
  public let path: String
  private(set) var file: SignerFile
  private(set) var state: SignerState
  /// The newest signatures by position, kept to answer `.reuse`.
  private var signed: [SignerPosition: SignedRecord] = [:]
  private let initialHeight: UInt64
  /// The highest height for which a verified commit certificate is known.
  public private(set) var certifiedHeight: UInt64
  public private(set) var quarantine: SignerQuarantine?
  /// In a quarantine: the first height seen decided since opening, or the last one seen with this key's
  /// signature.
  private var firstWitnessed: UInt64?
  private var isPoisoned = false

  /// Opens the guard's file or makes it.
  ///
  /// `instance` is the guard's `instance` as the database recorded it, nil when the database is new.
  /// `initialHeight` is the chain's first height, at which a new guard may sign at once. `certifiedHeight` is
  /// the highest height with a verified commit certificate.
  public init(
    path: String,
    instance: [UInt8]?,
    initialHeight: UInt64,
    certifiedHeight: UInt64
  ) throws(StorageError) {
    let opened = try Folder.exists(path) ? Self.open(path, instance) : Self.create(path, instance)
    self.path = path
    self.initialHeight = initialHeight
    self.certifiedHeight = certifiedHeight
    state = opened.state
    quarantine = opened.quarantine
    signed = opened.signed
    file = opened.file
  }

  private struct Opened: ~Copyable {
    var state: SignerState
    var quarantine: SignerQuarantine?
    var signed: [SignerPosition: SignedRecord] = [:]
    var file: SignerFile
  }

  private static func create(_ path: String, _ instance: [UInt8]?) throws(StorageError) -> Opened {
    try Folder.create(Folder.parent(of: path))
    let state = SignerState(instance: SecureRandom.bytes(SignerState.instanceSize))
    let file = try SignerFile(replacing: path, instance: state.instance, states: [])
    return Opened(state: state, quarantine: instance == nil ? .fresh : .lost, file: file)
  }

  private static func open(_ path: String, _ instance: [UInt8]?) throws(StorageError) -> Opened {
    let file = try SignerFile(existing: path)
    let contents = try file.read()
    let own =
      contents.instance ?? contents.states.last?.instance ?? SecureRandom.bytes(SignerState.instanceSize)
    let state = contents.states.last ?? SignerState(instance: own)
    var quarantine: SignerQuarantine?
    if contents.isDamaged {
      quarantine = .damaged
    } else if !contents.isOriginal {
      quarantine = .copied
    } else if let instance, instance != own {
      quarantine = .lost
    } else if !state.isHistoryCertain {
      quarantine = .fresh
    }
    var opened = Opened(state: state, quarantine: quarantine, file: file)
    for record in contents.states.compactMap(\.last) { opened.signed[record.position] = record }
    return opened
  }

  /// Identifies this guard. The node records it in the database, so that a missing guard is noticed.
  public var instance: [UInt8] { state.instance }
  public var lastSigned: SignedRecord? { state.last }

  // MARK: Signing

  /// Whether `signBytes` may be signed. Changes nothing; send the signature only after `record` has returned.
  public func admit(_ position: SignerPosition, signBytes: [UInt8]) -> SignerAdmission {
    let height = position.height
    if let record = signed[position] {
      return record.digest == .blake2b(signBytes) ? .reuse(record.signature) : .refuse(.conflict(position))
    }
    if isPoisoned { return .refuse(.unusable) }
    if let last = state.last, position <= last.position { return .refuse(.behind(last.position)) }
    if height <= certifiedHeight { return .refuse(.decided(certifiedHeight)) }
    switch quarantine {
    case nil: return .sign
    case .fresh? where height == initialHeight: return .sign
    case .logLost(let through)? where height > through: return .sign
    case let quarantine?: return .refuse(.quarantined(quarantine))
    }
  }

  /// Records a signature durably. Throws `.refused` when `admit` refuses, `.misuse` when it answers `.reuse`.
  public mutating func record(
    _ position: SignerPosition,
    signBytes: [UInt8],
    signature: Signature
  ) throws(StorageError) {
    try save([recordInMemory(position, signBytes: signBytes, signature: signature)], sync: true)
  }

  /// Records the signature in memory; nothing else is admitted at its position then. Returns the state that
  /// must be saved before the signature is sent.
  mutating func recordInMemory(
    _ position: SignerPosition,
    signBytes: [UInt8],
    signature: Signature
  ) throws(StorageError) -> SignerState {
    switch admit(position, signBytes: signBytes) {
    case .sign: break
    case .reuse: throw .misuse(path: path, detail: "the signature is recorded already")
    case .refuse(let refusal): throw .refused(refusal)
    }
    let record = SignedRecord(position: position, digest: .blake2b(signBytes), signature: signature)
    forgetOld(before: position.height)
    signed[position] = record
    state.sequence += 1
    state.last = record
    // `admit` allowed to sign, so the reason of any quarantine no longer applies.
    state.isHistoryCertain = true
    quarantine = nil
    return state
  }

  /// Drops old signatures. They are reused only during replay, which goes back to the height before the last
  /// at most.
  private mutating func forgetOld(before height: UInt64) {
    guard signed.count >= SignerFile.slotCount else { return }
    signed = signed.filter { $0.key.height + 1 >= height }
  }

  /// Writes states into the file. After a failure `admit` refuses everything new.
  mutating func save(_ states: [SignerState], sync: Bool) throws(StorageError) {
    guard !isPoisoned else { throw .poisoned(path: path, cause: "an earlier record could not be written") }
    do throws(StorageError) {
      for state in states { try file.write(state) }
      if sync { try file.file.sync() }
    } catch {
      poison()
      throw error
    }
  }

  mutating func poison() { isPoisoned = true }

  // MARK: What others decided

  /// Records that a verified commit certificate for `height` is known: nothing is signed up to it any more.
  public mutating func recordCertificate(height: UInt64) { certifiedHeight = max(certifiedHeight, height) }

  /// Records a verified commit certificate that was made while this node was running and up to date. For a
  /// certificate that comes with synchronisation call `recordCertificate` instead.
  ///
  /// Ends a quarantine at the second height seen whose certificate lacks this key's signature; the first
  /// height may have begun before this node did. Returns whether it ended. A certificate with the signature
  /// restarts the wait: something else signs with the key.
  @discardableResult
  public mutating func recordDecidedHeight(height: UInt64, hasOwnSignature: Bool) throws(StorageError) -> Bool
  {
    let ended = observe(height: height, hasOwnSignature: hasOwnSignature)
    if ended { try confirmSoleSigner() }
    return ended
  }

  /// Does what `recordDecidedHeight` does except for ending the quarantine; returns whether it should end.
  mutating func observe(height: UInt64, hasOwnSignature: Bool) -> Bool {
    recordCertificate(height: height)
    guard quarantine != nil else { return false }
    if let first = firstWitnessed, height > first, !hasOwnSignature { return true }
    firstWitnessed = hasOwnSignature ? height : firstWitnessed ?? height
    return false
  }

  /// Ends a quarantine because the operator confirms that nothing else signs with this key.
  public mutating func confirmSoleSigner() throws(StorageError) {
    try endQuarantine(acceptingSegment: state.acceptedSegment)
  }

  /// Writes the file anew, with the new file's identity, and ends the quarantine.
  mutating func endQuarantine(acceptingSegment segment: UInt64) throws(StorageError) {
    var settled = state
    settled.sequence += 1
    settled.acceptedSegment = segment
    settled.isHistoryCertain = true
    do throws(StorageError) {
      file = try SignerFile(replacing: path, instance: settled.instance, states: [settled])
    } catch {
      poison()
      throw error
    }
    state = settled
    quarantine = nil
  }

  // MARK: For the log that shares its sync

  /// Raises the height up to which signatures may be given without a sync of this file (`SignerState.ceiling`),
  /// and makes the new limit durable.
  mutating func raiseCeiling(to height: UInt64) throws(StorageError) {
    state.sequence += 1
    state.ceiling = height
    try save([state], sync: true)
  }

  /// Takes over a state found in the log if it is newer than the guard's own.
  mutating func merge(_ other: SignerState) {
    if let record = other.last { signed[record.position] = record }
    guard other.sequence > state.sequence else { return }
    state = other
    if quarantine == .fresh, other.isHistoryCertain { quarantine = nil }
  }

  mutating func startQuarantine(_ reason: SignerQuarantine) {
    if quarantine == nil || quarantine == .fresh { quarantine = reason }
  }
}
