import Chain
import Cryptography
import DequeModule
import Primitives

extension Dissemination {
  /// Handles announcements. Objects that this node lacks are asked for later, unless they are pushed before.
  mutating func announced(_ shorts: [UInt64], by peer: PeerID, _ turn: inout Turn) {
    guard let slot = slots[peer], let link = links[slot], turn.now >= link.digestsIgnoredUntil else { return }
    guard links[slot]?.digests.take(UInt64(shorts.count), at: turn.now, settings.digests) == true else {
      turn.effects.append(.fault(peer, .excessiveControl))
      return
    }
    for short in shorts {
      if let identifier = liveShorts[short] {
        recent[identifier]?.holders.insert(slot)
        continue
      }
      guard !seen.contains(short, at: turn.now), !refused.contains(short, at: turn.now) else { continue }
      if missing[short] != nil {
        guard missing[short]?.announcers.contains(UInt8(slot)) == false else { continue }
        // An object has at most eight announcers, since more would hardly ever be asked.
        if missing[short]?.announcers.count ?? 8 < 8 { missing[short]?.announcers.append(UInt8(slot)) }
        continue
      }
      guard missing.count < settings.missingLimit, links[slot]?.missing ?? 0 < settings.missingPerPeer else {
        continue
      }
      missing[short] = Missing(announcers: [UInt8(slot)])
      links[slot]?.missing += 1
      fresh.append(Due(at: turn.now + settings.wantAfter, value: short))
    }
  }

  /// Sends the requests for missing objects that are due, to the first announcer first, then to the others in
  /// turn.
  mutating func askForMissing(_ turn: inout Turn) {
    var wants: [Int: [UInt64]] = [:]
    while let first = fresh.first, first.at <= turn.now {
      fresh.removeFirst()
      ask(first.value, &wants, &turn)
    }
    // The loop ends, since `ask` gives each object a later time.
    while let first = retries.first, first.at <= turn.now {
      retries.removeFirst()
      ask(first.value, &wants, &turn)
    }
    for (peer, shorts) in byPeer(wants) {
      counters.wantsSent += UInt64(shorts.count)
      turn.effects.append(.want(shorts, from: peer))
    }
  }

  private mutating func ask(_ short: UInt64, _ wants: inout [Int: [UInt64]], _ turn: inout Turn) {
    guard let entry = missing[short] else { return }
    guard entry.attempts < settings.wantAttempts, !entry.announcers.isEmpty else {
      giveUp(short, entry, &turn)
      return
    }
    guard !pendingShorts.contains(short) else {
      // A copy is being checked. If it is forged, the announcers are asked later.
      missing[short]?.attempts += 1
      retries.append(Due(at: turn.now + settings.wantRetry, value: short))
      return
    }
    // From the third attempt on, two neighbours are asked at once: a second copy costs less than another wait.
    let count = min(entry.attempts < 2 ? 1 : 2, entry.announcers.count)
    for step in 0..<count {
      let slot = Int(entry.announcers[(entry.asks + step) % entry.announcers.count])
      missing[short]?.asked.insert(slot)
      wants[slot, default: []].append(short)
    }
    missing[short]?.attempts += 1
    missing[short]?.asks += count
    retries.append(Due(at: turn.now + settings.wantRetry, value: short))
  }

  /// Ends the search for an object that nobody delivered. Reconciliation finds it later if it exists.
  private mutating func giveUp(_ short: UInt64, _ entry: Missing, _ turn: inout Turn) {
    removeMissing(short)
    for slot in entry.asked {
      links[slot]?.emptyAnnouncements += 1
      guard let link = links[slot], link.emptyAnnouncements >= settings.emptyAnnouncementLimit else {
        continue
      }
      links[slot]?.emptyAnnouncements = 0
      links[slot]?.digestsIgnoredUntil = turn.now + .seconds(60)
      turn.effects.append(.fault(link.peer, .emptyAnnouncements))
    }
  }

  mutating func removeMissing(_ short: UInt64) {
    guard let entry = missing.removeValue(forKey: short) else { return }
    if let first = entry.announcers.first { links[Int(first)]?.missing -= 1 }
  }
}
