import Cryptography

/// The consensus log together with the signing guard, so that a vote costs one sync.
///
/// The guard's state is appended to the log like any record, and the log's sync makes both durable. Then,
/// before `sync` returns and the signature may be sent, the state is also written into the guard's own file,
/// without a sync. Therefore
///
/// - after the end of the *process* both have every signature that was ever sent;
/// - after the end of the *machine* the log has every signature; the file may lack some, which does no harm;
/// - when the *log* is lost, or has lost durable records, the guard notices that it knows signatures that the
///   log lacks. Its file may lack some too, but it has a durable *ceiling*, which is raised and synced every
///   `ceilingStep` heights before anything is signed above it. The guard refuses to sign up to the ceiling;
///   above it nothing was signed. Tendermint's lock, lost with the log, does not matter above it either,
///   since a lock does not outlive its height;
/// - when the *file* is lost, the log has the state, but the new guard has a new instance and is quarantined;
/// - when the *home* is copied or restored, the file and the segments have other identities than their
///   headers say.
///
/// Every segment starts with the newest state, so deleting older segments loses nothing.
public struct SignerLog: ~Copyable, Sendable {
  /// The number of heights from the height to be signed to a new ceiling.
  public static let ceilingStep: UInt64 = 32

  private var log: RecordLog
  private var signer: SignerGuard
  /// States that are in the log's buffer but not yet in the guard's file.
  private var pending: [SignerState] = []
  /// Whether the log contains a state of this guard.
  private var isLinked: Bool
  /// The segment that is known to contain the newest state.
  private var linkedSegment: UInt64?

  private enum Kind {
    static let caller: UInt8 = 0
    static let signer: UInt8 = 1
  }

  /// Opens or makes log and guard. For the parameters see `SignerGuard` and `RecordLog`.
  ///
  /// Throws `.corrupt` when acknowledged records in the log have changed or are missing: the node may follow
  /// the chain, but must not sign.
  public init(
    logFolder: String,
    guardPath: String,
    instance: [UInt8]?,
    initialHeight: UInt64,
    certifiedHeight: UInt64
  ) throws(StorageError) {
    var log = try RecordLog(folder: logFolder, startingAt: max(certifiedHeight &+ 1, 1))
    var signer = try SignerGuard(
      path: guardPath,
      instance: instance,
      initialHeight: initialHeight,
      certifiedHeight: certifiedHeight
    )
    var states: [SignerState] = []
    try log.replay { (payload) throws(StorageError) in
      if payload.first == Kind.signer, let state = SignerState(Array(payload.dropFirst())) {
        states.append(state)
      }
    }
    let own = signer.instance
    let known = signer.state
    states.removeAll { $0.instance != own }
    let isLinked = !states.isEmpty
    for state in states { signer.merge(state) }
    if let moved = log.recovery.movedSegment, moved > signer.state.acceptedSegment {
      signer.startQuarantine(.copied)
    }
    let logged = states.compactMap { $0.last?.position }.max()
    if Self.isLost(logged: logged, known: known, isLinked: isLinked) {
      signer.startQuarantine(.logLost(through: known.ceiling))
    }
    // The state of a quarantined guard is written to the log when the quarantine ends, because a log that
    // contains a state is taken to contain all signatures.
    let mustLink = !isLinked && (signer.quarantine == nil || signer.quarantine == .fresh)
    if mustLink { try Self.link(signer.state, in: &log) }
    self.isLinked = isLinked || mustLink
    linkedSegment = mustLink ? log.segment : nil
    self.log = log
    self.signer = signer
  }

  /// Whether the guard's file proves that the log lost signatures. If the log has no state of this guard, a
  /// ceiling above 0 proves it too; otherwise it does not, because the ceiling is raised before the first
  /// signature above it is logged.
  private static func isLost(logged: SignerPosition?, known: SignerState, isLinked: Bool) -> Bool {
    guard isLinked else { return known.ceiling > 0 || known.last != nil }
    guard let signed = known.last?.position else { return false }
    return logged.map { $0 < signed } ?? true
  }

  /// Writes the guard's state durably into the current segment.
  private static func link(_ state: SignerState, in log: inout RecordLog) throws(StorageError) {
    try log.append([Kind.signer] + state.bytes)
    try log.sync()
  }

  private mutating func link() throws(StorageError) {
    try Self.link(signer.state, in: &log)
    isLinked = true
    linkedSegment = log.segment
  }

  // MARK: The guard

  /// See `SignerGuard.instance`.
  public var instance: [UInt8] { signer.instance }
  public var lastSigned: SignedRecord? { signer.lastSigned }
  public var quarantine: SignerQuarantine? { signer.quarantine }
  public var certifiedHeight: UInt64 { signer.certifiedHeight }

  /// See `SignerGuard.admit`.
  public func admit(_ position: SignerPosition, signBytes: [UInt8]) -> SignerAdmission {
    let answer = signer.admit(position, signBytes: signBytes)
    return log.isPoisoned && answer == .sign ? .refuse(.unusable) : answer
  }

  /// Appends the record of a signature. The signature may be sent when `sync` has returned.
  @discardableResult
  public mutating func record(
    _ position: SignerPosition,
    signBytes: [UInt8],
    signature: Signature
  ) throws(StorageError) -> UInt64 {
    if log.isPoisoned { signer.poison() }
    if admit(position, signBytes: signBytes) == .sign { try prepare(position.height) }
    let state = try signer.recordInMemory(position, signBytes: signBytes, signature: signature)
    let number = try append(Kind.signer, state.bytes)
    pending.append(state)
    return number
  }

  /// Makes the ceiling, and the end of a quarantine by `.logLost`, durable before a signature at `height`.
  private mutating func prepare(_ height: UInt64) throws(StorageError) {
    if case .logLost = signer.quarantine { try endQuarantine() }
    guard height > signer.state.ceiling else { return }
    let (sum, overflow) = height.addingReportingOverflow(Self.ceilingStep)
    let ceiling = overflow ? .max : sum
    do throws(StorageError) { try signer.raiseCeiling(to: ceiling) } catch { throw fail(error) }
  }

  /// See `SignerGuard.recordCertificate`.
  public mutating func recordCertificate(height: UInt64) { signer.recordCertificate(height: height) }

  /// See `SignerGuard.recordDecidedHeight`.
  @discardableResult
  public mutating func recordDecidedHeight(height: UInt64, hasOwnSignature: Bool) throws(StorageError) -> Bool
  {
    let ended = signer.observe(height: height, hasOwnSignature: hasOwnSignature)
    if ended { try endQuarantine() }
    return ended
  }

  /// See `SignerGuard.confirmSoleSigner`.
  public mutating func confirmSoleSigner() throws(StorageError) { try endQuarantine() }

  private mutating func endQuarantine() throws(StorageError) {
    do throws(StorageError) {
      try signer.endQuarantine(acceptingSegment: log.segment)
      try link()
    } catch {
      throw fail(error)
    }
  }

  private mutating func fail(_ error: StorageError) -> StorageError {
    signer.poison()
    return log.poison(error)
  }

  // MARK: The log

  /// The number of the newest record, and of the newest durable one.
  public var appended: UInt64 { log.appended }
  public var synced: UInt64 { log.synced }
  public var segmentSize: Int { log.segmentSize }
  public var segmentCount: Int { log.segmentCount }
  public var recovery: RecordLog.Recovery { log.recovery }

  /// Appends a record of the caller; returns its number. It is not durable before `sync`.
  @discardableResult
  public mutating func append(_ payload: [UInt8]) throws(StorageError) -> UInt64 {
    try append(Kind.caller, payload)
  }

  private mutating func append(_ kind: UInt8, _ payload: [UInt8]) throws(StorageError) -> UInt64 {
    // The log would start a new segment by itself, but each segment must start with the guard's state.
    if log.segmentSize >= RecordLog.segmentLimit { try rotate(startingAt: log.startingHeight) }
    do throws(StorageError) {
      return try log.append([kind] + payload)
    } catch {
      // A record above the limit is the caller's mistake; the log is still usable.
      if case .tooLarge = error { throw error }
      throw fail(error)
    }
  }

  /// Makes all appended records and recorded signatures durable; returns the newest record's number.
  @discardableResult
  public mutating func sync() throws(StorageError) -> UInt64 {
    do throws(StorageError) {
      let number = try log.sync()
      // The file is written after the log, so it knows more than the log only if the log has lost something.
      if !pending.isEmpty {
        try signer.save(pending, sync: false)
        pending.removeAll(keepingCapacity: true)
      }
      return number
    } catch {
      throw fail(error)
    }
  }

  /// Starts a new segment at `height`; see `RecordLog.rotate`.
  public mutating func rotate(startingAt height: UInt64) throws(StorageError) {
    try sync()
    do throws(StorageError) {
      try log.rotate(startingAt: height)
      if isLinked { try link() }
    } catch {
      throw fail(error)
    }
  }

  /// Deletes the segments that contain only records from before `height`.
  public mutating func drop(before height: UInt64) throws(StorageError) {
    do throws(StorageError) {
      // After a crash the current segment may lack the state, which only older ones have.
      if isLinked, linkedSegment != log.segment { try link() }
      try log.drop(before: height)
    } catch {
      throw fail(error)
    }
  }

  /// Calls `body` for each of the caller's records found at opening, in order. Call it before any `append`.
  public func replay(_ body: (_ payload: [UInt8]) throws(StorageError) -> Void) throws(StorageError) {
    try log.replay { (payload) throws(StorageError) in
      if payload.first == Kind.caller { try body(Array(payload.dropFirst())) }
    }
  }
}
