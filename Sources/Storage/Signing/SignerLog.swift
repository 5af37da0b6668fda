public import Cryptography

/// The consensus log together with the signing guard, so that a vote costs one sync.
///
/// The guard's state is appended to the log like any record, and the log's sync makes both durable. Then,
/// before `sync` returns and the signature may be sent, the state is also written into the guard's own file,
/// without a sync. Therefore
///
/// - after the end of the *process* both have every signature that was ever sent;
/// - after the end of the *machine* the log has every signature; the file may lack some, which does no harm;
/// - when the *log* is lost, or has lost durable records, the guard notices that it knows signatures that the
///   log lacks, or that its *ceiling* is above 0: the ceiling is raised and synced every `ceilingStep` heights
///   before anything is signed above it. Tendermint's lock is lost with the log, so the guard is quarantined;
/// - when the *file* is lost, or the *home* is copied or restored, the guard is quarantined (`SignerGuard`).
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

  /// The guard's state in a record of the log; nil for a record of the caller.
  static func state(in payload: [UInt8]) -> SignerState? {
    payload.first == Kind.signer ? SignerState(Array(payload.dropFirst())) : nil
  }

  /// The record of the caller; nil for a state of the guard.
  static func record(in payload: [UInt8]) -> [UInt8]? {
    payload.first == Kind.caller ? Array(payload.dropFirst()) : nil
  }

  /// Opens the guard of `key`, and opens or makes its log. For the parameters see `SignerGuard` and
  /// `RecordLog`.
  ///
  /// Throws `.corrupt` when acknowledged records in the log have changed or are missing: the node may follow
  /// the chain, but must not sign.
  public init(
    logFolder: String,
    guardPath: String,
    key: PublicKey,
    certifiedHeight: UInt64
  ) throws(StorageError) {
    var log = try RecordLog(folder: logFolder, startingAt: max(certifiedHeight &+ 1, 1))
    var signer = try SignerGuard(path: guardPath, key: key, certifiedHeight: certifiedHeight)
    var states: [SignerState] = []
    let own = signer.instance
    try log.replay { (payload) throws(StorageError) in
      if let state = Self.state(in: payload), state.instance == own { states.append(state) }
    }
    let known = signer.state
    signer.merge(states)
    if let reason = Self.reason(known, logged: states, moved: log.recovery.movedSegment) {
      signer.startQuarantine(reason)
    }
    // A log that contains a state is taken to contain all signatures, so a quarantined guard writes none.
    let mustLink = states.isEmpty && signer.quarantine == nil
    if mustLink { try Self.link(signer.state, in: &log) }
    isLinked = !states.isEmpty || mustLink
    linkedSegment = mustLink ? log.segment : nil
    self.log = log
    self.signer = signer
  }

  /// Why a guard with the state `known` in its file must not sign when its log has these states; nil when it
  /// may. `moved` is the highest segment that is in another file than its header says.
  static func reason(_ known: SignerState, logged: [SignerState], moved: UInt64?) -> SignerQuarantine? {
    let own = logged.filter { $0.instance == known.instance }
    let accepted = max(known.acceptedSegment, own.map(\.acceptedSegment).max() ?? 0)
    if let moved, moved > accepted { return .copied }
    if let position = own.compactMap(\.foreign).max() { return .usedElsewhere(position) }
    // The ceiling is raised before the first signature above it is logged, so in a log that has states of this
    // guard it proves nothing.
    guard !own.isEmpty else { return known.ceiling > 0 || known.last != nil ? .logLost : nil }
    guard let signed = known.last?.position else { return nil }
    return own.compactMap { $0.last?.position }.max().map { $0 < signed } ?? true ? .logLost : nil
  }

  /// Writes the guard's state durably into the current segment.
  static func link(_ state: SignerState, in log: inout RecordLog) throws(StorageError) {
    try log.append([Kind.signer] + state.bytes)
    try log.sync()
  }

  private mutating func link() throws(StorageError) {
    try Self.link(signer.state, in: &log)
    isLinked = true
    linkedSegment = log.segment
  }

  // MARK: The guard

  public var lastSigned: SignedRecord? { signer.lastSigned }
  public var floor: SignerFloor? { signer.floor }
  public var isRestored: Bool { signer.isRestored }
  public var quarantine: SignerQuarantine? { signer.quarantine }
  public var certifiedHeight: UInt64 { signer.certifiedHeight }

  /// See `SignerGuard.admit`.
  public func admit(_ position: SignerPosition, signBytes: [UInt8], vote: SignerBlockVote? = nil)
    -> SignerAdmission
  {
    let answer = signer.admit(position, signBytes: signBytes, vote: vote)
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

  /// Makes the ceiling durable before a signature at `height`.
  private mutating func prepare(_ height: UInt64) throws(StorageError) {
    guard height > signer.state.ceiling else { return }
    // The guard's file must not know a signature before the log has it.
    if !pending.isEmpty { try sync() }
    let (sum, overflow) = height.addingReportingOverflow(Self.ceilingStep)
    let ceiling = overflow ? .max : sum
    do throws(StorageError) { try signer.raiseCeiling(to: ceiling) } catch { throw fail(error) }
  }

  /// See `SignerGuard.recordCertificate`.
  public mutating func recordCertificate(height: UInt64) { signer.recordCertificate(height: height) }

  /// See `SignerGuard.isForeign`.
  public func isForeign(_ position: SignerPosition, signBytes: [UInt8]) -> Bool {
    signer.isForeign(position, signBytes: signBytes)
  }

  /// Ends signing for good, because somebody else signed at `position`. Durable when it returns; in memory the
  /// guard refuses from the call on, whatever fails.
  public mutating func stop(foreign position: SignerPosition) throws(StorageError) {
    let state = signer.stopInMemory(position)
    try saveAtOnce(state)
  }

  /// Raises the floor to `position`, which the key signed before the whole network was restored. Durable when
  /// it returns. Only for a guard that `isRestored`.
  public mutating func raiseFloor(to position: SignerPosition) throws(StorageError) {
    let state = signer.raiseFloorInMemory(to: position)
    try saveAtOnce(state)
  }

  /// To be called for each block that this node's consensus decided, with the position and the signatures of
  /// its certificate. If the guard gave one of them after the network was restored, `isRestored` ends with the
  /// next `sync`.
  public mutating func endRestoration(_ position: SignerPosition, signatures: [Signature])
    throws(StorageError)
  {
    guard let state = signer.endRestorationInMemory(position, signatures: signatures) else { return }
    try append(Kind.signer, state.bytes)
    pending.append(state)
  }

  /// Makes the state durable in log and file.
  private mutating func saveAtOnce(_ state: SignerState) throws(StorageError) {
    try append(Kind.signer, state.bytes)
    pending.append(state)
    try sync()
    do throws(StorageError) { try signer.save([], sync: true) } catch { throw fail(error) }
  }

  /// To be called when the node ends. Writes the guard's file anew, so that a copy of it that was made while
  /// the node ran is recognised when it is written back.
  public mutating func close() throws(StorageError) {
    try sync()
    guard signer.quarantine == nil else { return }
    do throws(StorageError) { try signer.replaceFile() } catch { throw fail(error) }
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

  @discardableResult
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
      if let record = Self.record(in: payload) { try body(record) }
    }
  }
}
