public import Chain
public import Cryptography
import Gossip
public import Primitives

/// A state machine by which a node joins a chain with a snapshot. It asks peers which snapshots they have,
/// chooses one, verifies the headers of its height and the next from the trust anchor, and fetches the chunks
/// of the state from many peers at once.
///
/// It trusts no peer: the manifest is checked against the state root in the verified header, and each chunk
/// against the manifest. A peer that sends something wrong is reported and not asked again. A peer that does
/// not answer in time is not asked for a while. Memory is bounded: at most `Settings.maximumRequests` answers
/// are pending, and none is longer than its frame.
public struct SnapshotJoin: Sendable {
  /// Limits of requests and of waiting.
  public struct Settings: Hashable, Sendable {
    /// The smallest number of heights by which a snapshot must be ahead of this node. With less, block sync
    /// is used.
    public var minimumGain: Height = 1_000
    /// The number of requests that can be pending at once.
    public var maximumRequests = 8
    /// The number of requests that can be pending at one peer.
    public var maximumRequestsPerPeer = 2
    /// How long to wait for one answer.
    public var requestTimeout = Interval.seconds(10)
    /// How long to wait for the offers of connected peers.
    public var offerTimeout = Interval.seconds(2)
    /// How long to go on without any progress.
    public var noProgressTimeout = Interval.seconds(30)

    public init() {}
  }

  /// Everything that the machine reacts to.
  public enum Input: Sendable {
    case connected(PeerID)
    case disconnected(PeerID)
    case message(SnapshotMessage, from: PeerID)
    /// Time has passed. The caller gives this at regular intervals.
    case tick
  }

  /// What the machine asks its caller to do.
  public enum Effect: Sendable {
    case send(SnapshotMessage, to: PeerID)
    /// Store the plan and the pages of its manifest, and delete what was staged before.
    case begin(SnapshotPlan)
    /// Write the contents of a verified chunk to the new store.
    case stage(NibblePath, SnapshotAssembly.Part)
    /// Delete the plan and what was staged.
    case discard
    /// The peer has sent something that is proven wrong.
    case reportPeer(PeerID, InvalidPart)
    /// Joining is over. No more effects follow.
    case finished(Outcome)
  }

  /// The wrong thing that a peer sent.
  public enum InvalidPart: Hashable, Sendable, CustomStringConvertible {
    case header(Height)
    case manifest(Height)
    case chunk(NibblePath)

    public var description: String {
      switch self {
      case .header(let height): "the header of height \(height)"
      case .manifest(let height): "the manifest of the snapshot of height \(height)"
      case .chunk(let path): "the chunk at \(path)"
      }
    }
  }

  /// How joining ended.
  public enum Outcome: Sendable {
    /// The whole state is staged.
    case restored(SnapshotPlan)
    /// No peer offers a snapshot that is far enough ahead.
    case nothing
    /// The trust anchor is too old to verify headers from it.
    case untrusted(LightError)
    /// Peers have another header at the height of the trust anchor, and none has the trusted one.
    case anchorUnknown
  }

  /// The time at which an input is handled, and the buffer for its effects.
  public typealias Turn = Primitives.Turn<Effect>

  enum Request: Hashable, Sendable {
    case offers
    case header(Height)
    case part(SnapshotPart)
  }

  struct PendingRequest: Sendable {
    var request: Request
    var peer: PeerID
    var since: Instant
  }

  struct Peer: Sendable {
    /// The snapshots that the peer has; nil before it has answered.
    var offers: [SnapshotOffer]?
    /// The heights of snapshots of which the peer lacks a part.
    var missingHeights: Set<Height> = []
    /// The peer is not asked before this instant.
    var backoffUntil = Instant.zero
    var failures: UInt64 = 0
  }

  enum Phase: Sendable {
    case gathering(since: Instant?)
    case proving(Height, HeaderProof<PeerID>)
    case manifest(below: LightBlock, above: LightBlock)
    case chunks(SnapshotPlan, SnapshotAssembly)
    case finished
  }

  let chain: ChainID
  let anchor: TrustAnchor
  let ownHeight: Height
  let trust: LightClient.Settings
  let settings: Settings
  var phase: Phase
  var peers: [PeerID: Peer] = [:]
  var bannedPeers: Set<PeerID> = []
  var pendingRequests: [PendingRequest] = []
  /// The chunks that are still to be requested; the next one is last.
  var queue: [NibblePath] = []
  /// Whether a peer sent another block than the trusted one for the anchor's height, and no peer has sent the
  /// trusted one since.
  var hasAnchorMismatch = false
  /// The heights of snapshots that could not be completed.
  var abandoned: Set<Height> = []
  var lastProgress: Instant?

  /// `ownHeight` is the height of this node's own state, and `trust` the settings of the light client.
  /// `resuming` is a plan that was stored before a restart, with the chunks that are staged.
  public init(
    chain: ChainID,
    anchor: TrustAnchor,
    ownHeight: Height,
    trust: LightClient.Settings,
    settings: Settings = Settings(),
    resuming: (plan: SnapshotPlan, staged: [NibblePath])? = nil
  ) {
    self.chain = chain
    self.anchor = anchor
    self.ownHeight = ownHeight
    self.trust = trust
    self.settings = settings
    phase = .gathering(since: nil)
    if let (plan, staged) = resuming {
      let assembly = SnapshotAssembly(plan.manifest, staged: staged)
      queue = assembly.missing.sorted(by: >)
      phase = .chunks(plan, assembly)
    }
  }

  /// The number of chunks that have arrived, the number of all chunks, and the height of the snapshot. Nil
  /// before the manifest has arrived.
  public var progress: (done: Int, total: Int, height: Height)? {
    guard case .chunks(let plan, let assembly) = phase else { return nil }
    return (assembly.count - assembly.missing.count, assembly.count, plan.tip.height)
  }

  /// Handles one input and appends its effects in the order in which the caller must perform them.
  public mutating func step(_ input: Input, _ turn: inout Turn) {
    if case .finished = phase { return }
    if lastProgress == nil { lastProgress = turn.now }
    switch input {
    case .connected(let peer): if !bannedPeers.contains(peer) { peers[peer] = Peer() }
    case .disconnected(let peer): remove(peer)
    case .message(let message, let peer): receive(message, from: peer, &turn)
    case .tick: expire(at: turn.now)
    }
    advance(&turn)
    sendRequests(&turn)
  }

  mutating func remove(_ peer: PeerID) {
    peers[peer] = nil
    let lost = pendingRequests.filter { $0.peer == peer }
    pendingRequests.removeAll { $0.peer == peer }
    for pending in lost { requeue(pending.request) }
  }

  /// Requests the chunk of a request that was not answered again, unless it has arrived. Other requests are
  /// repeated by `sendRequests`.
  mutating func requeue(_ request: Request) {
    guard case .part(.chunk(let path)) = request, case .chunks(_, let assembly) = phase,
      assembly.missing.contains(path)
    else { return }
    queue.append(path)
  }

  mutating func banPeer(_ peer: PeerID, _ part: InvalidPart, _ turn: inout Turn) {
    bannedPeers.insert(peer)
    remove(peer)
    turn.effects.append(.reportPeer(peer, part))
  }

  private mutating func expire(at now: Instant) {
    let late = pendingRequests.filter { $0.since + settings.requestTimeout <= now }
    guard !late.isEmpty else { return }
    pendingRequests.removeAll { $0.since + settings.requestTimeout <= now }
    for pending in late {
      backOff(from: pending.peer, at: now)
      requeue(pending.request)
    }
  }

  /// Does not ask the peer for a while, which doubles with every failure in a row, up to 32 times
  /// `requestTimeout`.
  mutating func backOff(from peer: PeerID, at now: Instant) {
    let failures = peers[peer]?.failures ?? 0
    peers[peer]?.failures += 1
    peers[peer]?.backoffUntil =
      now + Interval(nanoseconds: settings.requestTimeout.nanoseconds << min(failures, 5))
  }
}
