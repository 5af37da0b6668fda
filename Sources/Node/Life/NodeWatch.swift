import Logging
import Primitives

/// Finds what an operator must know of a running node: that the chain has not begun or stands still, that no
/// peer is connected, that blocks are being caught up on, and what happens to its validator. Each is told when it
/// begins and, if it can end, when it ends. Catching up is also told every ten seconds, and missed blocks at the
/// first one and at each quarter of the allowed number.
struct NodeWatch: Sendable {
  /// What is looked at, every few seconds.
  struct Reading: Sendable {
    /// Milliseconds of a monotonic clock.
    var now: UInt64
    var wall: Timestamp
    var genesisTime: Timestamp
    var height: UInt64
    /// The highest height that a peer says to have; 0 when none does.
    var claimedHeight: UInt64
    var peers: Int
    /// Whether the network has other nodes that this one should reach.
    var hasOthers: Bool
    /// The network's longest time between blocks, in milliseconds.
    var longestInterval: UInt64
    /// The validator of this node's key; nil when the chain has none.
    var validator: Validator?
  }

  struct Validator: Hashable, Sendable {
    var isJailed = false
    /// Until when it cannot leave jail.
    var jailedUntil = ""
    var isTombstoned = false
    var isInSet = true
    var missedBlocks: UInt64 = 0
    /// With more missed blocks than this in the signing window it is jailed.
    var allowedMisses: UInt64 = .max
  }

  struct Notice: Hashable, Sendable {
    var level: Logger.Level
    var text: String
  }

  /// Without a peer for so many milliseconds, a node is taken to be cut off.
  static let loneliness: UInt64 = 10_000
  /// The shortest time in milliseconds without a block that is called a standstill.
  static let shortestStandstill: UInt64 = 30_000
  /// The time in milliseconds between two lines on the progress of catching up.
  private static let progressInterval: UInt64 = 10_000

  /// What is wrong now, in words.
  private(set) var problems: [String] = []
  /// Milliseconds since the last block, or since the start.
  private(set) var sinceBlock: UInt64 = 0

  private var height: UInt64?
  private var blockAt: UInt64 = 0
  private var peerAt: UInt64?
  private var isLonely = false
  private var isStanding = false
  private var isWaitingForGenesis = false
  private var catchingUp: (from: UInt64, toldAt: UInt64, toldHeight: UInt64)?
  private var validator: Validator?
  /// The share of the allowed misses, in quarters, that was told.
  private var toldQuarters: UInt64 = 0

  mutating func update(_ reading: Reading) -> [Notice] {
    var notices: [Notice] = []
    problems = []
    if height != reading.height { (height, blockAt) = (reading.height, reading.now) }
    watchPeers(reading, &notices)
    watchProgress(reading, &notices)
    watchBlocks(reading, &notices)
    watchValidator(reading.validator, &notices)
    return notices
  }

  private mutating func watchPeers(_ reading: Reading, _ notices: inout [Notice]) {
    if reading.peers > 0 || peerAt == nil { peerAt = reading.now }
    let alone = reading.now - (peerAt ?? reading.now)
    guard reading.hasOthers, reading.peers == 0, alone >= Self.loneliness else {
      if isLonely, reading.peers > 0 {
        notices.append(Notice(level: .notice, text: "a peer is connected again"))
        isLonely = false
      }
      return
    }
    problems.append(
      "no peer is connected for \(alone / 1_000) s: check the network and the seeds in peers.toml"
    )
    guard !isLonely else { return }
    isLonely = true
    let text =
      "no peer is connected: this node does not see the network; check it and the seeds in peers.toml"
    notices.append(Notice(level: .warning, text: text))
  }

  private mutating func watchProgress(_ reading: Reading, _ notices: inout [Notice]) {
    guard reading.claimedHeight > reading.height + 1 else {
      if let began = catchingUp, reading.height > began.toldHeight || reading.height > began.from {
        let text = "caught up at height \(reading.height), from \(began.from)"
        notices.append(Notice(level: .notice, text: text))
      }
      catchingUp = nil
      return
    }
    guard let told = catchingUp else {
      // A node that is a little behind for a moment is no news.
      guard reading.claimedHeight > reading.height + 20 else { return }
      catchingUp = (reading.height, reading.now, reading.height)
      let text = "catching up: at height \(reading.height) of \(reading.claimedHeight)"
      return notices.append(Notice(level: .notice, text: text))
    }
    let passed = reading.now - told.toldAt
    guard passed >= Self.progressInterval else { return }
    let rate = (reading.height - min(told.toldHeight, reading.height)) * 1_000 / max(passed, 1)
    let text = "catching up: at height \(reading.height) of \(reading.claimedHeight), \(rate) blocks a second"
    notices.append(Notice(level: .notice, text: text))
    catchingUp = (told.from, reading.now, reading.height)
  }

  private mutating func watchBlocks(_ reading: Reading, _ notices: inout [Notice]) {
    sinceBlock = reading.now - min(blockAt, reading.now)
    guard reading.height > 0 || reading.wall >= reading.genesisTime else {
      blockAt = reading.now
      problems.append("the chain begins at \(reading.genesisTime.text)")
      guard !isWaitingForGenesis else { return }
      isWaitingForGenesis = true
      let seconds = reading.genesisTime.milliseconds(since: reading.wall) / 1_000
      let text =
        "the chain begins at \(reading.genesisTime.text), in \(seconds) s: this node waits until then"
      return notices.append(Notice(level: .notice, text: text))
    }
    if isWaitingForGenesis {
      isWaitingForGenesis = false
      notices.append(Notice(level: .notice, text: "the genesis time is over: the chain begins"))
    }
    let limit = max(Self.shortestStandstill, 5 * reading.longestInterval)
    guard sinceBlock >= limit else {
      if isStanding {
        isStanding = false
        notices.append(Notice(level: .notice, text: "the chain goes on, at height \(reading.height)"))
      }
      return
    }
    problems.append(
      "no block for \(sinceBlock / 1_000) s: the chain stands still at height \(reading.height)"
    )
    guard !isStanding else { return }
    isStanding = true
    let text =
      "no block for \(sinceBlock / 1_000) s: the chain stands still at height \(reading.height), or this node is cut off"
    notices.append(Notice(level: .warning, text: text))
  }

  private mutating func watchValidator(_ present: Validator?, _ notices: inout [Notice]) {
    defer { validator = present }
    guard let present else { return }
    if present.isTombstoned {
      problems.append("the validator is tombstoned: its key signed twice, and it can never sign again")
    } else if present.isJailed {
      problems.append(
        "the validator is jailed until \(present.jailedUntil); then: `supercloud validator unjail`"
      )
    }
    func told(_ level: Logger.Level, _ text: String) { notices.append(Notice(level: level, text: text)) }
    if present.isTombstoned, validator?.isTombstoned != true {
      told(
        .critical,
        "this node's validator is tombstoned: its key signed twice, and it can never sign again"
      )
    } else if present.isJailed, validator?.isJailed != true {
      told(
        .error,
        "this node's validator is jailed until \(present.jailedUntil); then: `supercloud validator unjail`"
      )
    }
    guard let before = validator else { return }
    if before.isJailed, !present.isJailed { told(.notice, "this node's validator is out of jail") }
    if before.isInSet != present.isInSet {
      let place = present.isInSet ? "has entered" : "has left"
      told(.notice, "this node's validator \(place) the set of those who vote")
    }
    watchMisses(present, &notices)
  }

  /// Tells the first missed block, and each further quarter of those that are allowed.
  private mutating func watchMisses(_ present: Validator, _ notices: inout [Notice]) {
    guard present.missedBlocks > 0, !present.isJailed else {
      toldQuarters = 0
      return
    }
    let quarters = 1 + present.missedBlocks / max(present.allowedMisses / 4, 1)
    guard quarters > toldQuarters else { return }
    toldQuarters = quarters
    let text =
      "this node's validator missed \(present.missedBlocks) blocks of the signing window; with more than \(present.allowedMisses) it is jailed"
    notices.append(Notice(level: quarters > 1 ? .warning : .notice, text: text))
  }
}
