public import Chain
public import Gossip
public import Primitives

/// A network of gossip cores, what is published in it, and what is done to it.
public struct GossipScenario: Sendable {
  /// What the Byzantine peers do; each has its pass criteria in `GossipVerdict`.
  public enum Attack: String, Codable, CaseIterable, Sendable {
    /// They manage their suppliers like others but give nothing any more once routes are learnt.
    case drop
    /// Many keys in few address groups fill a victim's inbound places and its book, then its honest sessions break.
    case eclipse
    /// Authentic objects beyond any allowance, forged ones and control entries, as fast as sessions take them.
    case flood
    /// Every object and node record is sent again and again, also long after it was retired.
    case replay
    /// Small requests that ask for large answers.
    case amplification
    /// They are the best of suppliers for all origins but one, whose objects they swallow.
    case censorship
  }

  /// The attackers behave: the network with which an amplification attack is compared.
  var isCalm = false
  public var seed: UInt64
  public var peers = 1_300
  /// Of the peers, those that keep direct links to each other.
  public var validators = 0
  /// Of a million peers: those whose keys the chain knows, as providers or validators.
  public var stakedPartsPerMillion: UInt64 = 250_000
  /// Sessions that each peer dials; the mean degree is twice that.
  public var outbound = 8
  /// Of datagrams. A stream loses nothing but is late by a retransmission of 200 ms.
  public var lossPartsPerMillion: UInt64 = 0
  /// Peers that leave while messages are counted, each replaced by a newcomer.
  public var churnPartsPerMillion: UInt64 = 0
  /// Peers that do what `attack` says.
  public var byzantinePartsPerMillion: UInt64 = 0
  public var attack: Attack = .drop
  /// Peers that nobody can reach: they only dial out.
  public var hiddenPartsPerMillion: UInt64 = 0
  /// Peers without UDP.
  public var streamOnlyPartsPerMillion: UInt64 = 0
  /// Peers whose objects are published.
  public var origins = 8
  /// Objects of each origin before any is counted.
  public var warmUp = 16
  /// Objects that are counted, of origins by lot.
  public var messages = 40
  public var interval = Interval.milliseconds(250)
  /// From the first dial to the first object.
  public var settling = Interval.seconds(20)
  /// From the last object to the end.
  public var tail = Interval.seconds(12)
  public var settings = GossipCore.Settings()

  public init(seed: UInt64 = 1) {
    self.seed = seed
  }
}

/// What the simulation drives: the real core, or another strategy beside which it is measured.
public protocol GossipMachine: Sendable {
  init(peer: PeerID, settings: GossipCore.Settings, seed: UInt64, at now: Instant)
  mutating func start(at now: Instant, effects: inout [GossipCore.Effect])
  mutating func step(_ input: GossipCore.Input, at now: Instant, effects: inout [GossipCore.Effect])
  /// Knows these records from an earlier run.
  mutating func learn(_ records: [SignedObject], at now: Instant)
  var figures: GossipMachineFigures { get }
  /// What it would keep on disk: its address book and the peers to be dialed first.
  var persisted: (book: [UInt8], anchors: [PeerID]) { get }
  mutating func restore(book: [UInt8], anchors: [PeerID], chain: ChainID, at now: Instant)
    throws(DecodingError)
}

/// What a machine says of itself.
public struct GossipMachineFigures: Sendable {
  public var reconciliationRounds: UInt64 = 0
  public var reconciledObjects: UInt64 = 0
  public var requests: UInt64 = 0
  public var duplicates: UInt64 = 0
  /// Bytes of its tables.
  public var footprint = 0
  public var routes = 0
  /// That telling a newcomer of all that it holds takes.
  public var wholeBytes = 0

  public init() {}
}

extension GossipCore: GossipMachine {
  public var persisted: (book: [UInt8], anchors: [PeerID]) { (encodedBook, peers.nextAnchors) }

  public var figures: GossipMachineFigures {
    var figures = GossipMachineFigures()
    figures.reconciliationRounds = reconciliation.rounds
    figures.reconciledObjects = reconciliation.requested
    figures.requests = dissemination.counters.wantsSent
    figures.duplicates = dissemination.counters.duplicates
    figures.footprint = footprint
    figures.routes = dissemination.routeCount
    figures.wholeBytes = dissemination.wholeBytes
    return figures
  }
}
