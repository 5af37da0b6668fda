import Cryptography
import Primitives

@testable import Transport

/// Two or more endpoints with a wire between them that a test can listen to, cut and change.
final class DatagramWire {
  var endpoints: [IPEndpoint: DatagramEndpoint] = [:]
  var delivered: [(to: PeerID, from: PeerID, bytes: [UInt8])] = []
  var ups: [PeerID: [PeerID]] = [:]
  var downs: [PeerID: [PeerID]] = [:]
  /// What a node was told of its sessions' use.
  var usable: [PeerID: [Bool]] = [:]
  var recorded: [(bytes: [UInt8], from: IPEndpoint, to: IPEndpoint)] = []
  /// Whether a datagram is lost.
  var loses: ([UInt8]) -> Bool = { _ in false }
  var now = Fixture.start

  func add(_ seed: UInt8, network: NetworkIdentity = Fixture.network, _ settings: DatagramSettings = .testnet)
    -> (DatagramEndpoint, IPEndpoint)
  {
    let address = IPEndpoint(address: IPAddress(v4: 0x0A00_0000 | UInt32(seed)), port: 9_000)
    let endpoint = DatagramEndpoint(
      identity: Fixture.key(seed),
      network: network,
      settings: settings,
      epochNanoseconds: 1_700_000_000_000_000_000,
      at: now
    )
    endpoints[address] = endpoint
    return (endpoint, address)
  }

  func perform(_ effects: [DatagramEndpoint.Effect], of address: IPEndpoint) {
    guard let sender = endpoints[address] else { return }
    let me = sender.identity.publicKey
    for effect in effects {
      switch effect {
      case .transmit(let bytes, let target):
        recorded.append((bytes, address, target))
        if !loses(bytes) { pass(bytes, from: address, to: target) }
      case .compute(let step):
        let outcome = step.run(as: sender.identity, on: sender.network, at: now)
        run(address) { $0.conclude(outcome, &$1) }
      case .deliver(let peer, let bytes): delivered.append((me, peer, bytes))
      case .up(let peer): ups[me, default: []].append(peer)
      case .down(let peer): downs[me, default: []].append(peer)
      case .usable(_, let isUsable): usable[me, default: []].append(isUsable)
      }
    }
  }

  func pass(_ bytes: [UInt8], from source: IPEndpoint, to target: IPEndpoint) {
    guard let endpoint = endpoints[target] else { return }
    var turn = DatagramEndpoint.Turn(at: now)
    endpoint.receive(bytes, from: source, &turn)
    perform(turn.effects, of: target)
  }

  func run(_ address: IPEndpoint, _ body: (DatagramEndpoint, inout DatagramEndpoint.Turn) -> Void) {
    guard let endpoint = endpoints[address] else { return }
    var turn = DatagramEndpoint.Turn(at: now)
    body(endpoint, &turn)
    perform(turn.effects, of: address)
  }

  func open(_ from: IPEndpoint, to target: IPEndpoint) {
    guard let key = endpoints[target]?.identity.publicKey else { return }
    run(from) { $0.open(key, at: target, &$1) }
  }

  func send(_ from: IPEndpoint, to target: IPEndpoint, _ bytes: [UInt8]) -> Bool {
    guard let key = endpoints[target]?.identity.publicKey else { return false }
    var isSent = false
    run(from) { isSent = $0.send(key, bytes, &$1) }
    return isSent
  }

  /// Sends so many datagrams in each of some seconds.
  func send(_ perSecond: Int, seconds: Int, from: IPEndpoint, to target: IPEndpoint) {
    for _ in 0..<seconds {
      for _ in 0..<perSecond { _ = send(from, to: target, [0]) }
      pass(seconds: 1)
    }
  }

  /// From now on one in so many of the datagrams that owners send is lost.
  func loseData(every number: Int) {
    var count = 0
    loses = { bytes in
      guard bytes[0] == DatagramMessage.data else { return false }
      count += 1
      return count % number == 0
    }
  }

  /// Lets time pass, with a tick each 100 ms.
  func pass(seconds: UInt64) {
    let addresses = endpoints.keys.sorted { $0.address.low < $1.address.low }
    for _ in 0..<seconds * 10 {
      now = now + .milliseconds(100)
      for address in addresses { run(address) { $0.tick(&$1) } }
    }
  }

  func drops(_ endpoint: DatagramEndpoint, _ drop: DatagramDrop) -> Int { endpoint.drops[drop] ?? 0 }
}
