import Cryptography
import Primitives

/// Whether the links of this node live: its own opinion of its own links, told to nobody as a fact.
/// SWIM spreads such opinions; among strangers a liar could declare anybody dead.
///
/// From SWIM (Das, Gupta, Motivala 2002, § 3.1) comes the indirect probe: before a silent neighbour is given up, others
/// are asked whether it answers them. From Lifeguard (Dadgar, Phillips, Currey 2017, § IV-A) comes the health of the
/// node itself, which stretches its patience while its own probes fail. Two things are added. Whoever hears nothing
/// from anybody blames himself and gives nobody up. And what others say decides only what comes after the end of a
/// session: a link without an answer is of no use either way, so a lie keeps no dead link and ends no live one.
struct Probing: Sendable {
  struct Settings: Hashable, Sendable {
    /// A link is asked after it was silent for so long.
    var silence = Interval.seconds(10)
    /// For an answer, direct or by way of others, at full health.
    var timeout = Interval.seconds(3)
    /// How many others are asked.
    var helpers = 3
  }

  enum Input {
    /// A session of any purpose, a feeler's too, proves that the peer lives.
    case proved(PeerID)
    case linked(PeerID)
    case unlinked(PeerID)
    case received(Probe, from: PeerID)
    /// About once a second.
    case ticked
  }

  enum Effect: Hashable {
    case send(Probe, to: PeerID)
    /// Find out by a dial whether the peer answers: there is no link to it.
    case dial(PeerID)
    /// The link is dead. `isReachable` says whether others had an answer.
    case silent(PeerID, isReachable: Bool)
    case fault(PeerID, Fault)
  }

  typealias Turn = GossipTurn<Effect>

  private enum Stage: Hashable {
    /// Can become `asked`.
    case quiet
    /// Waits for the neighbour itself. Can become `quiet` or `searched`.
    case asked(since: Instant)
    /// Waits for what others say. Can become `quiet`, and ends the link; once more it can become `asked` when
    /// somebody had an answer.
    case searched(since: Instant, helpers: [PeerID], answered: Bool)
  }

  private struct Link {
    var heardAt: Instant
    var stage = Stage.quiet
    /// Others had an answer after the first search.
    var isVouchedFor = false
    var answers = TokenBucket()
    var favours = TokenBucket()

    /// The peer spoke; tells whether it was being looked for.
    mutating func heard(at now: Instant) -> Bool {
      heardAt = now
      guard stage != .quiet else { return false }
      stage = .quiet
      isVouchedFor = false
      return true
    }
  }

  /// Somebody wants to know whether a peer answers us.
  private struct Favour: Hashable {
    let asker: PeerID
    let target: PeerID
    let until: Instant
  }

  static let healthLimit: UInt64 = 3
  /// An honest neighbour asks once in three seconds at most; a slow link may deliver some together.
  static let answerRate = TokenBucket.Rate(perSecond: 1, burst: 8)
  /// Milliseconds of waiting: a favour each five seconds, four at once.
  static let favourRate = TokenBucket.Rate(perSecond: 1_000, burst: 20_000)
  static let favourCost: UInt64 = 5_000
  static let favourLimit = 64

  let settings: Settings
  private var links: [PeerID: Link] = [:]
  private var favours: [Favour] = []
  private var generator: SeededGenerator
  private var tickedAt: Instant
  /// How many times its own timeout this node waits besides: its probes that failed, less those that did not.
  private(set) var health: UInt64 = 0

  init(settings: Settings = Settings(), generator: SeededGenerator, at now: Instant) {
    self.settings = settings
    self.generator = generator
    tickedAt = now
  }

  var patience: Interval { Interval(nanoseconds: settings.timeout.nanoseconds * (1 + health)) }

  /// The peer said anything.
  mutating func heard(_ peer: PeerID, at now: Instant) {
    guard let index = links.index(forKey: peer), links.values[index].heard(at: now) else { return }
    health -= min(health, 1)
  }

  mutating func step(_ input: Input, _ turn: inout Turn) {
    switch input {
    case .proved(let peer): answerFavours(for: peer, &turn)
    case .linked(let peer): links[peer] = Link(heardAt: turn.now)
    case .unlinked(let peer):
      links[peer] = nil
      favours.removeAll { $0.asker == peer }
    case .received(let probe, let peer): received(probe, from: peer, &turn)
    case .ticked: tick(&turn)
    }
  }
}

extension Probing {
  private mutating func received(
    _ probe: Probe,
    from peer: PeerID,
    _ turn: inout Turn
  ) {
    switch probe {
    case .ask:
      guard links[peer]?.answers.take(at: turn.now, Self.answerRate) == true else {
        return turn.effects.append(.fault(peer, .excessiveRequests))
      }
      turn.effects.append(.send(.alive, to: peer))
    case .alive: answerFavours(for: peer, &turn)
    case .search(let target): doFavour(to: peer, target, &turn)
    case .found(let target):
      guard case .searched(let since, let helpers, _)? = links[target]?.stage, helpers.contains(peer) else {
        return
      }
      links[target]?.stage = .searched(since: since, helpers: helpers, answered: true)
    }
  }

  private mutating func doFavour(
    to asker: PeerID,
    _ target: PeerID,
    _ turn: inout Turn
  ) {
    guard links[asker]?.favours.take(Self.favourCost, at: turn.now, Self.favourRate) == true else {
      return turn.effects.append(.fault(asker, .excessiveRequests))
    }
    guard asker != target, favours.count < Self.favourLimit else { return }
    // Asked at the same time by several, it is looked for once.
    let isSought = favours.contains { $0.target == target }
    favours.append(Favour(asker: asker, target: target, until: turn.now + patience))
    guard !isSought else { return }
    turn.effects.append(links[target] == nil ? .dial(target) : .send(.ask, to: target))
  }

  private mutating func answerFavours(for target: PeerID, _ turn: inout Turn) {
    guard favours.contains(where: { $0.target == target }) else { return }
    for favour in favours where favour.target == target {
      turn.effects.append(.send(.found(target), to: favour.asker))
    }
    favours.removeAll { $0.target == target }
  }

  private mutating func tick(_ turn: inout Turn) {
    favours.removeAll { $0.until <= turn.now }
    let pause = turn.now.since(tickedAt)
    tickedAt = turn.now
    guard pause <= settings.timeout else { return excuse(at: turn.now) }
    let due = links.filter { isDue($0.value, at: turn.now) }.keys.sorted()
    for peer in due { advance(peer, &turn) }
  }

  /// This node stood still: what its neighbours said meanwhile has not been read yet.
  private mutating func excuse(at now: Instant) {
    health = min(health + 1, Self.healthLimit)
    for peer in links.keys {
      links[peer]?.heardAt = now
      links[peer]?.stage = .quiet
    }
  }

  private func isDue(_ link: Link, at now: Instant) -> Bool {
    switch link.stage {
    case .quiet: now.since(link.heardAt) >= settings.silence
    case .asked(let since), .searched(let since, _, _): now.since(since) >= patience
    }
  }

  private mutating func choose(from others: [PeerID]) -> [PeerID] {
    var others = others
    var chosen: [PeerID] = []
    while chosen.count < settings.helpers, !others.isEmpty {
      chosen.append(others.remove(at: Int(generator.next(below: UInt64(others.count)))))
    }
    return chosen
  }

  private mutating func advance(_ peer: PeerID, _ turn: inout Turn) {
    guard let link = links[peer] else { return }
    switch link.stage {
    case .quiet:
      links[peer]?.stage = .asked(since: turn.now)
      turn.effects.append(.send(.ask, to: peer))
    case .asked(let since):
      health = min(health + 1, Self.healthLimit)
      let others = links.filter { $0.key != peer && $0.value.heardAt >= since }.keys.sorted()
      // Nobody says anything: the fault may be ours, and the transport's own limit ends what is really dead.
      guard !others.isEmpty else {
        links[peer]?.stage = .quiet
        return
      }
      let helpers = choose(from: others)
      links[peer]?.stage = .searched(since: turn.now, helpers: helpers, answered: false)
      for helper in helpers { turn.effects.append(.send(.search(peer), to: helper)) }
    case .searched(_, _, answered: true) where !link.isVouchedFor:
      // It lives; perhaps the link is only slow. It is asked once more.
      links[peer]?.isVouchedFor = true
      links[peer]?.stage = .asked(since: turn.now)
      turn.effects.append(.send(.ask, to: peer))
    case .searched(_, _, let answered):
      links[peer]?.stage = .quiet
      links[peer]?.heardAt = turn.now
      turn.effects.append(.silent(peer, isReachable: answered || link.isVouchedFor))
    }
  }
}
