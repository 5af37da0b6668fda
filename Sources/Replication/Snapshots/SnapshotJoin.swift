public import Chain
public import Cryptography
public import Gossip
public import Primitives

/// How a node joins a chain by a snapshot: asks whoever it meets what there is, verifies the headers above the newest
/// state from its anchor of trust, and fetches the state's chunks from many peers at once.
///
/// Nothing is believed: a manifest is checked against the verified state root, each chunk against the manifest. A peer
/// that sent something wrong is told of and not asked again; one that is slow is passed over for a while. Bounded: at
/// most `Settings.requestsAtOnce` answers are under way, each no larger than its frame.
public struct SnapshotJoin: Sendable {
  public struct Settings: Hashable, Sendable {
    /// A snapshot is worth its while when it is this far ahead of the own height.
    public var gain: Height = 1_000
    public var requestsAtOnce = 8
    public var requestsPerPeer = 2
    /// For one answer.
    public var patience = Interval.seconds(10)
    /// For offers of those who are connected.
    public var gathering = Interval.seconds(2)
    /// Without any progress.
    public var surrender = Interval.seconds(30)

    public init() {}
  }

  public enum Input: Sendable {
    case connected(PeerID)
    case disconnected(PeerID)
    case message(SnapshotMessage, from: PeerID)
    /// Time has passed.
    case tick
  }

  public enum Effect: Sendable {
    case send(SnapshotMessage, to: PeerID)
    /// Keep the plan and its topmost pages; what was staged before is void.
    case begin(SnapshotPlan)
    /// Put the chunk into the new store.
    case stage(NibblePath, SnapshotAssembly.Part)
    /// Drop the plan and what was staged.
    case discard
    /// The peer has certainly lied.
    case accuse(PeerID, Lie)
    case finished(Outcome)
  }

  /// What a peer said that is not so.
  public enum Lie: Hashable, Sendable {
    case header(Height)
    case manifest(Height)
    case chunk(NibblePath)
  }

  public enum Outcome: Sendable {
    /// Everything is staged.
    case restored(SnapshotPlan)
    /// There is nothing to join by, as far as the peers say.
    case nothing
    /// The anchor of trust cannot vouch for anything any more.
    case untrusted(LightError)
    /// Peers have another header at the trusted height, and none has the trusted one.
    case anchorUnknown
  }

  enum Request: Hashable, Sendable {
    case offers
    case header(Height)
    case part(SnapshotPart)
  }

  struct Flight: Sendable {
    var request: Request
    var peer: PeerID
    var since: Instant
  }

  struct Peer: Sendable {
    /// Nil before it has said.
    var offers: [SnapshotOffer]?
    /// Heights of which it lacks something.
    var lacks: Set<Height> = []
    var idleUntil = Instant.zero
    var failures: UInt64 = 0
  }

  enum Phase: Sendable {
    case gathering(since: Instant?)
    case proving(Height, HeaderProof<PeerID>)
    case manifest(below: LightBlock, above: LightBlock)
    case chunks(SnapshotPlan, SnapshotAssembly)
    case over
  }

  let chain: ChainID
  let anchor: TrustAnchor
  let own: Height
  let trust: LightClient.Settings
  let settings: Settings
  var phase: Phase
  var peers: [PeerID: Peer] = [:]
  var liars: Set<PeerID> = []
  var flights: [Flight] = []
  /// Chunks to be asked for, the next one last.
  var queue: [NibblePath] = []
  /// A peer's block at the anchor's height was not the trusted one.
  var isAnchorDenied = false
  /// Heights that were given up.
  var abandoned: Set<Height> = []
  var lastProgress: Instant?

  /// `own`: the height that this node has anyway.
  /// `resuming`: a plan that was begun before, with the chunks that are staged.
  public init(
    chain: ChainID,
    anchor: TrustAnchor,
    own: Height,
    trust: LightClient.Settings,
    settings: Settings = Settings(),
    resuming: (plan: SnapshotPlan, staged: [NibblePath])? = nil
  ) {
    self.chain = chain
    self.anchor = anchor
    self.own = own
    self.trust = trust
    self.settings = settings
    phase = .gathering(since: nil)
    if let (plan, staged) = resuming {
      let assembly = SnapshotAssembly(plan.manifest, staged: staged)
      queue = assembly.missing.sorted(by: >)
      phase = .chunks(plan, assembly)
    }
  }

  /// Chunks that are there and all that are needed; nil before the manifest is.
  public var progress: (done: Int, total: Int, height: Height)? {
    guard case .chunks(let plan, let assembly) = phase else { return nil }
    return (assembly.count - assembly.missing.count, assembly.count, plan.tip.height)
  }

  public mutating func step(_ input: Input, at now: Instant, wall: Timestamp, effects: inout [Effect]) {
    if case .over = phase { return }
    if lastProgress == nil { lastProgress = now }
    switch input {
    case .connected(let peer): if !liars.contains(peer) { peers[peer] = Peer() }
    case .disconnected(let peer): remove(peer)
    case .message(let message, let peer): receive(message, from: peer, at: now, wall, &effects)
    case .tick: expire(at: now)
    }
    advance(at: now, &effects)
    ask(at: now, &effects)
  }

  mutating func remove(_ peer: PeerID) {
    peers[peer] = nil
    let lost = flights.filter { $0.peer == peer }
    flights.removeAll { $0.peer == peer }
    for flight in lost { giveBack(flight.request) }
  }

  /// What was not answered is asked of somebody else.
  func needsAgain(_ request: Request) -> NibblePath? {
    guard case .part(.chunk(let path)) = request, case .chunks(_, let assembly) = phase,
      assembly.missing.contains(path)
    else { return nil }
    return path
  }

  mutating func giveBack(_ request: Request) {
    if let path = needsAgain(request) { queue.append(path) }
  }

  mutating func accuse(_ peer: PeerID, _ lie: Lie, _ effects: inout [Effect]) {
    liars.insert(peer)
    remove(peer)
    effects.append(.accuse(peer, lie))
  }

  private mutating func expire(at now: Instant) {
    let late = flights.filter { $0.since + settings.patience <= now }
    guard !late.isEmpty else { return }
    flights.removeAll { $0.since + settings.patience <= now }
    for flight in late {
      pass(over: flight.peer, at: now)
      giveBack(flight.request)
    }
  }

  /// For a while that doubles.
  mutating func pass(over peer: PeerID, at now: Instant) {
    let failures = peers[peer]?.failures ?? 0
    peers[peer]?.failures += 1
    peers[peer]?.idleUntil = now + Interval(nanoseconds: settings.patience.nanoseconds << min(failures, 5))
  }
}
