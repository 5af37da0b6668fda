public import Cryptography

/// Prevents a validator's key from signing twice. It keeps what the key signed last in a file of its own,
/// apart from all other data.
///
/// The file is made together with the key (`create`) and names it. It is not part of checkpoints, snapshots or
/// backups and must not be restored from one. Its header contains the identity (inode and time of birth) of
/// the file to which it was written, and every opening and every new ceiling writes a new file. So a copied
/// home is recognised, and a restored one too, even when the backup was written back into the same files. A
/// restored image of a whole disk is not recognised, nor a backup of a *running* node that is written back
/// into the same files within `SignerLog.ceilingStep` heights.
///
/// A guard that is missing, copied or damaged, or that belongs to another key, is *quarantined*: it refuses
/// everything. Nothing that the node can observe ends that, because the absence of signatures never proves
/// that nobody else has the key: the other one may be paused, partitioned or slow. Only the operator ends it
/// (`SignerLog.adopt`), and names the *floor*, above which this guard signs.
///
/// A signature of the key that this guard did not give shows that somebody else signs. `stop` then ends
/// signing for good, until the operator adopts the guard. The exception is a network that was restored as a
/// whole: the backups may be of different moments, so others bring blocks back that the key signed and this
/// home has forgotten. Until a block is decided with a new signature of this guard, such signatures only raise
/// the floor.
///
/// Used alone, `record` costs one sync. `SignerLog` shares that sync with the consensus log.
public struct SignerGuard: ~Copyable, Sendable {
  public let path: String
  /// Nil when the guard is quarantined; the file stays as it was found then.
  private var file: SignerFile?
  private(set) var state: SignerState
  /// The newest signatures by position.
  private var signed: [SignerPosition: SignedRecord] = [:]
  /// Signatures up to this position may be missing in `signed`; nil when all are there.
  private var forgottenThrough: SignerPosition?
  /// The highest height for which a verified commit certificate is known.
  public private(set) var certifiedHeight: UInt64
  public private(set) var quarantine: SignerQuarantine?
  private var isPoisoned = false

  /// Makes the guard of a new key, which has signed nothing. Replaces an existing file.
  public static func create(path: String, key: PublicKey) throws(StorageError) {
    try Folder.create(Folder.parent(of: path))
    _ = try SignerFile(replacing: path, states: [SignerState(key: key)])
  }

  /// Opens the guard of `key`. `certifiedHeight` is the highest height with a verified commit certificate.
  public init(path: String, key: PublicKey, certifiedHeight: UInt64) throws(StorageError) {
    let contents = try SignerFile.contents(at: path)
    let reason = contents.quarantine(of: key)
    let file = try Self.renew(path, contents.states, unless: reason)
    self.path = path
    self.file = file
    self.certifiedHeight = certifiedHeight
    quarantine = reason
    state = contents.newest(of: key) ?? SignerState(key: key)
    guard reason == nil else { return }
    for record in contents.states.compactMap(\.last) { signed[record.position] = record }
    forgottenThrough = contents.states.first?.last?.position
  }

  /// Writes the states into a new file, unless there is a reason not to sign.
  private static func renew(
    _ path: String,
    _ states: [SignerState],
    unless reason: SignerQuarantine?
  ) throws(StorageError) -> SignerFile? {
    guard reason == nil else { return nil }
    return try SignerFile(replacing: path, states: states)
  }

  /// For tests, which make writes fail.
  var descriptor: Int32? { mutating get { file?.descriptor } }
  /// Identifies this guard in the log that belongs to it.
  var instance: [UInt8] { state.instance }
  public var lastSigned: SignedRecord? { state.last }
  /// Above what the operator allowed this guard to sign; nil when it was never adopted.
  public var floor: SignerFloor? { state.floor }
  /// Whether the whole network was restored and no block was decided since with a new signature of this guard.
  public var isRestored: Bool { state.isRestored }

  // MARK: Signing

  /// Whether `signBytes` may be signed. Changes nothing; send the signature only after `record` has returned.
  /// `vote` is to be given for a prevote for a block.
  public func admit(_ position: SignerPosition, signBytes: [UInt8], vote: SignerBlockVote? = nil)
    -> SignerAdmission
  {
    if let quarantine { return .refuse(.quarantined(quarantine)) }
    if let record = signed[position] {
      return record.digest == .blake2b(signBytes) ? .reuse(record.signature) : .refuse(.conflict(position))
    }
    if isPoisoned { return .refuse(.unusable) }
    if let last = state.last, position <= last.position { return .refuse(.behind(last.position)) }
    if let floor = state.floor {
      if position <= floor.position { return .refuse(.belowFloor(floor.position)) }
      if let vote, floor.forbids(vote, at: position) { return .refuse(.lockUnknown(floor.position)) }
    }
    if position.height <= certifiedHeight { return .refuse(.decided(certifiedHeight)) }
    return .sign
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
    return state
  }

  /// Drops old signatures. Only those of the newest two heights are asked for again: by replay, and by peers
  /// that send this node's votes back.
  private mutating func forgetOld(before height: UInt64) {
    guard signed.count >= SignerFile.slotCount else { return }
    let dropped = signed.keys.filter { $0.height + 1 < height }
    for position in dropped { signed[position] = nil }
    forgottenThrough = (dropped + [forgottenThrough].compactMap(\.self)).max()
  }

  /// Writes states into the file. After a failure `admit` refuses everything new.
  mutating func save(_ states: [SignerState], sync: Bool) throws(StorageError) {
    guard !isPoisoned else { throw .poisoned(path: path, cause: "an earlier record could not be written") }
    do throws(StorageError) {
      for state in states { try file?.write(state) }
      if sync { try file?.sync() }
    } catch {
      poison()
      throw error
    }
  }

  mutating func poison() { isPoisoned = true }

  /// Records that a verified commit certificate for `height` is known: nothing is signed up to it any more.
  public mutating func recordCertificate(height: UInt64) { certifiedHeight = max(certifiedHeight, height) }

  // MARK: Signatures of others with this key

  /// Whether a verified signature of this key over `signBytes` was certainly not given by this guard.
  ///
  /// False up to the floor, where the operator said that others may have signed, and for positions whose
  /// signatures the guard no longer remembers. A quarantined guard cannot tell.
  public func isForeign(_ position: SignerPosition, signBytes: [UInt8]) -> Bool {
    guard quarantine == nil else { return false }
    if let floor = state.floor, position <= floor.position { return false }
    if let record = signed[position] { return record.digest != .blake2b(signBytes) }
    return forgottenThrough.map { position > $0 } ?? true
  }

  /// Ends signing for good, because somebody else signed at `position`. The result is to be saved.
  mutating func stopInMemory(_ position: SignerPosition) -> SignerState {
    quarantine = .usedElsewhere(position)
    state.sequence += 1
    state.foreign = position
    return state
  }

  /// Raises the floor to `position`, which the key signed before the whole network was restored. The result is
  /// to be saved.
  ///
  /// The lock counts as known: all homes have lost the same heights, and if none voted there for new blocks,
  /// none of these heights could be decided.
  mutating func raiseFloorInMemory(to position: SignerPosition) -> SignerState {
    let raised = max(position, state.floor?.position ?? position)
    state.sequence += 1
    state.floor = SignerFloor(position: raised, isLockKnown: true)
    return state
  }

  /// Ends `isRestored` if the guard gave one of these signatures, of a decided block's certificate, above its
  /// floor: the chain has gone on from the backups then, and nothing older comes back. The result is to be
  /// saved; nil when nothing changes.
  mutating func endRestorationInMemory(_ position: SignerPosition, signatures: [Signature]) -> SignerState? {
    guard state.isRestored, let record = signed[position], signatures.contains(record.signature),
      state.floor.map({ position > $0.position }) ?? true
    else { return nil }
    state.sequence += 1
    state.isRestored = false
    return state
  }

  // MARK: For the log that shares its sync

  /// Raises the height up to which signatures may be given without a sync of this file (`SignerState.ceiling`),
  /// and makes the new limit durable in a new file.
  mutating func raiseCeiling(to height: UInt64) throws(StorageError) {
    state.sequence += 1
    state.ceiling = height
    try replaceFile(adding: [state])
  }

  /// Writes the file anew, so that the contents of an earlier one are recognised as a copy.
  mutating func replaceFile(adding states: [SignerState] = []) throws(StorageError) {
    guard !isPoisoned else { throw .poisoned(path: path, cause: "an earlier record could not be written") }
    guard file != nil else { return }
    do throws(StorageError) {
      file = try SignerFile(replacing: path, states: SignerFile.contents(at: path).states + states)
    } catch {
      poison()
      throw error
    }
  }

  /// Takes over the states of this guard that its log has, in their order. The log has every signature after
  /// its first state.
  mutating func merge(_ states: [SignerState]) {
    guard let first = states.first, quarantine == nil else { return }
    for record in states.compactMap(\.last) { signed[record.position] = record }
    forgottenThrough = first.last?.position
    guard let newest = states.max(by: { $0.sequence < $1.sequence }), newest.sequence > state.sequence else {
      return
    }
    state = newest
    if let position = state.foreign { startQuarantine(.usedElsewhere(position)) }
  }

  mutating func startQuarantine(_ reason: SignerQuarantine) {
    guard quarantine == nil else { return }
    quarantine = reason
    file = nil
  }
}
