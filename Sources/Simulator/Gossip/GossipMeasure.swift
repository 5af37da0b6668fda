import Chain
import Cryptography
import Gossip
import Primitives

/// Collects the measurements of a run of a gossip network. The network calls it for each event.
struct GossipMeasure {
  /// How one published object spread. The arrays have one element for each peer.
  struct Track {
    let origin: Int
    let publishedAt: Instant
    /// Whether the object is part of the report; the objects of the warm-up are not.
    let isCounted: Bool
    /// Whether a path of honest peers led from the origin to the peer when the object was published.
    let reachable: [Bool]
    /// The number of hops that the peer's first copy took from the origin; 255 when the peer has no copy yet.
    var hops: [UInt8]
    /// When the peer accepted the object, in microseconds after its publication; `.max` when it has not yet.
    var delays: [UInt32]
    /// How many copies of the object arrived at honest peers.
    var copies: UInt64 = 0
  }

  /// What bytes are sent for. The raw values are the names in reports.
  enum Purpose: String, CaseIterable {
    case payload = "payload"
    case digests = "digests"
    case control = "control"
    case reconciliation = "reconciliation"
    case records = "records"
    case probes = "probes"
  }

  /// One check of a signature by one peer.
  private struct Check: Hashable {
    let peer: Int
    let object: Digest
    let signature: Signature
  }

  /// The greatest number of peers that the network ever has.
  let capacity: Int
  private(set) var tracks: [Track] = []
  private var indexes: [Digest: Int] = [:]
  /// The bytes that honest peers sent while messages were counted.
  private(set) var bytes: [Purpose: UInt64] = [:]
  private(set) var messages: UInt64 = 0
  /// Faults that honest peers reported of Byzantine peers, by the fault's name.
  private(set) var faults: [String: Int] = [:]
  /// Faults that honest peers reported of honest peers, by the fault's name.
  private(set) var honestFaults: [String: Int] = [:]
  private(set) var honestBans = 0
  private(set) var byzantineBans = 0
  /// Signature checks of objects by honest peers while messages were counted; node records are not included.
  var checks: UInt64 = 0
  /// Repeated checks of a signature by an honest peer, node records included; counted in replay attacks only.
  private(set) var repeatedChecks: UInt64 = 0
  private var checkedBefore: Set<Check> = []
  private(set) var countedSince: Instant = .zero
  private(set) var countedUntil: Instant?
  /// Each peer's figures when the counting began.
  private(set) var figuresBefore: [GossipMachineFigures] = []

  init(capacity: Int) { self.capacity = capacity }

  /// Records that a peer published an object, and begins to track how it spreads.
  mutating func published(
    _ object: SignedObject,
    origin: Int,
    at now: Instant,
    isCounted: Bool,
    reachable: [Bool]
  ) {
    indexes[object.identifier] = tracks.count
    var track = Track(
      origin: origin,
      publishedAt: now,
      isCounted: isCounted,
      reachable: reachable,
      hops: Array(repeating: 255, count: capacity),
      delays: Array(repeating: .max, count: capacity)
    )
    track.hops[origin] = 0
    track.delays[origin] = 0
    tracks.append(track)
  }

  mutating func arrived(_ message: GossipMessage, from sender: Int, to receiver: Int, isHonest: Bool) {
    let objects: [SignedObject]
    switch message {
    case .packet(let packet): objects = packet.objects
    case .objects(let asked): objects = asked
    case .ranges, .records, .recordsRequest, .probe: return
    }
    for object in objects {
      guard let index = indexes[object.identifier] else { continue }
      if isHonest { tracks[index].copies += 1 }
      if tracks[index].hops[receiver] == 255 {
        tracks[index].hops[receiver] = min(254, tracks[index].hops[sender] &+ 1)
      }
    }
  }

  mutating func delivered(_ identifier: Digest, to peer: Int, at now: Instant) {
    guard let index = indexes[identifier], tracks[index].delays[peer] == .max else { return }
    let delay = now.since(tracks[index].publishedAt).nanoseconds / 1_000
    tracks[index].delays[peer] = UInt32(clamping: delay)
  }

  /// Records that a peer checks an object's signature. Called in replay attacks.
  mutating func checked(_ object: SignedObject, by peer: Int) {
    let check = Check(peer: peer, object: object.identifier, signature: object.signature)
    if !checkedBefore.insert(check).inserted { repeatedChecks += 1 }
  }

  /// Records that a peer sends a message. Only messages of honest peers before `endOfTraffic` count.
  mutating func sent(_ message: GossipMessage, isStream: Bool, byHonest: Bool) {
    guard byHonest, countedUntil == nil else { return }
    messages += 1
    let size = UInt64(message.wireSize(isStream: isStream))
    switch message {
    case .packet(let packet):
      let small = UInt64(8 * (packet.digests.count + packet.wants.count))
      let tags = UInt64(8 * (packet.stops.count + packet.starts.count))
      // The bytes of a packet with objects are split: digests and wants, stops and starts, and the rest as
      // payload. A packet without objects counts whole: as control if it has stops or starts, else as digests.
      if !packet.objects.isEmpty {
        bytes[.payload, default: 0] += size - small - tags
        bytes[.digests, default: 0] += small
        bytes[.control, default: 0] += tags
      } else {
        bytes[tags == 0 ? .digests : .control, default: 0] += size
      }
    case .objects: bytes[.payload, default: 0] += size
    case .ranges: bytes[.reconciliation, default: 0] += size
    case .records, .recordsRequest: bytes[.records, default: 0] += size
    case .probe: bytes[.probes, default: 0] += size
    }
  }

  /// Begins the counted part of the run; `figures` has an element for each peer.
  mutating func beginCounting(at now: Instant, figures: [GossipMachineFigures]) {
    countedSince = now
    figuresBefore = figures
  }

  /// Ends the counting of messages. Called when the last object has been published.
  mutating func endOfTraffic(at now: Instant) { countedUntil = now }

  /// Records that an honest peer reports a fault of another peer.
  mutating func fault(_ fault: Fault, ofHonest: Bool) {
    if ofHonest {
      honestFaults[fault.rawValue, default: 0] += 1
    } else {
      faults[fault.rawValue, default: 0] += 1
    }
  }

  /// Records that an honest peer bans another peer. `isHonest`: whether the banned peer is honest.
  mutating func banned(isHonest: Bool) {
    if isHonest { honestBans += 1 } else { byzantineBans += 1 }
  }
}
