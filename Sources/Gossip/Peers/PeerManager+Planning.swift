import Chain
import Cryptography
import Primitives

extension PeerManager {
  /// Opens and requests what is missing: mesh sessions, outbound sessions, node records and feelers.
  mutating func plan(_ turn: inout Turn) {
    planMesh(&turn)
    planAnchors(&turn)
    planReplacement(&turn)
    planOutbound(&turn)
    planSeeds(&turn)
    planFeeler(&turn)
    planRecords(&turn)
  }

  func sessionCount(inbound: Bool) -> Int {
    sessions.values.count { $0.isInbound == inbound && $0.purpose != .mesh && $0.purpose != .feeler }
  }

  private func dialCount(_ purposes: Dial.Purpose...) -> Int {
    dialing.values.count { purposes.contains($0.purpose) }
  }

  private mutating func planMesh(_ turn: inout Turn) {
    for key in mesh where sessions[key] == nil {
      guard let address = book[key]?.address else { continue }
      // The validator with the smaller key dials. The other one waits three seconds after its start and then
      // dials too, since the first may be unable to reach it.
      let waits =
        key < peer && book[key]?.triedAt == nil && turn.now.nanoseconds < Interval.seconds(3).nanoseconds
      guard !waits else { continue }
      dial(Dial(address: address, expectedKey: key, purpose: .mesh), &turn)
    }
  }

  private mutating func planAnchors(_ turn: inout Turn) {
    for anchor in anchors where sessions[anchor] == nil {
      guard let address = book[anchor]?.address else { continue }
      dial(Dial(address: address, expectedKey: anchor, purpose: .outbound), &turn)
    }
    anchors = []
  }

  private mutating func planOutbound(_ turn: inout Turn) {
    var missing = settings.outbound - sessionCount(inbound: false) - dialCount(.outbound, .seed)
    guard missing > 0, dialing.count < settings.dialsAtOnce else { return }
    var candidates = eligible(at: turn.now)
    while missing > 0, dialing.count < settings.dialsAtOnce, !candidates.isEmpty {
      let outboundKnown = sessions.count { !$0.value.isInbound && vouchedKeys.contains($0.key) }
      let dialedKnown = dialing.values.count { $0.dial.expectedKey.map(vouchedKeys.contains) ?? false }
      // At least half of the sessions should be with keys that the chain vouches for, if there are enough of
      // them.
      let wantsKnown = outboundKnown + dialedKnown < settings.outbound / 2
      let preferred = wantsKnown ? candidates.indices.filter { vouchedKeys.contains(candidates[$0]) } : []
      let index =
        preferred.isEmpty
        ? generator.index(below: candidates.count) : preferred[generator.index(below: preferred.count)]
      let key = candidates.remove(at: index)
      guard let entry = book[key], let address = entry.address, isGroupFree(of: entry) else { continue }
      guard dial(Dial(address: address, expectedKey: key, purpose: .outbound), &turn) else { continue }
      missing -= 1
    }
  }

  /// The keys that could be dialed. If there are more than 512, those that the chain vouches for, and a
  /// random sample.
  private mutating func eligible(at now: Instant) -> [PeerID] {
    let keys = book.keys.filter { key in
      sessions[key] == nil && scores.ban(of: key, at: now) == nil
        && book[key]?.record.addresses.isEmpty == false
    }
    guard keys.count > 512 else { return keys }
    // The sample limits the time that planning takes.
    let first = keys.filter { vouchedKeys.contains($0) }
    return first + generator.sample(512 - min(first.count, 512), of: keys)
  }

  /// Whether there is no outbound session yet in the entry's address group (`AddressGroup`).
  func isGroupFree(of entry: AddressBook.Entry) -> Bool {
    guard settings.usesGroups else { return true }
    let group = book.group(of: entry)
    let isTaken = sessions.contains { key, session in
      !session.isInbound && book[key].map { book.group(of: $0) } == group
    }
    return !isTaken
  }

  private mutating func planSeeds(_ turn: inout Turn) {
    guard sessionCount(inbound: false) + dialCount(.outbound, .seed) < min(settings.outbound, 2) else {
      return
    }
    for seed in settings.seeds where seed.key != peer {
      if let key = seed.key, sessions[key] != nil { continue }
      let isConnected = sessions.values.contains {
        $0.connection.direction == .outbound(address: seed.address)
      }
      guard !isConnected else { continue }
      dial(Dial(address: seed.address, expectedKey: seed.key, purpose: .seed), &turn)
    }
  }

  private mutating func planFeeler(_ turn: inout Turn) {
    // Feelers take at most half of the dials, so that addresses that do not answer do not delay outbound sessions.
    guard feelerAt <= turn.now, hasRoomForFeeler else { return }
    firstFeelers = max(0, firstFeelers - 1)
    feelerAt = turn.now + (firstFeelers > 0 ? settings.firstFeelerInterval : settings.feelerInterval)
    // An incumbent with an open outbound session needs no test.
    for contest in book.contests where sessions[contest.incumbent]?.isInbound == false {
      book.succeeded(contest.incumbent, at: turn.now)
    }
    if let contest = book.contests.first(where: { sessions[$0.incumbent] == nil }),
      book[contest.incumbent]?.address != nil
    {
      return dialFeeler(to: contest.incumbent, &turn)
    }
    let untried = book.keys.filter { book[$0]?.isTried == false && sessions[$0] == nil }
    guard !untried.isEmpty else { return }
    dialFeeler(to: untried[generator.index(below: untried.count)], &turn)
  }

  private var hasRoomForFeeler: Bool { dialCount(.feeler) < max(1, settings.dialsAtOnce / 2) }

  private mutating func dialFeeler(to key: PeerID, _ turn: inout Turn) {
    guard let address = book[key]?.address else { return }
    dial(Dial(address: address, expectedKey: key, purpose: .feeler), &turn)
  }

  /// Dials `peer` for another node that gets no answer from it. The result is also recorded in this node's
  /// address book.
  mutating func testOnRequest(_ peer: PeerID, _ turn: inout Turn) {
    guard sessions[peer] == nil, peer != self.peer, hasRoomForFeeler else { return }
    dialFeeler(to: peer, &turn)
  }

  /// Requests records while the address book has fewer than `bookTarget` entries.
  ///
  /// All peers are asked while outbound sessions are missing and the book has too few entries to choose from.
  /// Otherwise one peer is asked every `recordInterval`.
  private mutating func planRecords(_ turn: inout Turn) {
    guard book.count < settings.bookTarget else { return }
    let hasChoice = book.count >= 8 * settings.outbound || sessionCount(inbound: false) >= settings.outbound
    if hasChoice, turn.now < nextRecordRequestAt { return }
    var candidates = sessions.keys.sorted().filter { peer in
      guard let session = sessions[peer], session.purpose != .feeler else { return false }
      guard let entry = recordRequests[peer], let last = entry.at else { return true }
      let wait = settings.recordInterval.nanoseconds << UInt64(entry.emptyAnswers)
      return turn.now.since(last).nanoseconds >= min(wait, settings.longestRecordInterval.nanoseconds)
    }
    guard !candidates.isEmpty else { return }
    if hasChoice {
      candidates = [candidates[generator.index(below: candidates.count)]]
      nextRecordRequestAt = turn.now + settings.recordInterval
    }
    for peer in candidates {
      expectRecords(from: peer, askedAt: turn.now, at: turn.now)
      turn.effects.append(.requestRecords(peer, count: GossipLimits.records))
    }
  }

  /// Dials unless a dial to the same peer is pending or must wait, the peer is banned, or too many dials are
  /// pending. Returns whether it dials.
  @discardableResult private mutating func dial(_ dial: Dial, _ turn: inout Turn) -> Bool {
    let key = DialKey(dial)
    guard dialing[key] == nil, dialing.count < settings.dialsAtOnce + mesh.count else { return false }
    if let backoff = backoffs[key], turn.now < backoff.until { return false }
    if let expected = dial.expectedKey, scores.ban(of: expected, at: turn.now) != nil { return false }
    dialing[key] = Attempt(dial: dial, at: turn.now)
    turn.effects.append(.dial(dial))
    return true
  }
}

/// Keeps some outbound sessions (`Settings.nearby`) for near peers: those that answered the dial of a feeler
/// fastest.
///
/// With random neighbours only, a node has one or two in its own region. The nodes of a region may then not
/// be connected with each other, and an object crosses an ocean several times before all of them have it.
/// With two near peers among eight, every region is connected, and objects spread in it over short links.
///
/// Being near costs an attacker nothing. Therefore these sessions are few, and they replace no other session
/// with a key that the chain vouches for.
extension PeerManager {
  /// Keeps the session of a feeler as a session with a near peer, which will replace a slower one. Returns
  /// false if none is slow enough.
  ///
  /// The new peer must have answered in less than half the time of the replaced one, so that sessions are not
  /// exchanged for differences of a millisecond.
  mutating func adoptAsNear(_ peer: PeerID, _ dialTime: Interval?) -> Bool {
    guard let dialTime, replacement == nil, sessionCount(inbound: false) >= settings.outbound,
      let entry = book[peer], isGroupFree(of: entry), let far = sessionToReplace()
    else { return false }
    guard dialTime + dialTime < far.time else { return false }
    replacement = (peer, far.peer)
    return true
  }

  /// The session that a near peer replaces: the slowest near one when there are `Settings.nearby` of them,
  /// otherwise the slowest of the other outbound sessions whose key the chain does not vouch for. Nil when
  /// there is none.
  private func sessionToReplace() -> (peer: PeerID, time: Interval)? {
    let isFull = sessions.values.count(where: \.isNear) >= settings.nearby
    guard settings.nearby > 0 else { return nil }
    let candidates = sessions.compactMap { peer, session -> (peer: PeerID, time: Interval)? in
      guard let time = session.dialTime, session.purpose == .outbound || session.purpose == .seed,
        isFull ? session.isNear : !session.isNear && !vouchedKeys.contains(peer)
      else { return nil }
      return (peer, time)
    }
    return candidates.max { ($0.time, $0.peer) < ($1.time, $1.peer) }
  }

  /// Ends the slower session when the near peer's session has lasted a second. Before, the near peer may
  /// still disconnect for lack of a free slot.
  mutating func planReplacement(_ turn: inout Turn) {
    guard let (near, far) = replacement else { return }
    guard let session = sessions[near] else {
      replacement = nil
      return
    }
    guard turn.now.since(session.since) >= .seconds(1) else { return }
    replacement = nil
    guard let old = sessions[far], !old.isInbound, old.purpose != .mesh,
      sessionCount(inbound: false) > settings.outbound
    else { return }
    sessions[far] = nil
    turn.effects.append(.disconnect(far, .nearer))
  }
}
