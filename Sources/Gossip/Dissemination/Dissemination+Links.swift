import Chain
import Cryptography
import DequeModule
import Primitives

extension Dissemination {
  mutating func link(_ peer: PeerID, _ turn: inout Turn) {
    guard slots[peer] == nil, let slot = freeSlot() else { return }
    let link = Link(peer: peer, announcedLimit: settings.announcedPerPeer)
    if slot < links.count { links[slot] = link } else { links.append(link) }
    slots[peer] = slot
    // With enough suppliers, a new neighbour is not asked to push.
    if shared.liveSuppliers.count >= settings.sharedSuppliers, shared.hasChosenSuppliers {
      var control = Control()
      control.stop(slot, Self.sharedTag)
      send(control, &turn)
    } else {
      shared.start(slot)
    }
  }

  private func freeSlot() -> Int? {
    if let free = links.firstIndex(where: { $0 == nil }) { return free }
    return links.count < SlotSet.capacity ? links.count : nil
  }

  mutating func unlink(_ peer: PeerID, _ turn: inout Turn) {
    guard let slot = slots.removeValue(forKey: peer) else { return }
    links[slot] = nil
    for identifier in pending.keys {
      pending[identifier]?.arrival.forget(slot)
      pending[identifier]?.senders.remove(slot)
      pending[identifier]?.alternatives.removeAll { $0.slot == slot }
    }
    for identifier in recent.keys { recent[identifier]?.forget(slot) }
    for short in missing.keys { forgetAnnouncer(slot, of: short) }
    replaceSupplier(slot, &turn)
  }

  private mutating func forgetAnnouncer(_ slot: Int, of short: UInt64) {
    guard let entry = missing[short], entry.announcers.contains(UInt8(slot)) else { return }
    let wasFirst = entry.announcers.first == UInt8(slot)
    missing[short]?.announcers.removeAll { $0 == UInt8(slot) }
    missing[short]?.asked.remove(slot)
    // The missing object counts against the neighbour that is now its first announcer.
    if wasFirst, let next = missing[short]?.announcers.first { links[Int(next)]?.missing += 1 }
  }

  /// Handles STOP (`isWanted` is false) or START (true): the neighbour says whether this node is to push the
  /// objects of these origins to it.
  mutating func updateInterest(_ tags: [OriginTag], isWanted: Bool, of peer: PeerID, _ turn: inout Turn) {
    guard let slot = slots[peer] else { return }
    guard links[slot]?.control.take(UInt64(tags.count), at: turn.now, settings.control) == true else {
      turn.effects.append(.fault(peer, .excessiveControl))
      return
    }
    for tag in tags {
      guard tag != Self.sharedTag else {
        links[slot]?.stopsShared = !isWanted
        continue
      }
      // An origin without a route here takes no memory. If objects of it come later, the neighbour sends STOP
      // again.
      guard routes[tag] != nil else { continue }
      if isWanted {
        routes[tag]?.startedByPeer.insert(slot)
        routes[tag]?.stoppedByPeer.remove(slot)
      } else {
        routes[tag]?.stoppedByPeer.insert(slot)
        routes[tag]?.startedByPeer.remove(slot)
      }
    }
  }
}

/// A neighbour: the objects announced to it, its allowances, and the objects from it that wait.
struct Link: Sendable {
  let peer: PeerID
  /// The hash with the neighbour's key, which gives the short identifiers that are sent to it.
  let hash: ShortHash
  /// True when the neighbour wants pushes only of origins for which it sent START by tag.
  var stopsShared = false
  /// Identifiers of objects that wait to be announced to it.
  var queue: [Digest] = []
  /// Objects that were announced to the neighbour, by short identifier. It may ask for these only.
  var announced: Generations<UInt64, Announcement>

  /// The signature checks left for objects that the neighbour pushes; `askedChecks` is for requested objects.
  var checks = TokenBucket()
  var askedChecks = TokenBucket()
  var routelessAllowance = TokenBucket()
  var control = TokenBucket()
  var digests = TokenBucket()
  var wants = TokenBucket()
  var pushBytes = TokenBucket()

  /// The number of objects from this neighbour that wait for a check or judgement.
  var pending = 0
  var pendingBytes = 0
  /// The number of missing objects of which the neighbour is the first announcer.
  var missing = 0
  /// The number of objects that the neighbour announced and did not send when asked, since it last sent one.
  var emptyAnnouncements = 0
  var digestsIgnoredUntil: Instant = .zero

  struct Announcement {
    let identifier: Digest
    var answers: UInt8 = 0
  }

  init(peer: PeerID, announcedLimit: Int) {
    self.peer = peer
    hash = Dissemination.shortHash(for: peer)
    announced = Generations(capacity: announcedLimit, period: .seconds(10))
  }
}
