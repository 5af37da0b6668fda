import Chain
import Cryptography
import DequeModule
import Primitives

extension Dissemination {
  /// Sends an accepted object to the neighbours that want it from us and announces it to the others.
  ///
  /// An object that this node publishes itself (`isOurs`) is pushed to all neighbours except those that sent
  /// STOP for its origin by tag, since no other node can supply it.
  mutating func spread(
    _ object: SignedObject,
    _ arrival: Arrival,
    pushes: Bool = true,
    isOurs: Bool = false,
    _ turn: inout Turn
  ) {
    let route = routes[arrival.tag]
    let size = UInt64(object.encoded.count)
    var targets: [PeerID] = []
    for slot in links.indices where !arrival.holders.contains(slot) {
      guard let link = links[slot] else { continue }
      let isWanted: Bool
      if let route, route.startedByPeer.contains(slot) {
        isWanted = true
      } else if let route, route.stoppedByPeer.contains(slot) {
        isWanted = false
      } else {
        isWanted = isOurs || !link.stopsShared
      }
      // Beyond `pushBytes` for one neighbour, the object is only announced; the neighbour can ask for it.
      if pushes, isWanted, links[slot]?.pushBytes.take(size, at: turn.now, settings.pushBytes) == true {
        targets.append(link.peer)
      } else {
        announce(object.identifier, to: slot, at: turn.now)
      }
    }
    guard !targets.isEmpty else { return }
    counters.pushed += UInt64(targets.count)
    turn.effects.append(.push(object, to: targets))
  }

  private mutating func announce(_ identifier: Digest, to slot: Int, at now: Instant) {
    guard links[slot]?.queue.count ?? 0 < settings.announcedPerPeer else { return }
    links[slot]?.queue.append(identifier)
    if flushAt == nil { flushAt = now + settings.digestInterval }
  }

  /// Sends the gathered announcements, except those of objects that the neighbour has announced or sent
  /// itself.
  mutating func flushAnnouncements(_ turn: inout Turn) {
    flushAt = nil
    for slot in links.indices {
      guard var link = links[slot], !link.queue.isEmpty else { continue }
      links[slot] = nil
      var shorts: [UInt64] = []
      for identifier in link.queue where live[identifier] != nil {
        guard recent[identifier]?.holders.contains(slot) != true else { continue }
        let short = link.hash(identifier)
        link.announced.set(short, to: .init(identifier: identifier), at: turn.now)
        shorts.append(short)
      }
      link.queue.removeAll(keepingCapacity: true)
      let peer = link.peer
      links[slot] = link
      guard !shorts.isEmpty else { continue }
      counters.announced += UInt64(shorts.count)
      turn.effects.append(.announce(shorts, to: peer))
    }
  }

  /// A neighbour asks for objects that were announced to it. Requests for others are ignored.
  mutating func wanted(_ shorts: [UInt64], by peer: PeerID, _ turn: inout Turn) {
    guard let slot = slots[peer] else { return }
    guard links[slot]?.wants.take(UInt64(shorts.count), at: turn.now, settings.wants) == true else {
      turn.effects.append(.fault(peer, .excessiveControl))
      return
    }
    for short in shorts {
      guard let announcement = links[slot]?.announced[short],
        announcement.answers < settings.answersPerAnnouncement, let object = live[announcement.identifier]
      else { continue }
      links[slot]?.announced.update(short) { $0.answers += 1 }
      _ = links[slot]?.pushBytes.take(UInt64(object.encoded.count), at: turn.now, settings.pushBytes)
      counters.pushed += 1
      turn.effects.append(.answer(object, to: peer))
    }
  }
}
