import Chain
public import Cryptography

/// What the operator states about the signatures that a key gave before its guard is adopted.
public enum SignerStatement: Hashable, Sendable {
  /// Nothing was signed after this round of this height.
  case lastSigned(height: UInt64, round: UInt32)
  /// Nobody knows what was signed last, but nothing of it is left: every node of the network was restored.
  case wholeNetworkRestored
}

/// What `SignerLog.adopt` did.
public struct SignerAdoption: Hashable, Sendable {
  /// Why the guard refused to sign; nil when it did not.
  public var reason: SignerQuarantine?
  /// Above what the guard signs from now on.
  public var floor: SignerFloor
  /// The folder to which a damaged log was moved.
  public var setAside: String?
}

extension SignerLog {
  /// Why the guard would refuse to sign; nil when it would sign. Changes nothing.
  ///
  /// `accepts`: whether the log's owner can decode a record of the log. A log with one that it cannot decode is
  /// damaged, although its checksums are right.
  public static func inspect(
    logFolder: String,
    guardPath: String,
    key: PublicKey,
    accepts: (_ record: [UInt8]) -> Bool = { _ in true }
  ) throws(StorageError) -> SignerQuarantine? {
    let found = try Found(logFolder, guardPath, key, accepts)
    return found.quarantine
  }

  /// The latest signature that was made with the key, here or elsewhere, and the highest floor, as far as guard
  /// and log know. Also works while the guard refuses to sign. Changes nothing.
  public static func known(logFolder: String, guardPath: String, key: PublicKey) throws(StorageError)
    -> (signed: SignerPosition?, floor: SignerFloor?)
  {
    let found = try Found(logFolder, guardPath, key) { _ in true }
    let floor = found.states.compactMap(\.floor).max { $0.position < $1.position }
    return ([found.signed, found.foreign].compactMap(\.self).max(), floor)
  }

  /// Makes a guard that signs above what the operator states, in place of one that is copied, lost, damaged
  /// or stopped. Nothing else may have the log or the guard open.
  ///
  /// A readable log stays, because it has the lock of the height that was being decided; a damaged one is
  /// moved aside. Throws `.misuse` when the statement is refuted by a signature that the guard has seen.
  ///
  /// `tip`: the height of the last block in this home's store; 0 when it has none. It is the least floor of a
  /// network that was restored as a whole. For `accepts` see `inspect`.
  public static func adopt(
    logFolder: String,
    guardPath: String,
    key: PublicKey,
    tip: UInt64,
    accepts: (_ record: [UInt8]) -> Bool = { _ in true },
    _ statement: SignerStatement
  ) throws(StorageError) -> SignerAdoption {
    try Folder.create(Folder.parent(of: guardPath))
    let found = try Found(logFolder, guardPath, key, accepts)
    var state = SignerState(key: key)
    state.sequence = (found.states.map(\.sequence).max() ?? 0) + 1
    state.last = found.states.compactMap(\.last).max { $0.position < $1.position }
    state.ceiling = found.states.map(\.ceiling).max() ?? 0
    let floor = found.floor(statement, tip: tip)
    state.floor = floor
    state.isRestored = statement == .wholeNetworkRestored
    if let foreign = found.foreign, floor.position < foreign {
      throw .misuse(
        path: guardPath,
        detail: "the key signed \(foreign) elsewhere, which is after the height and round that were named"
      )
    }
    let adoption = SignerAdoption(
      reason: found.quarantine,
      floor: floor,
      setAside: found.isLogDamaged ? try setAside(logFolder) : nil
    )
    var log = try RecordLog(folder: logFolder, startingAt: max(state.last?.position.height ?? 1, 1))
    state.acceptedSegment = log.segment
    _ = try SignerFile(replacing: guardPath, states: [state])
    try link(state, in: &log)
    return adoption
  }

  /// Moves the log's folder to a free name beside it; returns that name.
  private static func setAside(_ folder: String) throws(StorageError) -> String {
    var number = 1
    while Folder.exists("\(folder).damaged-\(number)") { number += 1 }
    let target = "\(folder).damaged-\(number)"
    try Folder.rename(folder, to: target)
    try Folder.sync(Folder.parent(of: folder))
    return target
  }

  /// What guard and log contain, whatever state they are in.
  private struct Found {
    /// All states of the key, from any guard.
    var states: [SignerState] = []
    var quarantine: SignerQuarantine?
    var isLogDamaged = false
    /// The position of the last signature that the log has; nil when it has none or is damaged.
    private var logged: SignerPosition?

    init(
      _ folder: String,
      _ path: String,
      _ key: PublicKey,
      _ accepts: (_ record: [UInt8]) -> Bool
    ) throws(StorageError) {
      let contents = try SignerFile.contents(at: path)
      quarantine = contents.quarantine(of: key)
      let known = contents.newest(of: key)
      var inLog: [SignerState] = []
      var moved: UInt64?
      do throws(StorageError) {
        if Folder.exists(folder) {
          let log = try Self.read(folder, accepts)
          inLog = log.states
          moved = log.moved
          isLogDamaged = !log.isDecodable
        }
      } catch .corrupt {
        isLogDamaged = true
        inLog = []
      }
      if quarantine == nil, let known {
        quarantine = isLogDamaged ? .logDamaged : SignerLog.reason(known, logged: inLog, moved: moved)
      }
      states = (contents.states + inLog).filter { $0.key == key.bytes }
      guard !isLogDamaged else { return }
      logged = inLog.filter { $0.key == key.bytes }.compactMap { $0.last?.position }.max()
    }

    private static func read(_ folder: String, _ accepts: (_ record: [UInt8]) -> Bool)
      throws(StorageError) -> (states: [SignerState], moved: UInt64?, isDecodable: Bool)
    {
      var states: [SignerState] = []
      var isDecodable = true
      let scan = try LogScan(folder) { (payload) throws(StorageError) in
        if let state = SignerLog.state(in: payload) { states.append(state) }
        if let record = SignerLog.record(in: payload), !accepts(record) { isDecodable = false }
      }
      return (states, scan.movedSegment, isDecodable)
    }

    /// The latest signature that any guard of the key gave.
    var signed: SignerPosition? { states.compactMap { $0.last?.position }.max() }

    /// The latest signature of somebody else that any guard saw.
    var foreign: SignerPosition? { states.compactMap(\.foreign).max() }

    /// What the guard itself has signed lies below every floor.
    func floor(_ statement: SignerStatement, tip: UInt64) -> SignerFloor {
      switch statement {
      case .wholeNetworkRestored:
        // The block after the tip contains the key's precommit of the tip, which a home without guard and log
        // does not know. Without this floor the guard would take it for somebody else's.
        let decided = SignerPosition(height: tip, round: ChainLimits.round, step: .precommit)
        let seen = ([signed, foreign] + states.map { $0.floor?.position }).compactMap(\.self).max()
        // The lock counts as known even if the log is lost. If all homes lack it, none would vote for a new
        // block at this height, and the chain would stand for ever. The operator was told what it can cost.
        return SignerFloor(position: max(decided, seen ?? decided), isLockKnown: true)
      case .lastSigned(let height, let round):
        let stated = SignerPosition(height: height, round: round, step: .precommit)
        let position = max(stated, signed ?? stated)
        return SignerFloor(position: position, isLockKnown: logged.map { $0 >= position } ?? false)
      }
    }
  }
}
