import Cryptography

/// Never signs twice: knows what the validator's key signed last, on the disk, apart from all other data.
///
/// The file is no part of a checkpoint, a snapshot or a backup, and does not work as one: its header has the
/// identity (inode and time of birth) of the file that it was written to, so that a copied or restored home is
/// recognised and *quarantined*. What cannot be recognised is an image of a whole disk brought back; there only
/// the check against known certificates helps.
///
/// A quarantined guard refuses everything but what it has signed before, until
/// - a full height has passed that it saw begin and end, decided without this key (`witness`), or
/// - the operator has confirmed that nothing else signs with the key (`adopt`).
///
/// Used by itself, `record` costs one sync. `SignerLog` shares one with the consensus log instead.
public struct SignerGuard: ~Copyable, Sendable {
  public let path: String
  private var file: SignerFile
  private(set) var state: SignerState
  /// Signatures given, by position: the newest ones, for `reuse`.
  private var signed: [SignerPosition: SignedRecord] = [:]
  private let initialHeight: UInt64
  /// The highest height for which a verified commit certificate is known.
  public private(set) var certifiedHeight: UInt64
  public private(set) var quarantine: SignerQuarantine?
  /// The first height seen decided since opening.
  private var firstWitnessed: UInt64?
  private var isPoisoned = false

  /// Opens the guard's file or makes it.
  ///
  /// `instance` is the guard's `instance` as the database remembers it, nil when the database is new;
  /// `initialHeight` the chain's first height, at which a new guard may sign at once; `certifiedHeight` the highest
  /// height with a verified commit certificate.
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
    } else if !state.isSettled {
      quarantine = .fresh
    }
    var opened = Opened(state: state, quarantine: quarantine, file: file)
    for record in contents.states.compactMap(\.last) { opened.signed[record.position] = record }
    return opened
  }

  /// Names this guard; the node keeps it in the database, so that a guard gone missing is noticed.
  public var instance: [UInt8] { state.instance }
  public var lastSigned: SignedRecord? { state.last }

  // MARK: Signing

  /// Whether `signBytes` may be signed. Changes nothing: the signature is given when `record` has returned.
  public func admit(height: UInt64, round: UInt32, step: SignerStep, signBytes: [UInt8]) -> SignerAdmission {
    let position = SignerPosition(height: height, round: round, step: step)
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

  /// Records a signature durably. Throws `.refused` when `admit` would not have said `.sign`.
  public mutating func record(
    height: UInt64,
    round: UInt32,
    step: SignerStep,
    signBytes: [UInt8],
    signature: Signature
  ) throws(StorageError) {
    let next = try note(height: height, round: round, step: step, signBytes: signBytes, signature: signature)
    try save([next], sync: true)
  }

  /// Takes the signature over in memory, from where on nothing else is admitted at its position; returns the
  /// state to be saved before the signature is let go.
  mutating func note(
    height: UInt64,
    round: UInt32,
    step: SignerStep,
    signBytes: [UInt8],
    signature: Signature
  ) throws(StorageError) -> SignerState {
    switch admit(height: height, round: round, step: step, signBytes: signBytes) {
    case .sign: break
    case .reuse: throw .misuse(path: path, detail: "the signature is recorded already")
    case .refuse(let refusal): throw .refused(refusal)
    }
    let position = SignerPosition(height: height, round: round, step: step)
    let record = SignedRecord(position: position, digest: .blake2b(signBytes), signature: signature)
    forgetOld(before: height)
    signed[position] = record
    state.sequence += 1
    state.last = record
    // Signing was possible, so whatever the quarantine was for is settled.
    state.isSettled = true
    quarantine = nil
    return state
  }

  /// Reuse is for replay, which never goes back behind the height before the last.
  private mutating func forgetOld(before height: UInt64) {
    guard signed.count >= SignerFile.slots else { return }
    signed = signed.filter { $0.key.height + 1 >= height }
  }

  /// After a failure nothing more is admitted.
  mutating func save(_ states: [SignerState], sync: Bool) throws(StorageError) {
    guard !isPoisoned else { throw .poisoned(path: path, cause: "an earlier record could not be written") }
    do throws(StorageError) {
      for state in states { try file.write(state) }
      if sync { try file.sync() }
    } catch {
      poison()
      throw error
    }
  }

  mutating func poison() { isPoisoned = true }

  // MARK: What others decided

  /// Takes note of a verified commit certificate; nothing is signed at its height or below any more.
  public mutating func certified(height: UInt64) {
    certifiedHeight = max(certifiedHeight, height)
  }

  /// Takes note of a verified commit certificate that was made while this node was up and at the tip of the
  /// chain; one that comes with synchronisation is only `certified`.
  ///
  /// Ends a quarantine with the second height seen (the first may have begun before this node did) whose
  /// certificate is without this key's signature. Returns whether it did. A certificate that has the signature
  /// starts the wait anew: something else signs with the key.
  @discardableResult
  public mutating func witness(height: UInt64, hasOwnSignature: Bool) throws(StorageError) -> Bool {
    let ended = observe(height: height, hasOwnSignature: hasOwnSignature)
    if ended { try adopt() }
    return ended
  }

  /// `witness` without its last step: whether the quarantine is over.
  mutating func observe(height: UInt64, hasOwnSignature: Bool) -> Bool {
    certified(height: height)
    guard quarantine != nil else { return false }
    if let first = firstWitnessed, height > first, !hasOwnSignature { return true }
    firstWitnessed = hasOwnSignature ? height : firstWitnessed ?? height
    return false
  }

  /// Ends a quarantine on the word of the operator, who knows that nothing else signs with this key.
  public mutating func adopt() throws(StorageError) {
    try settle(acceptingSegment: state.acceptedSegment)
  }

  /// Writes the file anew, as its own original, and ends the quarantine.
  mutating func settle(acceptingSegment segment: UInt64) throws(StorageError) {
    var settled = state
    settled.sequence += 1
    settled.acceptedSegment = segment
    settled.isSettled = true
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

  /// Makes a higher ceiling durable.
  mutating func raiseCeiling(to height: UInt64) throws(StorageError) {
    state.sequence += 1
    state.ceiling = height
    try save([state], sync: true)
  }

  /// Merges a state that the log has; the newer of both counts.
  mutating func merge(_ other: SignerState) {
    if let record = other.last { signed[record.position] = record }
    guard other.sequence > state.sequence else { return }
    state = other
    if quarantine == .fresh, other.isSettled { quarantine = nil }
  }

  mutating func restrict(_ reason: SignerQuarantine) {
    if quarantine == nil || quarantine == .fresh { quarantine = reason }
  }

  /// For tests that make writing fail.
  var descriptor: Int32 { file.descriptor }
}
