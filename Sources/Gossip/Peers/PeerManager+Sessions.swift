import Chain
import Cryptography
import Primitives

extension PeerManager {
  mutating func connected(_ peer: PeerID, _ connection: Connection, _ turn: inout Turn) {
    var (purpose, dialTime) = finishDial(to: peer, connection, at: turn.now)
    if let until = scores.ban(of: peer, at: turn.now) {
      turn.effects.append(
        .disconnect(peer, .banned(seconds: max(1, until.since(turn.now).milliseconds / 1_000)))
      )
      return
    }
    let isNear = purpose == .feeler && adoptAsNear(peer, dialTime)
    if isNear { purpose = .outbound }
    sessions[peer] = Session(
      connection: connection,
      purpose: purpose,
      since: turn.now,
      dialTime: dialTime,
      isNear: isNear
    )
    // A peer without a free slot sends node records unasked before it disconnects.
    if connection.direction != .inbound { expectRecords(from: peer, askedAt: nil, at: turn.now) }
    if connection.direction != .inbound {
      book.succeeded(peer, at: turn.now)
      if purpose == .feeler {
        turn.effects.append(.disconnect(peer, .tested))
        return
      }
    }
    if connection.direction == .inbound { makeRoom(&turn) }
  }

  /// Removes the pending dials to the peer. Returns the purpose of the session and the duration of the dial
  /// that opened it; nil for an inbound session.
  private mutating func finishDial(to peer: PeerID, _ connection: Connection, at now: Instant)
    -> (Dial.Purpose?, Interval?)
  {
    var attempt: Attempt?
    if case .outbound(let address) = connection.direction {
      attempt = dialing.removeValue(forKey: DialKey(Dial(address: address, expectedKey: nil, purpose: .seed)))
    }
    let keyed = dialing.removeValue(forKey: DialKey(Dial(address: "", expectedKey: peer, purpose: .outbound)))
    guard connection.direction != .inbound else { return (mesh.contains(peer) ? .mesh : nil, nil) }
    attempt = keyed ?? attempt
    return (mesh.contains(peer) ? .mesh : attempt?.purpose, attempt.map { now.since($0.at) })
  }

  /// Gives the purpose `.mesh` to sessions with current validators, and removes it from sessions with former
  /// ones.
  mutating func assignMesh() {
    let members = Set(mesh)
    for (peer, session) in sessions where session.purpose != .feeler {
      if members.contains(peer) {
        sessions[peer]?.purpose = .mesh
      } else if session.purpose == .mesh {
        sessions[peer]?.purpose = session.isInbound ? nil : .outbound
      }
    }
  }

  mutating func disconnected(_ peer: PeerID, at now: Instant) {
    guard let session = sessions.removeValue(forKey: peer) else { return }
    // A peer that disconnects within 10 s probably has no free slot. It is dialed again later.
    for dial in session.dials(to: peer) {
      if now.since(session.since) < .seconds(10) {
        backOff(dial, at: now)
      } else {
        backoffs.set(DialKey(dial), to: Backoff(failures: 0, until: now), at: now)
      }
    }
  }

  /// Ends a session that probing found dead.
  ///
  /// If other nodes can reach the peer, it may be dialed again at once. Otherwise an outbound session counts
  /// as a failed dial.
  mutating func endSilent(_ peer: PeerID, _ isReachable: Bool, _ turn: inout Turn) {
    guard let session = sessions.removeValue(forKey: peer) else { return }
    turn.effects.append(.disconnect(peer, .silent))
    guard !isReachable, !session.isInbound else { return }
    book.failed(peer, at: turn.now)
    for dial in session.dials(to: peer) { backOff(dial, at: turn.now) }
  }

  mutating func failed(_ dial: Dial, at now: Instant) {
    guard dialing.removeValue(forKey: DialKey(dial)) != nil else { return }
    if let expected = dial.expectedKey { book.failed(expected, at: now) }
    backOff(dial, at: now)
  }

  private mutating func backOff(_ dial: Dial, at now: Instant) {
    let key = DialKey(dial)
    let failures = (backoffs[key]?.failures ?? 0) + 1
    let first = dial.purpose == .mesh ? settings.firstMeshBackoff : settings.firstBackoff
    let longest = dial.purpose == .mesh ? settings.longestMeshBackoff : settings.longestBackoff
    let wait = min(first.nanoseconds << UInt64(min(failures - 1, 12)), longest.nanoseconds)
    // Half of the wait is random, so that nodes that lost the same peer do not dial it at the same time.
    let jitter = generator.next(below: max(1, wait / 2))
    let until = now + Interval(nanoseconds: wait / 2 + jitter)
    backoffs.set(key, to: Backoff(failures: failures, until: until), at: now)
  }

  /// Ends one inbound session when there are too many: one of the largest address group, by `evictionRank`.
  /// Peers that are protected or known to the chain are spared if others remain.
  private mutating func makeRoom(_ turn: inout Turn) {
    let inbound = sessions.filter { $0.value.isInbound && $0.value.purpose != .mesh }
    guard inbound.count > settings.inbound else { return }
    var candidates = inbound.keys.filter { !vouchedKeys.contains($0) }.sorted()
    if candidates.isEmpty { candidates = inbound.keys.sorted() }
    for protected in protected(among: candidates) where candidates.count > 1 {
      candidates.removeAll { $0 == protected }
    }
    var groups: [AddressGroup: [PeerID]] = [:]
    for peer in candidates {
      let host = sessions[peer]?.connection.host ?? ""
      let group = settings.usesGroups ? AddressGroup(address: host) : AddressGroup(text: "all")
      groups[group, default: []].append(peer)
    }
    guard let largest = groups.max(by: { ($0.value.count, $0.key) < ($1.value.count, $1.key) })?.value,
      let victim = largest.max(by: { evictionRank($0, at: turn.now) < evictionRank($1, at: turn.now) })
    else { return }
    // A peer that has just connected gets node records of others, which may have a free slot.
    if sessions[victim]?.since == turn.now { answer(victim, count: GossipLimits.records, &turn) }
    sessions[victim] = nil
    turn.effects.append(.disconnect(victim, .full))
  }

  /// The rank for eviction, the greatest first: graylisted peers before others, then the youngest session.
  private func evictionRank(_ peer: PeerID, at now: Instant) -> (Int, Instant, PeerID) {
    let isGray = scores.points(peer, at: now) <= PeerScore.graylistAt
    return (isGray ? 1 : 0, sessions[peer]?.since ?? .zero, peer)
  }

  /// The peers protected from eviction: the four that delivered most and the four with the oldest sessions.
  /// This is the rule of Bitcoin Core without its latencies.
  private func protected(among peers: [PeerID]) -> [PeerID] {
    let useful = peers.filter { sessions[$0]?.usefulness ?? 0 > 0 }
      .sorted { (sessions[$0]?.usefulness ?? 0, $0) > (sessions[$1]?.usefulness ?? 0, $1) }
    let oldest = peers.sorted { (sessions[$0]?.since ?? .zero, $0) < (sessions[$1]?.since ?? .zero, $1) }
    return Array(useful.prefix(4)) + Array(oldest.prefix(4))
  }

  mutating func punish(_ peer: PeerID, _ fault: Fault, _ turn: inout Turn) {
    turn.effects.append(.fault(peer, fault))
    guard let ban = scores.punish(peer, fault, at: turn.now) else { return }
    guard sessions.removeValue(forKey: peer) != nil else { return }
    turn.effects.append(.disconnect(peer, .banned(seconds: ban.milliseconds / 1_000)))
  }

  /// Notes that the peer sent an answer with records; false when none was expected.
  mutating func takeExpectedRecords(from peer: PeerID) -> Bool {
    // A slow link may deliver the answers to several requests together, so they are counted.
    guard let expected = recordRequests[peer]?.expected, expected > 0 else { return false }
    recordRequests.update(peer) { entry in
      entry.expected -= 1
      // Set back to 0 if a record of this answer turns out to be new.
      entry.emptyAnswers = min(entry.emptyAnswers + 1, 8)
    }
    return true
  }

  /// Expects one more answer with records from the peer. An unexpected answer is a fault.
  mutating func expectRecords(from peer: PeerID, askedAt: Instant?, at now: Instant) {
    var entry = recordRequests[peer] ?? RecordRequests()
    entry.at = askedAt ?? entry.at
    // Bounded, so that a peer that never answers cannot save up answers to send later.
    entry.expected = min(entry.expected + 1, 8)
    recordRequests.set(peer, to: entry, at: now)
  }

  mutating func answer(_ peer: PeerID, count: Int, _ turn: inout Turn) {
    // Tokens are milliseconds. A peer may ask twice as often as an honest one does, since clocks differ and a
    // new session asks at once.
    let interval = max(2, settings.recordInterval.milliseconds)
    let rate = TokenBucket.Rate(perSecond: 1_000, burst: 2 * interval)
    guard sessions[peer]?.answers.take(interval / 2, at: turn.now, rate) == true else {
      if sessions[peer] != nil { punish(peer, .excessiveRequests, &turn) }
      return
    }
    let sharable = book.keys.filter { key in
      guard key != peer, let entry = book[key], !entry.record.addresses.isEmpty else { return false }
      return entry.isTried || settings.spreadsAllRecords && entry.failures == 0
    }
    let records = generator.sample(min(count, GossipLimits.records), of: sharable)
    turn.effects.append(.sendRecords(peer, records.compactMap { book[$0]?.object }))
  }
}
