import Chain
import Consensus
import Cryptography
import Primitives

@testable import Simulator

/// Several machines under one virtual clock, with the simulator's queue and its network that delays, loses, repeats
/// and reorders, disks that forget what was not synced, and validators that lie. One seed gives one run.
final class Network {
  struct Options {
    var count = 4
    var heights: Height = 2
    /// Milliseconds; until then the network misbehaves.
    var healsAt: UInt64 = 0
    /// Delays always; losses, repetitions and disorder until the network heals; how far clocks differ.
    var faults = FaultPlan.none
    /// Crashes and restarts of honest nodes before healing.
    var crashes = 0
    /// False shows what happens without pushed certificates and answers to statuses.
    var spreadsCertificates = true
    var recordsFingerprints = false
    /// Of all honest validators.
    var mutation: Mutation?
  }

  struct KnownBlock {
    var height: Height
    var time: Timestamp
    var isValid: Bool
  }

  enum Event {
    case deliver(Message, from: Int, to: Int)
    /// A local answer; void when the node crashed meanwhile.
    case local(Input, node: Int, incarnation: Int)
    case fetch(Digest, Height, node: Int, incarnation: Int)
    case crash(node: Int)
    case restart(node: Int)
    case attack(node: Int)
  }

  let options: Options
  let seed: UInt64
  var generator: SeededGenerator
  private(set) var now = Instant.zero
  private var events: EventQueue<Event>
  private var links: NetworkModel
  let nodes: [ConsensusNode]
  /// Nil is honest.
  let strategies: [Strategy?]
  /// Honest nodes that have not decided the last height.
  private var undecided = 0
  var blocks: [Digest: KnownBlock] = [:]
  var sets: [ValidatorSet]
  var decisions: [Height: Digest] = [:]
  var violations: [String] = []
  var deliveries = 0
  var evidence = 0
  var highestRound: Round = 0
  /// Nil delivers; tests of scripted attacks hold messages back.
  var drops: ((Message, _ from: Int, _ to: Int) -> Bool)?

  init(seed: UInt64, options: Options, byzantine: [Int: Strategy] = [:]) {
    self.seed = seed
    self.options = options
    generator = SeededGenerator(seed: seed)
    events = EventQueue(seed: seed)
    links = NetworkModel(count: options.count, plan: options.faults, seed: seed)
    var set = Fixture.validators(options.count)
    sets = [set, set]
    for _ in 0..<options.heights + 12 {
      set.advance()
      sets.append(set)
    }
    strategies = (0..<options.count).map { byzantine[$0] }
    undecided = strategies.filter { $0 == nil }.count
    nodes = (0..<options.count).map {
      ConsensusNode(number: $0, strategy: byzantine[$0], mutation: options.mutation)
    }
    for number in nodes.indices where options.faults.skewMilliseconds > 0 {
      nodes[number].skew = generator.next(below: options.faults.skewMilliseconds)
    }
    for number in nodes.indices {
      begin(1, node: number)
      schedule(.local(.workAvailable, node: number, incarnation: 0), after: random(300))
      if strategies[number] != nil { schedule(.attack(node: number), after: random(100)) }
    }
    let honest = nodes.indices.filter { strategies[$0] == nil }
    for _ in 0..<options.crashes where options.healsAt > 0 {
      let node = honest[Int(generator.next(below: UInt64(honest.count)))]
      let moment = random(options.healsAt)
      schedule(.crash(node: node), after: moment)
      schedule(.restart(node: node), after: moment + 1 + random(500))
    }
  }

  /// Since the beginning.
  var milliseconds: UInt64 { now.nanoseconds / 1_000_000 }
  var honest: [ConsensusNode] { nodes.filter { $0.strategy == nil } }
  var isDone: Bool { undecided == 0 }

  func random(_ bound: UInt64) -> UInt64 { bound == 0 ? 0 : generator.next(below: bound) }

  /// - Parameters:
  ///   - event: what happens.
  ///   - milliseconds: from now.
  func schedule(_ event: Event, after milliseconds: UInt64) {
    events.insert(event, at: now + .milliseconds(milliseconds))
  }

  func send(_ message: Message, from node: Int, to target: Int) {
    if let drops, drops(message, node, target) { return }
    links.isUnreliable = milliseconds < options.healsAt
    let (arrival, repetition) = links.arrivals(from: node, to: target, at: now)
    for nanoseconds in [arrival, repetition].compactMap({ $0 }) {
      events.insert(.deliver(message, from: node, to: target), at: Instant(nanoseconds: nanoseconds))
    }
  }

  func wallClock(_ node: Int) -> Timestamp {
    Timestamp(milliseconds: 10_000_000 + milliseconds + nodes[node].skew)
  }

  /// Runs until everything is decided or `milliseconds` of virtual time have passed.
  func run(until milliseconds: UInt64) {
    let end = Instant.zero + .milliseconds(milliseconds)
    while !isDone, violations.isEmpty, let (time, event) = events.next(until: end) {
      now = time
      handle(event)
    }
    if !isDone, violations.isEmpty { now = max(now, end) }
  }

  private func handle(_ event: Event) {
    switch event {
    case .deliver(let message, let from, let to): receive(message, from: from, to: to)
    case .local(let input, let node, let incarnation):
      guard nodes[node].isUp, nodes[node].incarnation == incarnation else { return }
      step(input, node: node)
    case .fetch(let block, let height, let node, let incarnation):
      guard nodes[node].isUp, nodes[node].incarnation == incarnation else { return }
      fetch(block, height, node: node)
    case .crash(let node): crash(node)
    case .restart(let node): restart(node)
    case .attack(let node): attack(node)
    }
  }

  func step(_ input: Input, node: Int) {
    var turn = Tendermint.Turn(at: now)
    nodes[node].machine.step(input, &turn)
    highestRound = max(highestRound, nodes[node].machine.round)
    for effect in turn.effects { perform(effect, node: node) }
    if options.recordsFingerprints, strategies[node] == nil {
      let log = nodes[node].log.count
      if log > 0 { nodes[node].fingerprints[log] = nodes[node].machine.fingerprint }
    }
  }

  // MARK: Heights

  func begin(_ height: Height, node: Int) {
    let previous = decisions[height - 1].flatMap { blocks[$0] }
    let start = HeightStart(
      height: height,
      validators: sets[Int(height)],
      previousTime: previous?.time ?? Timestamp(milliseconds: 9_000_000),
      lastCommit: nodes[node].commits[height - 1]
    )
    step(.beginHeight(start), node: node)
    let incarnation = nodes[node].incarnation
    if height > 1, random(4) > 0 {
      schedule(.local(.workAvailable, node: node, incarnation: incarnation), after: random(100))
    }
  }

  func decide(_ height: Height, _ block: Digest, _ certificate: Certificate, node: Int) {
    guard strategies[node] == nil else {
      nodes[node].commits[height] = certificate
      schedule(
        .local(.beginHeight(startOf(height + 1, node)), node: node, incarnation: nodes[node].incarnation),
        after: 1
      )
      return
    }
    if let other = decisions[height], other != block {
      violations.append("agreement: two blocks at height \(height)")
    }
    if blocks[block]?.isValid != true || blocks[block]?.height != height {
      violations.append("validity: a bad block at height \(height)")
    }
    do {
      try sets[Int(height)].verify(certificate, chain: Fixture.chain, using: Fixture.check)
    } catch {
      violations.append("certificate: \(error)")
    }
    if let time = blocks[block]?.time {
      // An honest validator found it timely; clocks are at most `skewMilliseconds` ahead.
      let latest = 10_000_000 + milliseconds + options.faults.skewMilliseconds + 500
      if time.milliseconds > latest { violations.append("time: a block from the future at height \(height)") }
    }
    decisions[height] = block
    if height == options.heights, nodes[node].decided[height] == nil { undecided -= 1 }
    nodes[node].decided[height] = block
    nodes[node].commits[height] = certificate
    guard height < options.heights else { return }
    schedule(
      .local(.beginHeight(startOf(height + 1, node)), node: node, incarnation: nodes[node].incarnation),
      after: 1 + random(10)
    )
    if random(4) > 0 {
      schedule(
        .local(.workAvailable, node: node, incarnation: nodes[node].incarnation),
        after: 12 + random(100)
      )
    }
  }

  private func startOf(_ height: Height, _ node: Int) -> HeightStart {
    let previous = decisions[height - 1].flatMap { blocks[$0] }
    return HeightStart(
      height: height,
      validators: sets[Int(min(height, Height(sets.count - 1)))],
      previousTime: previous?.time ?? Timestamp(milliseconds: 9_000_000),
      lastCommit: nodes[node].commits[height - 1]
    )
  }

  // MARK: Blocks

  func makeBlock(_ height: Height, by node: Int, isValid: Bool = true) -> (Digest, Timestamp) {
    let block = Fixture.block(UInt64(blocks.count) << 8 | UInt64(node))
    let previous = decisions[height - 1].flatMap { blocks[$0]?.time } ?? Timestamp(milliseconds: 9_000_000)
    var time = max(wallClock(node), previous.advanced(byMilliseconds: 1))
    if strategies[node]?.liesAboutTime == true, random(2) == 0 {
      time = time.advanced(byMilliseconds: 5_000 + random(60_000))
    }
    blocks[block] = KnownBlock(height: height, time: time, isValid: isValid)
    nodes[node].store.insert(block)
    return (block, time)
  }

  /// Gets the block from any honest node that has it, sooner or later.
  private func fetch(_ block: Digest, _ height: Height, node: Int) {
    guard nodes[node].machine.height == height else { return }
    let incarnation = nodes[node].incarnation
    let isHeld =
      nodes[node].store.contains(block)
      || nodes.contains { $0.strategy == nil && $0.isUp && $0.store.contains(block) }
    guard isHeld else {
      return schedule(.fetch(block, height, node: node, incarnation: incarnation), after: 100)
    }
    nodes[node].store.insert(block)
    let known = blocks[block]
    let isValid = known?.isValid == true && known?.height == height
    schedule(
      .local(.blockValidated(block, isValid: isValid), node: node, incarnation: incarnation),
      after: 1 + random(10)
    )
  }

  // MARK: Crashes

  private func crash(_ number: Int) {
    guard nodes[number].isUp else { return }
    nodes[number].isUp = false
    nodes[number].incarnation += 1
    // What was not synced survives in part.
    let kept = nodes[number].synced + Int(random(UInt64(nodes[number].log.count - nodes[number].synced) + 1))
    nodes[number].log.removeSubrange(kept...)
  }

  private func restart(_ number: Int) {
    guard !nodes[number].isUp else { return }
    nodes[number].isUp = true
    let configuration = Fixture.configuration(number)
    let newest = nodes[number].decided.keys.max() ?? 0
    nodes[number].machine = Mutant(Tendermint(configuration: configuration), options.mutation)
    if newest >= options.heights { return }
    let replayed = Tendermint.replay(nodes[number].log, configuration: configuration)
    guard replayed.height > newest else { return begin(newest + 1, node: number) }
    nodes[number].machine = Mutant(replayed, options.mutation)
    var turn = Tendermint.Turn(at: now)
    nodes[number].machine.resume(&turn)
    for effect in turn.effects { perform(effect, node: number) }
    schedule(
      .local(.workAvailable, node: number, incarnation: nodes[number].incarnation),
      after: random(100)
    )
  }
}
