import Chain
public import Cryptography
public import Primitives

/// A node's gossip: dissemination, reconciliation, probing and the choice of peers behind one interface.
///
/// The caller owns the order book and checks signatures: it answers the effects `.verify` and `.deliver` with
/// the inputs `.verified` and `.judged`. Messages of one step to the same peer are packed into as few as
/// possible and come last among the step's effects.
public struct GossipCore: Sendable {
  public struct Settings: Hashable, Sendable {
    public var dissemination = Dissemination.Settings()
    public var reconciliation = Reconciliation.Settings()
    public var peers = PeerManager.Settings()

    public init() {}

    /// Settings for a network on one machine.
    public static var local: Settings {
      var settings = Settings()
      settings.dissemination = .local
      settings.peers = .local
      return settings
    }
  }

  /// The most bytes of memory that one neighbour can make gossip's tables hold.
  public let bytesPerPeer: Int
  public internal(set) var dissemination: Dissemination
  public internal(set) var reconciliation: Reconciliation
  public internal(set) var peers: PeerManager
  var probing: Probing
  /// Our own node record, given to every new neighbour.
  private var ownRecord: SignedObject?
  /// Records from answers that wait for their signature check.
  var records: [Digest: (object: SignedObject, peer: PeerID)] = [:]
  var answers = AnswerBudget()
  /// For each node key, the identifier of the live node record that dissemination holds.
  private var liveRecords: [PeerID: Digest] = [:]
  private var armed: [Timer: Instant] = [:]
  private var outboxes: [PeerID: Packet] = [:]
  private var touched: [PeerID] = []
  private var recordsExpiredAt: Timestamp = .zero

  /// The most node records that may wait in `records` for their signature check: the records of one answer times
  /// the neighbours that may answer at once.
  static let pendingRecordLimit = 4_096

  /// `seed` determines all random choices of gossip. A node takes it from the system, a simulation from the
  /// scenario.
  public init(peer: PeerID, settings: Settings = Settings(), seed: UInt64, at now: Instant) {
    var generator = SeededGenerator(seed: seed)
    bytesPerPeer = settings.bytesPerPeer
    func next() -> SeededGenerator { SeededGenerator(seed: generator.next()) }
    dissemination = Dissemination(peer: peer, settings: settings.dissemination, generator: next(), at: now)
    reconciliation = Reconciliation(settings: settings.reconciliation, generator: next(), at: now)
    peers = PeerManager(peer: peer, settings: settings.peers, generator: next(), at: now)
    probing = Probing(generator: next(), at: now)
  }

  /// Arms the timers and dials the first peers.
  public mutating func start(_ turn: inout Turn) {
    run(PeerManager.Input.fired, &turn)
    finish(&turn)
  }

  public mutating func step(_ input: Input, _ turn: inout Turn) {
    switch input {
    case .connected(let peer, let connection): connected(peer, connection, &turn)
    case .disconnected(let peer):
      unlink(peer, &turn)
      run(PeerManager.Input.disconnected(peer), &turn)
    case .dialFailed(let dial): run(PeerManager.Input.dialFailed(dial), &turn)
    case .received(let message, let peer): received(message, from: peer, &turn)
    case .verified(let identifier, let content): verified(identifier, content, &turn)
    case .judged(let identifier, let judgement): run(Dissemination.Input.judged(identifier, judgement), &turn)
    case .published(let object):
      if object.kind == .nodeRecord { ownRecord = object }
      run(Dissemination.Input.published(object), &turn)
    case .restored(let objects): run(Dissemination.Input.restored(objects), &turn)
    case .retired(let identifiers): retire(identifiers, &turn)
    case .chainKnows(let keys, let mesh): run(PeerManager.Input.chainKnows(peers: keys, mesh: mesh), &turn)
    case .committed(let time): committed(time, &turn)
    case .misbehaved(let peer, let fault): run(PeerManager.Input.misbehaved(peer, fault), &turn)
    case .fired(let timer): fired(timer, &turn)
    }
    finish(&turn)
  }

  /// Notes that the peer sent a message of any protocol, which shows that its session is alive.
  public mutating func recordHeard(_ peer: PeerID, at now: Instant) { probing.recordHeard(peer, at: now) }

  /// The peers with which objects are exchanged.
  public var neighbours: [PeerID] { dissemination.slots.keys.sorted() }

  private mutating func connected(_ peer: PeerID, _ connection: Connection, _ turn: inout Turn) {
    // Done first, since a peer that gets no session is still sent node records of others.
    answers.link(peer, at: turn.now)
    run(PeerManager.Input.connected(peer, connection), &turn)
    run(Probing.Input.reached(peer), &turn)
    guard let session = peers.sessions[peer], session.purpose != .feeler else { return }
    run(Dissemination.Input.linked(peer), &turn)
    run(Reconciliation.Input.linked(peer), &turn)
    run(Probing.Input.linked(peer), &turn)
    if let ownRecord { outbox(peer) { $0.objects.append(ownRecord) } }
  }

  private mutating func unlink(_ peer: PeerID, _ turn: inout Turn) {
    outboxes[peer] = nil
    answers.unlink(peer)
    run(Dissemination.Input.unlinked(peer), &turn)
    run(Reconciliation.Input.unlinked(peer), &turn)
    run(Probing.Input.unlinked(peer), &turn)
  }

  private mutating func received(_ message: GossipMessage, from peer: PeerID, _ turn: inout Turn) {
    guard peers.sessions[peer] != nil else { return }
    answers.received(message.cost, from: peer)
    recordHeard(peer, at: turn.now)
    switch message {
    case .packet(let packet):
      receive(packet.objects, from: peer, isRepair: false, &turn)
      if !packet.stops.isEmpty { run(Dissemination.Input.stops(packet.stops, from: peer), &turn) }
      if !packet.starts.isEmpty { run(Dissemination.Input.starts(packet.starts, from: peer), &turn) }
      if !packet.wants.isEmpty { run(Dissemination.Input.wants(packet.wants, from: peer), &turn) }
      if !packet.digests.isEmpty { run(Dissemination.Input.digests(packet.digests, from: peer), &turn) }
    case .objects(let objects):
      let asked = objects.filter { reconciliation.hasAsked(for: $0.identifier, at: turn.now) }
      receive(asked, from: peer, isRepair: true, &turn)
      let others = objects.filter { !reconciliation.hasAsked(for: $0.identifier, at: turn.now) }
      receive(others, from: peer, isRepair: false, &turn)
      run(Reconciliation.Input.arrived(asked.map(\.identifier), from: peer), &turn)
    case .ranges(let ranges): run(Reconciliation.Input.received(ranges, from: peer), &turn)
    case .recordsRequest(let count): run(PeerManager.Input.recordsRequested(count: count, from: peer), &turn)
    case .records(let objects): receiveRecords(objects, from: peer, &turn)
    case .probe(let probe): run(Probing.Input.received(probe, from: peer), &turn)
    }
  }

  private mutating func receive(
    _ objects: [SignedObject],
    from peer: PeerID,
    isRepair: Bool,
    _ turn: inout Turn
  ) {
    // Node records whose signature is being checked are left out. `.verified` names only the identifier, so
    // its answer could not be matched to one of two checks. Neighbours send these records again.
    let objects = objects.filter { records[$0.identifier] == nil }
    guard !objects.isEmpty else { return }
    run(Dissemination.Input.received(objects, from: peer, isRepair: isRepair), &turn)
  }

  private mutating func verified(_ identifier: Digest, _ content: ObjectContent?, _ turn: inout Turn) {
    guard let (object, peer) = records.removeValue(forKey: identifier) else {
      run(Dissemination.Input.verified(identifier, content), &turn)
      return
    }
    guard let content else {
      run(PeerManager.Input.misbehaved(peer, .forgedSignature), &turn)
      return
    }
    dissemination.noteChecked(object, at: turn.now)
    take(object, content, from: peer, &turn)
    if let entry = peers.book[object.key], entry.object == object, let voucher = entry.record.voucher {
      turn.effects.append(.vouched(object.key, voucher))
    }
  }

  private mutating func retire(_ identifiers: [Digest], _ turn: inout Turn) {
    run(Dissemination.Input.retired(identifiers), &turn)
    for identifier in identifiers { run(Reconciliation.Input.removed(identifier), &turn) }
  }

  private mutating func committed(_ time: Timestamp, _ turn: inout Turn) {
    run(PeerManager.Input.committed(time), &turn)
    guard time.milliseconds(since: recordsExpiredAt) >= 60_000 else { return }
    recordsExpiredAt = time
    let expired = peers.expireRecords()
    guard !expired.isEmpty else { return }
    run(Dissemination.Input.retired(expired), &turn)
    liveRecords = liveRecords.filter { dissemination.live[$0.value] != nil }
  }

  private mutating func fired(_ timer: Timer, _ turn: inout Turn) {
    armed[timer] = nil
    switch timer {
    case .dissemination: run(Dissemination.Input.fired, &turn)
    case .reconciliation: run(Reconciliation.Input.fired, &turn)
    case .peers:
      run(PeerManager.Input.fired, &turn)
      run(Probing.Input.ticked, &turn)
    }
  }

  private mutating func run(_ input: Dissemination.Input, _ turn: inout Turn) {
    var inner = Dissemination.Turn(at: turn.now)
    dissemination.step(input, &inner)
    for effect in inner.effects {
      switch effect {
      case .push(let object, let targets): for peer in targets { outbox(peer) { $0.objects.append(object) } }
      case .answer(let object, let peer):
        // The size of a message that carries only this object.
        if isAllowed(object.encoded.count + 64, to: peer, at: turn.now) {
          outbox(peer) { $0.objects.append(object) }
        }
      case .announce(let shorts, let peer): outbox(peer) { $0.digests += shorts }
      case .want(let shorts, let peer): outbox(peer) { $0.wants += shorts }
      case .stop(let tags, let peer): outbox(peer) { $0.stops += tags }
      case .start(let tags, let peer): outbox(peer) { $0.starts += tags }
      case .verify(let object): turn.effects.append(.verify(object))
      case .deliver(let object, let content, let peer):
        guard object.kind == .nodeRecord else {
          turn.effects.append(.deliver(object, content, from: peer))
          continue
        }
        if let judgement = judge(record: object, content, from: peer) {
          run(Dissemination.Input.judged(object.identifier, judgement), &turn)
        } else {
          turn.effects.append(.deliver(object, content, from: peer))
        }
        run(PeerManager.Input.fired, &turn)
      case .accepted(let object): accepted(object, &turn)
      case .useful(let peer): run(PeerManager.Input.useful(peer), &turn)
      case .fault(let peer, let fault): run(PeerManager.Input.misbehaved(peer, fault), &turn)
      }
    }
  }

  private mutating func accepted(_ object: SignedObject, _ turn: inout Turn) {
    guard object.kind == .nodeRecord else {
      run(Reconciliation.Input.added(object.identifier), &turn)
      return
    }
    let older = liveRecords.updateValue(object.identifier, forKey: object.key)
    if let older, older != object.identifier { run(Dissemination.Input.retired([older]), &turn) }
  }

  private mutating func run(_ input: Reconciliation.Input, _ turn: inout Turn) {
    var inner = Reconciliation.Turn(at: turn.now)
    reconciliation.step(input, &inner)
    for effect in inner.effects {
      switch effect {
      case .send(let message, let peer): answer(.ranges(message), to: peer, &turn)
      case .supply(let identifiers, let peer):
        let objects = identifiers.compactMap { dissemination.object($0) }
        for frame in Packet.frames(of: objects) { answer(.objects(frame), to: peer, &turn) }
      case .fault(let peer, let fault): run(PeerManager.Input.misbehaved(peer, fault), &turn)
      }
    }
  }

  private mutating func run(_ input: Probing.Input, _ turn: inout Turn) {
    var inner = Probing.Turn(at: turn.now)
    probing.step(input, &inner)
    for effect in inner.effects {
      switch effect {
      case .send(let probe, let peer):
        if probe.isAnswer {
          answer(.probe(probe), to: peer, &turn)
        } else {
          turn.effects.append(.send(peer, .probe(probe), via: .stream))
        }
      case .dial(let peer): run(PeerManager.Input.testRequested(peer), &turn)
      case .silent(let peer, let isReachable):
        run(PeerManager.Input.silent(peer, isReachable: isReachable), &turn)
      case .fault(let peer, let fault): run(PeerManager.Input.misbehaved(peer, fault), &turn)
      }
    }
  }

  mutating func run(_ input: PeerManager.Input, _ turn: inout Turn) {
    var inner = PeerManager.Turn(at: turn.now)
    peers.step(input, &inner)
    for effect in inner.effects {
      switch effect {
      case .dial(let dial): turn.effects.append(.dial(dial))
      case .requestRecords(let peer, let count):
        turn.effects.append(.send(peer, .recordsRequest(count: count), via: .stream))
      case .sendRecords(let peer, let records): answer(.records(records), to: peer, &turn)
      case .disconnect(let peer, let reason):
        unlink(peer, &turn)
        turn.effects.append(.disconnect(peer, reason))
      case .fault(let peer, let fault): turn.effects.append(.fault(peer, fault))
      }
    }
  }

  /// Sends the answer to a request if the peer's `AnswerBudget` allows it.
  mutating func answer(_ message: GossipMessage, to peer: PeerID, _ turn: inout Turn) {
    guard isAllowed(message.cost, to: peer, at: turn.now) else { return }
    turn.effects.append(.send(peer, message, via: .stream))
  }

  private mutating func isAllowed(_ bytes: Int, to peer: PeerID, at now: Instant) -> Bool {
    answers.take(bytes, for: peer, fullSync: dissemination.fullSyncBytes, at: now)
  }

  private mutating func outbox(_ peer: PeerID, _ change: (inout Packet) -> Void) {
    if outboxes[peer] == nil { touched.append(peer) }
    change(&outboxes[peer, default: Packet()])
  }

  /// Sends the packed messages, and schedules timers that are due earlier than the scheduled ones.
  private mutating func finish(_ turn: inout Turn) {
    for peer in touched {
      guard let outbox = outboxes.removeValue(forKey: peer) else { continue }
      turn.effects += outbox.messages.map { .send(peer, $0, via: $1) }
    }
    touched.removeAll(keepingCapacity: true)
    arm(.dissemination, dissemination.deadline, &turn)
    arm(.reconciliation, reconciliation.deadline, &turn)
    arm(.peers, peers.deadline, &turn)
  }

  private mutating func arm(_ timer: Timer, _ deadline: Instant, _ turn: inout Turn) {
    if let present = armed[timer], present <= deadline { return }
    let at = max(deadline, turn.now)
    armed[timer] = at
    turn.effects.append(.schedule(timer, at: at))
  }

  // MARK: Node records, those that were asked for and those that are gossiped

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

  /// Handles an authentic record of an answer. A record whose body cannot be decoded is ignored.
  mutating func take(_ object: SignedObject, _ content: ObjectContent, from peer: PeerID, _ turn: inout Turn)
  {
    var records: [PeerManager.Record] = []
    if case .nodeRecord(let record) = content { records.append(.init(object: object, content: record)) }
    run(PeerManager.Input.records(records, from: peer), &turn)
  }

  /// Judges a gossiped node record and inserts it into the address book. The record is forwarded when it is
  /// newer and the chain knows its key. Nil when it has a voucher: then the caller judges it by the committed
  /// state.
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
