import Chain
import Cryptography

// Node records: those that were asked for, and those that are gossiped.
extension GossipCore {
  mutating func receiveRecords(_ objects: [SignedObject], from peer: PeerID, _ turn: inout Turn) {
    guard peers.takeExpectedRecords(from: peer) else {
      run(PeerManager.Input.misbehaved(peer, .unrequestedRecords), &turn)
      return
    }
    for object in objects.prefix(GossipLimits.records) where records.count < Self.pendingRecordLimit {
      // A record that is not newer than the address book's needs no check.
      guard object.key != peers.peer, peers.isNewer(object), records[object.identifier] == nil,
        dissemination.pending[object.identifier] == nil
      else { continue }
      guard !dissemination.isChecked(object, at: turn.now) else {
        take(object, ObjectContent(object), from: peer, &turn)
        continue
      }
      records[object.identifier] = (object, peer)
      turn.effects.append(.verify(object))
    }
  }

  /// Takes an authentic record of an answer; one whose body cannot be decoded is ignored.
  mutating func take(_ object: SignedObject, _ content: ObjectContent, from peer: PeerID, _ turn: inout Turn)
  {
    var records: [PeerManager.Record] = []
    if case .nodeRecord(let record) = content { records.append(.init(object: object, content: record)) }
    run(PeerManager.Input.records(records, from: peer), &turn)
  }

  /// Judges a gossiped node record. A newer one goes into the address book, and is forwarded when the chain knows its
  /// key. Nil when it has a voucher, which the caller judges by committed state.
  mutating func judge(record object: SignedObject, _ content: ObjectContent, from peer: PeerID?) -> Judgement?
  {
    guard case .nodeRecord(let record) = content else { return .malformed }
    switch peers.insert(.init(object: object, content: record), from: peer) {
    case .added, .updated, .full:
      guard record.voucher == nil else { return nil }
      return peers.spreadsRecord(of: object.key) ? .accepted : .refused
    case .stale, .expired: return .refused
    }
  }
}
