import Chain
import Cryptography
import DequeModule
import Primitives

extension Dissemination {
  /// Handles a copy of an object that came over a link.
  mutating func receive(_ object: SignedObject, _ slot: Int, isRepair: Bool, _ turn: inout Turn) {
    counters[object.kind].received += 1
    counters[object.kind].bytes += UInt64(object.encoded.count)
    let identifier = object.identifier
    let short = hash(identifier)
    if pending[identifier] != nil {
      counters[object.kind].duplicates += 1
      return join(object, slot, at: turn.now)
    }
    guard live[identifier] == nil, !seen.contains(short, at: turn.now), !refused.contains(short, at: turn.now)
    else {
      counters[object.kind].duplicates += 1
      recent[identifier]?.note(slot, at: turn.now)
      return
    }
    let asked = missing[short]?.asked ?? []
    let isAsked = isRepair || asked.contains(slot)
    if asked.contains(slot) {
      links[slot]?.emptyAnnouncements = 0
      counters.wantsAnswered += 1
    }
    let isChecked = isChecked(object, at: turn.now)
    if let drop = reasonToDrop(object, slot, isAsked: isAsked, isChecked: isChecked, at: turn.now) {
      counters[object.kind].dropped += 1
      counters.drops[drop, default: 0] += 1
      return
    }
    var arrival = Arrival(tag: object.key.originTag, firstAt: turn.now)
    arrival.firstSlot = slot
    arrival.asked = asked
    if isRepair { arrival.asked.insert(slot) }
    for announcer in missing[short]?.announcers ?? [] { arrival.holders.insert(Int(announcer)) }
    arrival.note(slot, at: turn.now)
    pending[identifier] = Pending(object: object, arrival: arrival, senders: [slot], isRepair: isRepair)
    pendingShorts.insert(short)
    links[slot]?.pending += 1
    links[slot]?.pendingBytes += object.encoded.count
    pendingBytes += object.encoded.count
    if isChecked {
      counters.checksSpared += 1
      verified(identifier, ObjectContent(object), &turn)
    } else {
      turn.effects.append(.verify(object))
    }
  }

  /// Whether this object's signature was checked lately and is valid, whichever way the object came.
  func isChecked(_ object: SignedObject, at now: Instant) -> Bool { checked.contains(object.claim, at: now) }

  mutating func noteChecked(_ object: SignedObject, at now: Instant) { checked.insert(object.claim, at: now) }

  /// Handles another copy of an object that waits for its check or judgement.
  private mutating func join(_ object: SignedObject, _ slot: Int, at now: Instant) {
    guard pending[object.identifier]?.object.signature != object.signature else {
      pending[object.identifier]?.senders.insert(slot)
      pending[object.identifier]?.arrival.note(slot, at: now)
      return
    }
    // An alternative is a copy with another signature, which is checked if the copies before it are forged. At
    // most two are kept. If they are forged too, a later copy of the object is handled as new. An attacker cannot
    // repeat this for long, because each forged copy is reported as a fault of its sender.
    guard let waiting = pending[object.identifier], waiting.content == nil, waiting.alternatives.count < 2
    else { return }
    pending[object.identifier]?.alternatives.append((object, slot))
  }

  /// The reason to drop an object before its signature check; nil when the object is kept.
  ///
  /// Objects that this node asked for have an allowance of their own. Therefore a neighbour that has used up
  /// its allowance for pushed objects can still answer.
  private mutating func reasonToDrop(
    _ object: SignedObject,
    _ slot: Int,
    isAsked: Bool,
    isChecked: Bool,
    at now: Instant
  ) -> DropReason? {
    let size = object.encoded.count
    guard let link = links[slot], pending.count < settings.pendingLimit,
      pendingBytes + size <= settings.pendingBytes
    else { return .queueFull }
    guard link.pending < settings.pendingLimit / 4, link.pendingBytes + size <= settings.pendingBytes / 4
    else { return .queueShare }
    // When half of `pendingLimit` is reached, offers and node records are dropped.
    if pending.count >= settings.pendingLimit / 2, object.kind == .nodeRecord || object.kind == .offer {
      return .lessUrgent
    }
    // An object that needs no check uses no allowance. If it was refused, `receive` ignores it for
    // `refusedPeriod`.
    if isChecked { return nil }
    let isAllowed =
      isAsked
      ? links[slot]?.askedChecks.take(at: now, settings.checks)
      : links[slot]?.checks.take(at: now, settings.checks)
    return isAllowed == true ? nil : .checkAllowance
  }

  /// Handles the result of the signature check: the decoded content, or nil when the signature is invalid.
  mutating func verified(_ identifier: Digest, _ content: ObjectContent?, _ turn: inout Turn) {
    guard let waiting = pending[identifier], waiting.content == nil else { return }
    guard let content else {
      counters[waiting.object.kind].forged += 1
      blame(waiting.senders, .forgedSignature, &turn)
      return retryWithAlternative(identifier, &turn)
    }
    guard chargeAllowance(waiting, at: turn.now) else {
      counters[waiting.object.kind].overOriginLimit += 1
      return drop(identifier, hash(identifier), at: turn.now)
    }
    noteChecked(waiting.object, at: turn.now)
    pending[identifier]?.content = content
    pending[identifier]?.alternatives = []
    let first = waiting.arrival.firstSlot.flatMap { links[$0]?.peer }
    turn.effects.append(.deliver(waiting.object, content, from: first))
  }

  /// Charges an authentic object to the allowance of its origin, or of the neighbour when the origin has no
  /// route. False when the allowance is used up. Forged objects are not charged, since anybody can forge an
  /// origin.
  private mutating func chargeAllowance(_ waiting: Pending, at now: Instant) -> Bool {
    guard !waiting.isRepair else { return true }
    if routes[waiting.arrival.tag] != nil {
      return routes[waiting.arrival.tag]?.allowance.take(at: now, settings.origin) == true
    }
    guard let slot = waiting.senders.first(where: { links[$0] != nil }) else { return true }
    return links[slot]?.routelessAllowance.take(at: now, settings.routelessAllowance) == true
  }

  private mutating func retryWithAlternative(_ identifier: Digest, _ turn: inout Turn) {
    guard let next = pending[identifier]?.alternatives.first else { return removePending(identifier) }
    pending[identifier]?.alternatives.removeFirst()
    pending[identifier]?.object = next.object
    pending[identifier]?.senders = [next.slot]
    turn.effects.append(.verify(next.object))
  }

  /// Handles the judgement of the ledger and the order book on an authentic object.
  mutating func judged(_ identifier: Digest, _ judgement: Judgement, _ turn: inout Turn) {
    guard let waiting = pending[identifier], waiting.content != nil else { return }
    switch judgement {
    case .accepted:
      removePending(identifier)
      accept(waiting.object, waiting.arrival, isRepair: waiting.isRepair, &turn)
    case .refused:
      counters[waiting.object.kind].refused += 1
      drop(identifier, hash(identifier), at: turn.now)
    case .malformed:
      counters[waiting.object.kind].malformed += 1
      blame(waiting.senders, .malformedObject, &turn)
      drop(identifier, hash(identifier), at: turn.now)
    }
  }

  private func blame(_ slots: SlotSet, _ fault: Fault, _ turn: inout Turn) {
    for slot in slots { if let peer = links[slot]?.peer { turn.effects.append(.fault(peer, fault)) } }
  }

  private mutating func drop(_ identifier: Digest, _ short: UInt64, at now: Instant) {
    refused.insert(short, at: now)
    removeMissing(short)
    removePending(identifier)
  }

  private mutating func removePending(_ identifier: Digest) {
    guard let waiting = pending.removeValue(forKey: identifier) else { return }
    pendingShorts.remove(hash(identifier))
    // `waiting.object` may be an alternative of the object that was counted. Both have the same body and so
    // the same size.
    pendingBytes -= waiting.object.encoded.count
    guard let slot = waiting.arrival.firstSlot else { return }
    links[slot]?.pending -= 1
    links[slot]?.pendingBytes -= waiting.object.encoded.count
  }

  /// Keeps an accepted object and forwards it to the neighbours.
  private mutating func accept(_ object: SignedObject, _ arrival: Arrival, isRepair: Bool, _ turn: inout Turn)
  {
    let short = hash(object.identifier)
    counters[object.kind].accepted += 1
    // Only now, so that a copy with a forged signature does not block a copy with the valid one.
    seen.insert(short, at: turn.now)
    keep(object, short)
    removeMissing(short)
    if let slot = arrival.firstSlot, let peer = links[slot]?.peer {
      turn.effects.append(.useful(peer))
      if isRepair || arrival.asked.contains(slot) {
        links[slot]?.askedChecks.giveBack(1, settings.checks)
      } else {
        links[slot]?.checks.giveBack(1, settings.checks)
      }
    }
    turn.effects.append(.accepted(object))
    lossWindow.count(wasRepaired: arrival.order.isEmpty, at: turn.now)
    spread(object, arrival, pushes: !isRepair, &turn)
    guard !isRepair else { return }
    countObject(of: arrival.tag, &turn)
    recent[object.identifier] = arrival
    evaluations.append(
      Due(at: max(turn.now, arrival.firstAt + settings.settleTime), value: object.identifier)
    )
  }

  /// Sends an object that this node itself publishes to its neighbours.
  mutating func publish(_ object: SignedObject, _ turn: inout Turn) {
    guard live[object.identifier] == nil else { return }
    let short = hash(object.identifier)
    counters[object.kind].accepted += 1
    seen.insert(short, at: turn.now)
    keep(object, short)
    turn.effects.append(.accepted(object))
    if routes[object.key.originTag] == nil { makeRoute(object.key.originTag, at: turn.now) }
    spread(object, Arrival(tag: object.key.originTag, firstAt: turn.now), isOurs: true, &turn)
  }

  /// Stores an object that the order book held before a restart, without sending it.
  mutating func restore(_ object: SignedObject, _ turn: inout Turn) {
    guard live[object.identifier] == nil else { return }
    keep(object, hash(object.identifier))
    turn.effects.append(.accepted(object))
  }

  private mutating func keep(_ object: SignedObject, _ short: UInt64) {
    guard live.count < settings.liveLimit else { return }
    if live.updateValue(object, forKey: object.identifier) == nil { liveBytes += object.encoded.count }
    liveShorts[short] = object.identifier
  }

  mutating func retire(_ identifiers: [Digest]) {
    for identifier in identifiers {
      guard let object = live.removeValue(forKey: identifier) else { continue }
      liveBytes -= object.encoded.count
      liveShorts[hash(identifier)] = nil
    }
  }
}
