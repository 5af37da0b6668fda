import Chain
import Cryptography
import Gossip
import Primitives

/// What is observed while a gossip network runs.
struct GossipMeasure {
  struct Track {
    let origin: Int
    let publishedAt: Instant
    let isCounted: Bool
    /// Honest peers that honest peers connect to the origin, at publication.
    let reachable: [Bool]
    /// Links from the origin to the first copy; 255 for none yet.
    var hops: [UInt8]
    /// When it was found authentic, in microseconds after publication; `.max` for not yet.
    var delays: [UInt32]
    /// Payloads that arrived at honest peers.
    var copies: UInt64 = 0
    var isRetired = false
  }

  struct Kinds: Codable, Sendable {
    var payload: UInt64 = 0
    var digests: UInt64 = 0
    var control: UInt64 = 0
    var reconciliation: UInt64 = 0
    var records: UInt64 = 0
    var probes: UInt64 = 0

    var total: UInt64 { payload + digests + control + reconciliation + records + probes }
  }

  private struct Check: Hashable {
    let peer: Int
    let object: Digest
    let signature: Signature
  }

  let capacity: Int
  private(set) var tracks: [Track] = []
  private var indexes: [Digest: Int] = [:]
  private(set) var bytes = Kinds()
  private(set) var messages: UInt64 = 0
  private(set) var faults: [String: Int] = [:]
  private(set) var honestFaults: [String: Int] = [:]
  private(set) var honestBans = 0
  private(set) var byzantineBans = 0
  var checks: UInt64 = 0
  /// Checks of a signature that the same peer has checked before, records included; counted under replays.
  private(set) var repeatedChecks: UInt64 = 0
  private var checkedBefore: Set<Check> = []
  private(set) var countedSince: Instant = .zero
  private(set) var countedUntil: Instant?
  private(set) var figuresBefore: [GossipMachineFigures] = []

  init(capacity: Int) {
    self.capacity = capacity
  }

  mutating func publish(
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

  mutating func checked(_ object: SignedObject, by peer: Int) {
    let check = Check(peer: peer, object: object.identifier, signature: object.signature)
    if !checkedBefore.insert(check).inserted { repeatedChecks += 1 }
  }

  mutating func retireAll() -> [Digest] {
    for index in tracks.indices { tracks[index].isRetired = true }
    return indexes.keys.sorted()
  }

  func isRetired(_ identifier: Digest) -> Bool {
    indexes[identifier].map { tracks[$0].isRetired } ?? false
  }

  mutating func sent(_ message: GossipMessage, isStream: Bool, byHonest: Bool) {
    guard byHonest, countedUntil == nil else { return }
    messages += 1
    let size = UInt64(GossipTraffic.bytes(of: message, isStream: isStream))
    switch message {
    case .packet(let packet):
      let small = UInt64(8 * (packet.digests.count + packet.wants.count))
      let tags = UInt64(8 * (packet.stops.count + packet.starts.count))
      // The frame's own bytes go to what it was sent for.
      if !packet.objects.isEmpty {
        bytes.payload += size - small - tags
        bytes.digests += small
        bytes.control += tags
      } else if tags == 0 {
        bytes.digests += size
      } else {
        bytes.control += size
      }
    case .objects: bytes.payload += size
    case .ranges: bytes.reconciliation += size
    case .records, .recordsRequest: bytes.records += size
    case .probe: bytes.probes += size
    }
  }

  mutating func beginCounting(at now: Instant, figures: [GossipMachineFigures]) {
    countedSince = now
    figuresBefore = figures
  }

  mutating func endOfTraffic(at now: Instant) { countedUntil = now }

  mutating func fault(_ fault: Fault, ofHonest: Bool) {
    if ofHonest {
      honestFaults["\(fault)", default: 0] += 1
    } else {
      faults["\(fault)", default: 0] += 1
    }
  }

  mutating func banned(isHonest: Bool) {
    if isHonest { honestBans += 1 } else { byzantineBans += 1 }
  }
}
