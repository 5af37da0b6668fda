import Chain
import Cryptography
import Gossip
import Primitives

extension GossipNetwork {
  /// Schedules the publications, the attack, the churn and the counting. Call it once, before `run`.
  func plan() {
    var at = Instant.zero + scenario.settlingTime
    for _ in 0..<scenario.warmUpObjects {
      events.insert(.publish, at: at)
      at = at + scenario.interval
    }
    events.insert(.attack, at: scenario.attackAt)
    at = scenario.countingAt
    events.insert(.startCounting, at: at, keepsOrder: true)
    let churnInterval = Interval(
      nanoseconds: UInt64(scenario.messages) * scenario.interval.nanoseconds
        / UInt64(max(1, scenario.newcomers))
    )
    for index in 0..<scenario.newcomers {
      events.insert(.churn, at: at + Interval(nanoseconds: UInt64(index) * churnInterval.nanoseconds))
    }
    for _ in 0..<scenario.messages {
      events.insert(.publish, at: at)
      at = at + scenario.interval
    }
    events.insert(.stopCounting, at: at)
  }

  func handle(_ event: Event) {
    switch event {
    case .start(let index): start(index)
    case .connect(let dial, let from, let to): connect(dial, from, to)
    case .refused(let dial, let index): step(index, .dialFailed(dial))
    case .ended(let index, let other, let session):
      guard peers[index].sessions[other] == session else { return }
      removeSession(index, other)
      step(index, .disconnected(peers[other].id))
    case .frame(let message, let sender, let receiver, let session):
      guard peers[receiver].isAlive, peers[receiver].sessions[sender] == session else { return }
      measure.arrived(message, from: sender, to: receiver, isHonest: !peers[receiver].isByzantine)
      if peers[receiver].isByzantine, isAttacking { received(message, from: sender, byAttacker: receiver) }
      step(receiver, .received(message, from: peers[sender].id))
    case .timer(let timer, let index, let incarnation):
      if peers[index].incarnation == incarnation { step(index, .fired(timer)) }
    case .verified(let identifier, let content, let index): step(index, .verified(identifier, content))
    case .publish: publish()
    case .startCounting: beginCounting()
    case .attack: beginAttack()
    case .tick: attackTick()
    case .churn: churn()
    case .stopCounting: measure.endOfTraffic(at: now)
    }
  }

  /// Starts a peer's machine with the facts that the peer knows from the chain.
  private func start(_ index: Int) {
    guard peers[index].isAlive else { return }
    let isValidator = index < scenario.validators
    step(index, .committed(GossipScenario.time))
    step(index, .chainKnows(peers: known, mesh: isValidator ? mesh : []))
    step(index, .published(peers[index].record))
    var turn = GossipCore.Turn(at: now)
    peers[index].machine.start(&turn)
    perform(turn.effects, of: index)
  }

  /// Passes an input to a peer's machine and performs the effects. Does nothing when the peer has left.
  func step(_ index: Int, _ input: GossipCore.Input) {
    guard peers[index].isAlive else { return }
    var turn = GossipCore.Turn(at: now)
    peers[index].machine.step(input, &turn)
    perform(turn.effects, of: index)
  }

  func perform(_ effects: [GossipCore.Effect], of index: Int) {
    for effect in effects {
      switch effect {
      case .send(let peer, let message, let delivery): send(message, from: index, to: peer, via: delivery)
      case .verify(let object): verify(object, at: index)
      case .deliver(let object, _, _): judge(object, at: index)
      case .vouched: break
      case .dial(let dial): self.dial(dial, from: index)
      case .disconnect(let peer, let reason): closeSession(index, peer, reason)
      case .schedule(let timer, let instant):
        events.insert(.timer(timer, index, incarnation: peers[index].incarnation), at: max(now, instant))
      case .fault(let peer, let fault):
        let isHonest = indexes[peer].map { !peers[$0].isByzantine } ?? true
        if !peers[index].isByzantine { measure.fault(fault, ofHonest: isHonest) }
      }
    }
  }

  /// Checks a signature: a check takes 58 µs, and a peer does one at a time.
  private func verify(_ object: SignedObject, at index: Int) {
    let done = max(peers[index].busyUntil, now) + Interval(nanoseconds: 58_000)
    peers[index].busyUntil = done
    if !peers[index].isByzantine {
      if isCounting, object.kind != .nodeRecord { measure.checks += 1 }
      if scenario.attack == .replay { measure.checked(object, by: index) }
    }
    let content = forged.contains(object.signature) ? nil : content(of: object)
    events.insert(.verified(object.identifier, content, index), at: done)
  }

  private func content(of object: SignedObject) -> ObjectContent {
    if let known = contents[object.identifier] { return known }
    let content = ObjectContent(object)
    if contents.count >= 20_000 { contents = [:] }
    contents[object.identifier] = content
    return content
  }

  /// Decides whether a peer's ledger accepts an authentic object, and tells the peer's machine.
  private func judge(_ object: SignedObject, at index: Int) {
    if isAttacking, peers[index].isByzantine, scenario.attack == .censorship,
      object.key == peers[origins[0]].key.publicKey
    {
      return step(index, .judged(object.identifier, .refused))
    }
    // The ledger refuses objects that are retired and, except for four keys, objects of the attackers'
    // made-up keys.
    guard !adversary.isUnfunded(object.key) else { return step(index, .judged(object.identifier, .refused)) }
    if peers[index].isHonest { measure.delivered(object.identifier, to: index, at: now) }
    if isAttacking, peers[index].isByzantine { adversary.keep(object, index) }
    step(index, .judged(object.identifier, .accepted))
  }

  /// Publishes the next object. In the warm-up the origins take turns, afterwards a random one publishes.
  private func publish() {
    let origin =
      isCounting
      ? origins[Int(generator.next(below: UInt64(origins.count)))]
      : origins[published % origins.count]
    published += 1
    guard peers[origin].isAlive else { return }
    let object = bid(by: peers[origin].key, UInt64(published))
    measure.published(
      object,
      origin: origin,
      at: now,
      isCounted: isCounting,
      reachable: connected(to: origin)
    )
    step(origin, .published(object))
  }

  /// A signed bid of typical size; `number` makes it differ from other bids.
  func bid(by key: SigningKey, _ number: UInt64) -> SignedObject {
    var writer = ByteWriter()
    writer.write(number)
    writer.write(scenario.seed)
    let resources = Resources(id: 1, cpuMillis: 8_000, memoryBytes: 1 << 34, volumes: [])
    let offer = ResourceOffer(resources: resources, count: 1)
    let bid = Bid(
      order: Digest.blake2b(writer.bytes),
      provider: key.address,
      groups: [
        .init(sequence: 1, price: DecimalCoin(Decimal18(raw: 5_000_000_000), .uakt), offer: [offer])
      ],
      expiresAt: GossipScenario.time.advanced(byMilliseconds: 300_000)
    )
    return SignedObject(kind: .bid, body: bid.encoded, signer: key, chain: chain)
  }

  private func beginCounting() {
    isCounting = true
    measure.beginCounting(at: now, figures: peers.map(\.machine.figures))
  }

  /// For each peer, whether a path of sessions between honest peers leads to it from the origin.
  private func connected(to origin: Int) -> [Bool] {
    var reached = Array(repeating: false, count: measure.capacity)
    reached[origin] = true
    var open = [origin]
    while let next = open.popLast() {
      for other in peers[next].sessions.keys where !reached[other] && peers[other].isHonest {
        guard peers[other].sessions[next] != nil else { continue }
        reached[other] = true
        open.append(other)
      }
    }
    return reached
  }
}
