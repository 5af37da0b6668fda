import Chain
import Cryptography
import Gossip
import Primitives
import Testing

@testable import Simulator

/// Cores that dial each other under virtual time, as on one machine: how fast everybody finds everybody.
private struct Discovery {
  enum Event {
    case timer(GossipCore.Timer, Int)
    case frame(GossipMessage, from: Int, to: Int)
    case connected(from: Int, to: Int, Dial)
    case verified(SignedObject, Int)
    case closed(Int, Int)
    case start(Int)
  }

  var cores: [GossipCore] = []
  var links: NetworkModel
  var events: EventQueue<Event>
  var now = Instant.zero
  let keys: [SigningKey]

  init(_ count: Int, outbound: Int, seed: UInt64) {
    print("discovery of \(count) nodes, seed \(seed)")
    links = NetworkModel(count: count, plan: .none, seed: seed)
    events = EventQueue(seed: seed)
    keys = (0..<count).map { key(UInt64($0) + 700) }
    for index in 0..<count {
      var settings = GossipCore.Settings.local
      settings.peers.outbound = outbound
      settings.peers.seeds =
        index == 0 ? [] : [.init(address: Self.address(0), key: keys[0].publicKey)]
      cores.append(
        GossipCore(
          peer: keys[index].publicKey,
          settings: settings,
          seed: seed + UInt64(index),
          at: .zero
        )
      )
      events.insert(.start(index), at: .at(milliseconds: UInt64(index) * 10))
    }
  }

  static func address(_ index: Int) -> String { "127.0.0.1:\(10_000 + index)/\(10_000 + index)" }

  var sessionCount: Int { keys.indices.reduce(0) { $0 + links.sessionPeers(of: $1).count } / 2 }

  mutating func run(until end: Instant) {
    while let (at, event) = events.next(until: end) {
      now = at
      switch event {
      case .start(let index):
        step(index, .committed(.start))
        step(index, .published(record(by: keys[index], addresses: [Self.address(index)])))
        var effects: [GossipCore.Effect] = []
        cores[index].start(at: now, effects: &effects)
        perform(effects, index)
      case .timer(let timer, let index): step(index, .fired(timer))
      case .closed(let index, let other):
        guard links.session(index, other) != 0 else { continue }
        links.close(index, other)
        step(index, .disconnected(keys[other].publicKey))
        step(other, .disconnected(keys[index].publicKey))
      case .verified(let object, let index):
        step(index, .verified(object.identifier, ObjectContent(object)))
      case .frame(let message, let sender, let receiver):
        guard links.session(sender, receiver) != 0 else { continue }
        step(receiver, .received(message, from: keys[sender].publicKey))
      case .connected(let dialer, let other, let dial):
        guard links.open(dialer, other) != nil else {
          step(dialer, .dialFailed(dial))
          continue
        }
        step(
          dialer,
          .connected(
            keys[other].publicKey,
            Connection(direction: .outbound(address: dial.address), host: "127.0.0.1")
          )
        )
        step(
          other,
          .connected(keys[dialer].publicKey, Connection(direction: .inbound, host: "127.0.0.1"))
        )
      }
    }
  }

  private mutating func step(_ index: Int, _ input: GossipCore.Input) {
    var effects: [GossipCore.Effect] = []
    cores[index].step(input, at: now, effects: &effects)
    perform(effects, index)
  }

  private mutating func perform(_ effects: [GossipCore.Effect], _ index: Int) {
    for effect in effects {
      switch effect {
      case .send(let peer, let message, _):
        guard let other = keys.firstIndex(where: { $0.publicKey == peer }) else { continue }
        let (arrival, _) = links.arrivals(from: index, to: other, at: now, isStream: true)
        guard let arrival else { continue }
        events.insert(.frame(message, from: index, to: other), at: Instant(nanoseconds: arrival))
      case .dial(let dial):
        let other = keys.indices.first { Self.address($0) == dial.address } ?? 0
        let handshake = Interval(nanoseconds: links.handshake(index, other))
        events.insert(.connected(from: index, to: other, dial), at: now + handshake)
      case .verify(let object): events.insert(.verified(object, index), at: now + .milliseconds(1))
      case .schedule(let timer, let at): events.insert(.timer(timer, index), at: at)
      case .disconnect(let peer, let reason):
        #expect(reason == .full)
        guard let other = keys.firstIndex(where: { $0.publicKey == peer }) else { continue }
        events.insert(.closed(index, other), at: now + .milliseconds(1))
      case .fault(let peer, let fault): Issue.record("\(index) blames \(peer) for \(fault)")
      case .deliver, .vouched: break
      }
    }
  }
}

@Suite struct PeerDiscoveryTests {
  @Test func `eight nodes find each other from one seed within a second`() {
    var network = Discovery(8, outbound: 8, seed: 0)
    network.run(until: .at(milliseconds: 1_000))
    #expect(network.sessionCount == 8 * 7 / 2)
    #expect(network.cores.allSatisfy { $0.neighbours.count == 7 })
  }

  @Test func `thirty nodes know each other's records within two seconds and have enough sessions`() {
    var network = Discovery(30, outbound: 6, seed: 0)
    network.run(until: .at(milliseconds: 2_000))
    #expect(network.cores.allSatisfy { $0.peers.book.count == 29 })
    #expect(network.cores.allSatisfy { $0.neighbours.count >= 6 })
  }
}
