public import Chain
public import Cryptography
public import Gossip
public import Primitives

/// All settings of a simulated gossip network: equal scenarios give equal reports. Rates per million are
/// shares of the peers unless stated otherwise.
public struct GossipScenario: Sendable {
  /// What the Byzantine peers do. `GossipNetwork.verdict` has the conditions that a run must then meet.
  public enum Attack: String, Codable, CaseIterable, Sendable {
    /// The attackers choose suppliers like honest peers, but send no more objects once routes are learnt.
    case drop = "drop"
    /// Keys in few address groups fill a victim's inbound places and address book; then the victim restarts.
    case eclipse = "eclipse"
    /// They send each neighbour 1,000 made-up objects a second, some badly signed, and many control entries.
    case flood = "flood"
    /// The attackers send old objects and node records again and again, even after these were retired.
    case replay = "replay"
    /// The attackers send small requests that ask for large answers.
    case amplification = "amplification"
    /// The attackers are good suppliers for all origins but the first, whose objects they do not pass on.
    case censorship = "censorship"
  }

  /// Whether the Byzantine peers behave honestly: such a run is the comparison for an amplification attack.
  var isBaseline = false
  /// The seed of all random numbers of the run.
  public var seed: UInt64
  /// The number of peers at the beginning.
  public var peers = 1_300
  /// How many of the peers are validators, which keep direct sessions to each other.
  public var validators = 0
  /// Share of peers whose keys the chain knows, as providers or validators.
  public var knownPartsPerMillion: UInt64 = 250_000
  /// How many sessions each peer dials. A peer has twice as many on average.
  public var outbound = 8
  /// Share of lost messages. A lost datagram does not arrive; a lost stream message arrives 200 ms late.
  public var lossPartsPerMillion: UInt64 = 0
  /// Share of peers that leave while messages are counted; each is replaced by a new peer.
  public var churnPartsPerMillion: UInt64 = 0
  /// Share of Byzantine peers, which do what `attack` says.
  public var byzantinePartsPerMillion: UInt64 = 0
  public var attack: Attack = .drop
  /// Share of peers that cannot be dialed, as behind a NAT; they only dial.
  public var hiddenPartsPerMillion: UInt64 = 0
  /// Share of peers without UDP, which send everything over streams.
  public var streamOnlyPartsPerMillion: UInt64 = 0
  /// The number of peers that publish objects.
  public var origins = 8
  /// How many objects each origin publishes before the counted part of the run.
  public var warmUpObjectsPerOrigin = 16
  /// How many objects are published and counted. A random origin publishes each of them.
  public var messages = 40
  /// The time between two publications.
  public var interval = Interval.milliseconds(250)
  /// The time from the start to the first publication.
  public var settlingTime = Interval.seconds(20)
  /// The time from the last publication to the end of the run.
  public var tailTime = Interval.seconds(12)
  /// The settings of every gossip core, except for the numbers of sessions, which the scenario sets.
  public var settings = GossipCore.Settings()

  public init(seed: UInt64 = 1) {
    self.seed = seed
  }
}

/// The protocol of one peer: the node's own `GossipCore`, or another dissemination strategy to compare it
/// with. A machine does no I/O: it gets inputs and appends effects, which the simulation performs.
public protocol GossipMachine: Sendable {
  init(peer: PeerID, settings: GossipCore.Settings, seed: UInt64, at now: Instant)
  /// Called once, before the first `step`.
  mutating func start(_ turn: inout GossipCore.Turn)
  /// Handles one input.
  mutating func step(_ input: GossipCore.Input, _ turn: inout GossipCore.Turn)
  /// Adds node records that the peer knows from an earlier run; called before `start`.
  mutating func learn(_ records: [SignedObject], at now: Instant)
  /// The machine's own measurements until now.
  var figures: GossipMachineFigures { get }
  /// The data that the peer keeps on disk: its encoded address book, and the peers to dial first after a
  /// restart.
  var persisted: (book: [UInt8], anchors: [PeerID]) { get }
  /// Loads the data of `persisted` into a new machine. Throws when the book cannot be decoded.
  mutating func restore(book: [UInt8], anchors: [PeerID], chain: ChainID, at now: Instant)
    throws(DecodingError)
}

/// Measurements that a machine makes of itself.
public struct GossipMachineFigures: Sendable {
  /// The number of reconciliations with neighbours.
  public var reconciliationRounds: UInt64 = 0
  /// The number of objects that the machine requested because of a reconciliation.
  public var reconciledObjects: UInt64 = 0
  /// The number of announced objects that the machine requested.
  public var requests: UInt64 = 0
  /// The memory of the machine's tables, in bytes.
  public var footprint = 0
  /// The number of bytes needed to send a newcomer all live objects.
  public var fullSyncBytes = 0

  public init() {}
}

extension GossipCore: GossipMachine {
  public var persisted: (book: [UInt8], anchors: [PeerID]) { (encodedBook, peers.nextAnchors) }

  public var figures: GossipMachineFigures {
    var figures = GossipMachineFigures()
    figures.reconciliationRounds = reconciliation.rounds
    figures.reconciledObjects = reconciliation.requested
    figures.requests = dissemination.counters.wantsSent
    figures.footprint = footprint
    figures.fullSyncBytes = dissemination.fullSyncBytes
    return figures
  }
}
