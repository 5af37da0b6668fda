import API
import Chain
import Cryptography
import Foundation
import Gossip
import NIOCore
import NIOPosix
import Node
import Primitives
import Replication
import Synchronization
import Transport
import Wire

/// The node that is measured.
struct VotesTarget: Sendable {
  let address: NetworkAddress
  let key: PublicKey
  let network: Genesis

  /// Starts an endpoint that only dials and does not listen.
  func endpoint(
    _ key: SigningKey,
    hello: [UInt8],
    on group: MultiThreadedEventLoopGroup,
    handler: @escaping @Sendable ([TransportEvent]) -> Void
  ) async throws -> Transport.Endpoint {
    var configuration = TransportConfiguration(network, LocalIdentity(node: key), listen: nil)
    configuration.hello = hello
    return try await Transport.Endpoint.start(configuration, on: group, handler: handler)
  }

  /// The reply to a gossip ping, by which the node checks that a peer is alive; nil for other frames.
  func reply(to type: UInt8, _ bytes: [UInt8]) -> [UInt8]? {
    guard type == FrameKind.probe.rawValue,
      case .probe(.ping)? = try? GossipMessage(kind: .probe, bytes: bytes, chain: network.chain)
    else { return nil }
    return GossipMessage.probe(.ack).encoded
  }
}

/// A validator that sends votes. Each vote is followed by a request, and the time until the answer is
/// measured.
final class VotesVoter: Sendable {
  struct Result {
    var latencies = Latencies()
    var unanswered = 0
  }

  private struct State {
    var endpoint: Transport.Endpoint?
    var isConnected = false
    var block: Digest?
    var waiter: CheckedContinuation<NIODeadline?, Never>?
    /// The round of the next vote. Each vote has a new round, so that the node checks its signature.
    var round: Round = 0
  }

  private let key: SigningKey
  private let index: ValidatorIndex
  private let target: VotesTarget
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let state = Mutex(State())

  private init(key: SigningKey, index: ValidatorIndex, target: VotesTarget) {
    self.key = key
    self.index = index
    self.target = target
  }

  static func start(home: Home, target: VotesTarget, tip: Tip) async throws -> VotesVoter {
    let (node, consensus) = (try home.machineKey("node"), try home.consensusKey())
    guard let index = tip.validators.index(ofKey: consensus.publicKey) else {
      throw Failure("the voter is not a validator")
    }
    let voter = VotesVoter(key: consensus, index: index, target: target)
    let voucher = NodeVoucher(
      for: node.publicKey,
      as: .validator,
      by: consensus,
      expiresAt: Timestamp.now.advanced(byMilliseconds: NodeVoucher.lifetime),
      chain: target.network.chain
    )
    let hello = [UInt8(truncatingIfNeeded: NodeRecord.Role.validator.rawValue)] + voucher.encoded
    let endpoint = try await target.endpoint(node, hello: hello, on: voter.group) { [weak voter] events in
      for event in events { voter?.handle(event) }
    }
    voter.state.withLock { $0.endpoint = endpoint }
    // The voter's thread gets the same priority as the node's, so that waiting for a core is not measured.
    try await voter.group.next().submit { ThreadUsage.prioritize(0) }.get()
    return voter
  }

  func stop() async {
    await state.withLock { $0.endpoint }?.shutdown()
    try? await group.shutdownGracefully()
  }

  private func handle(_ event: TransportEvent) {
    switch event {
    case .connected: state.withLock { $0.isConnected = true }
    case .disconnected: state.withLock { $0.isConnected = false }
    case .frame(_, let type, let bytes):
      switch FrameKind(rawValue: type) {
      case .candidate: answered()
      case .proposal: proposed(.proposal, bytes)
      case .compactProposal: proposed(.compactProposal, bytes)
      default: if let reply = target.reply(to: type, bytes) { send(.probe, reply, class: .gossip) }
      }
    default: break
    }
  }

  private func proposed(_ kind: FrameKind, _ bytes: [UInt8]) {
    switch try? PeerMessage(kind: kind, bytes: bytes) {
    case .proposal(let proposal, _), .compactProposal(let proposal, _):
      state.withLock { $0.block = $0.block ?? proposal.block }
    default: break
    }
  }

  private func answered() {
    let now = NIODeadline.now()
    let waiter = state.withLock { $0.waiter.take() }
    waiter?.resume(returning: now)
  }

  func connect() async throws {
    state.withLock { $0.endpoint }?.dial(target.address, expecting: .key(target.key))
    try await wait("the node does not let a validator in") { $0.isConnected }
  }

  func awaitBlock() async throws {
    try await wait("the node proposes no block") { $0.block != nil }
  }

  private func wait(_ failure: String, _ condition: (State) -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < deadline {
      if state.withLock({ condition($0) }) { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw Failure(failure, why: "it did not within 30 s")
  }

  private func send(_ kind: FrameKind, _ bytes: [UInt8], class traffic: TrafficClass) {
    let endpoint = state.withLock { $0.endpoint }
    endpoint?.send(to: target.key, type: kind.rawValue, bytes: bytes, class: traffic)
  }

  /// Sends up to `rate` votes a second. A vote is sent only when the previous one was answered or timed out.
  func vote(rate: UInt64, seconds: UInt64) async throws -> Result {
    var result = Result()
    let interval = Duration.seconds(1) / Int(rate)
    let deadline = ContinuousClock.now + .seconds(Int64(seconds))
    while ContinuousClock.now < deadline {
      guard state.withLock({ $0.isConnected }) else { throw Failure("the node ended the voter's session") }
      let next = ContinuousClock.now + interval
      if let seconds = await voteOnce() {
        result.latencies.add(seconds)
      } else {
        result.unanswered += 1
      }
      try await Task.sleep(until: next)
    }
    return result
  }

  /// Sends a vote and a request. Returns the seconds from their submission until the answer; nil when none
  /// came within a second.
  private func voteOnce() async -> Double? {
    let (endpoint, block, round) = state.withLock { state in
      defer { state.round += 1 }
      return (state.endpoint, state.block, state.round)
    }
    guard let endpoint, let block else { return nil }
    let body = Vote.signBody(height: 1, round: round, validRound: nil, block: nil)
    let vote = Vote(
      kind: .prevote,
      height: 1,
      round: round,
      validRound: nil,
      block: nil,
      validator: index,
      signature: key.sign(domain: .prevote, chain: target.network.chain.text, body)
    )
    let messages = [PeerMessage.votes([vote]), .candidateRequest(block, 1)].map { message in
      OutboundMessage(to: target.key, type: message.kind.rawValue, bytes: message.encoded, class: .consensus)
    }
    let timer = Task {
      try await Task.sleep(for: .seconds(1))
      state.withLock { $0.waiter.take() }?.resume(returning: nil)
    }
    defer { timer.cancel() }
    let began = NIODeadline.now()
    let ended = await withCheckedContinuation { continuation in
      state.withLock { $0.waiter = continuation }
      endpoint.send(messages)
    }
    return ended.map { Double(($0 - began).nanoseconds) / 1e9 }
  }
}

/// Full nodes that send frames of transactions as fast as the measured node reads them.
final class VotesFlood: Sendable {
  /// The size of a frame, in bytes: slightly below that of the pieces in which the transport sends large
  /// messages.
  private static let frameBytes = 60 << 10
  /// How many frames are offered to each link every two milliseconds.
  private static let framesPerRound = 8

  private let endpoints: [Transport.Endpoint]
  private let target: VotesTarget
  private let group: MultiThreadedEventLoopGroup
  private let frame: [UInt8]
  private let isRunning = Atomic(false)

  private init(
    _ endpoints: [Transport.Endpoint],
    _ target: VotesTarget,
    _ group: MultiThreadedEventLoopGroup,
    _ frame: [UInt8]
  ) {
    self.endpoints = endpoints
    self.target = target
    self.group = group
    self.frame = frame
  }

  static func start(links: Int, target: VotesTarget) async throws -> VotesFlood {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let open = Mutex(Set<Int>())
    var endpoints: [Transport.Endpoint] = []
    let hello = [UInt8(truncatingIfNeeded: NodeRecord.Role.full.rawValue)]
    for link in 0..<links {
      // The handler needs the endpoint, which exists a moment later.
      let holder = Mutex<Transport.Endpoint?>(nil)
      let endpoint = try await target.endpoint(SigningKey.generate(), hello: hello, on: group) { events in
        for event in events {
          switch event {
          case .connected: open.withLock { _ = $0.insert(link) }
          case .disconnected: open.withLock { _ = $0.remove(link) }
          case .frame(let peer, let type, let bytes):
            guard let reply = target.reply(to: type, bytes) else { continue }
            holder.withLock { $0 }?.send(to: peer, type: type, bytes: reply, class: .consensus)
          default: break
          }
        }
      }
      holder.withLock { $0 = endpoint }
      endpoint.dial(target.address, expecting: .key(target.key))
      endpoints.append(endpoint)
    }
    let deadline = ContinuousClock.now + .seconds(30)
    while open.withLock({ $0.count }) < links {
      guard ContinuousClock.now < deadline else {
        throw Failure("the node lets only \(open.withLock { $0.count }) of \(links) links in")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
    return VotesFlood(endpoints, target, group, try frame(on: target.network.chain))
  }

  /// A full frame of transactions with valid signatures, whose account has no coins.
  private static func frame(on chain: ChainID) throws -> [UInt8] {
    let key = SigningKey.generate()
    var (transactions, size, sequence): ([[UInt8]], Int, UInt64) = ([], 0, 0)
    while size < frameBytes {
      let bytes = Transaction.transfer(from: key, sequence: sequence, chain: chain, fee: 1_000).encoded
      transactions.append(bytes)
      size += bytes.count + 4
      sequence += 1
    }
    return PeerMessage.transactions(transactions).encoded
  }

  /// Starts the flood, which continues until `stop`, and returns at once.
  func run() async {
    isRunning.store(true, ordering: .relaxed)
    schedule()
  }

  private func schedule() {
    group.next().scheduleTask(in: .milliseconds(2)) { [self] in
      guard isRunning.load(ordering: .relaxed) else { return }
      // A frame that does not fit into the link's queue is refused there.
      for endpoint in endpoints {
        for _ in 0..<Self.framesPerRound {
          endpoint.send(to: target.key, type: FrameKind.transactions.rawValue, bytes: frame, class: .sync)
        }
      }
      schedule()
    }
  }

  /// The bytes that all links together have sent, including framing and encryption.
  func sentBytes() async -> Int {
    var sum = 0
    for endpoint in endpoints { sum += await endpoint.counters().streamBytesSent }
    return sum
  }

  func stop() async {
    isRunning.store(false, ordering: .relaxed)
    for endpoint in endpoints { await endpoint.shutdown() }
    try? await group.shutdownGracefully()
  }
}
