import Chain
import Consensus
import Cryptography
import Gossip
import Primitives
import Replication
import Wire

extension Shard {
  /// Sends a message of the chain's protocols over an open session; without a session it is dropped.
  func transmit(_ outgoing: OutgoingMessage, from node: SimulatedNode) {
    let (message, target) = (outgoing.message, outgoing.to)
    let session = network.session(node.index, target)
    guard session != 0 else { return }
    count(message.kind, bytes: message.approximateSize)
    let arrivals = network.arrivals(from: node.index, to: target, at: now, extra: outgoing.delay)
    guard arrivals.0 != nil else {
      counters.lost += 1
      return
    }
    let input = outgoing.isDamaged ? damaged(message, from: node) : input(message, from: node)
    send(input, to: target, from: node.index, session: session, at: arrivals)
  }

  /// Sends a gossip message over an open session; without a session it is dropped.
  func transmit(
    _ message: GossipMessage,
    from node: SimulatedNode,
    to peer: PeerID,
    via delivery: GossipCore.Delivery
  ) {
    guard let target = context.index(of: peer) else { return }
    let session = network.session(node.index, target)
    guard session != 0 else { return }
    count(message.kind, bytes: message.encodedSize)
    let arrivals = network.arrivals(from: node.index, to: target, at: now, isStream: delivery == .stream)
    send(.gossip(message, from: node.peer), to: target, from: node.index, session: session, at: arrivals)
  }

  /// Schedules the arrival of a message's copies. Copies for a node of another shard are kept in
  /// `outgoingMessages` until the shards are synchronized.
  private func send(
    _ input: ReplicaInput,
    to target: Int,
    from sender: Int,
    session: UInt32,
    at arrivals: (UInt64?, UInt64?)
  ) {
    let shard = context.shard(of: target)
    for case let at? in [arrivals.0, arrivals.1] {
      let event = Event.arrival(input, to: target, from: sender, session: session)
      let instant = Instant(nanoseconds: at)
      if shard == index {
        queue.insert(event, at: instant)
      } else {
        outgoingMessages[shard].append((instant, event))
      }
    }
  }

  private func count(_ kind: FrameKind, bytes: Int) {
    counters.messages += 1
    counters.bytes += UInt64(bytes)
    counters.byKind[Int(kind.rawValue)] += 1
  }

  /// The input that the message becomes for the receiver's replica. A message that cannot be decoded becomes
  /// an input that reports the sender's misbehaviour.
  private func input(_ message: PeerMessage, from node: SimulatedNode) -> ReplicaInput {
    if case .transactions(let raw) = message { return .transactions(transactions(raw), from: node.peer) }
    guard network.passesCodec() else { return .message(message, from: node.peer) }
    let bytes = message.encoded
    guard let decoded = decoded(bytes, as: message.kind) else {
      if node.isHonest {
        let text = "sends a message of kind \(message.kind) with \(bytes.count) bytes that cannot be decoded"
        report(.violated(.honestPeers, text), at: node)
      }
      return .misbehaved(node.peer, .malformedFrame)
    }
    return .message(decoded, from: node.peer)
  }

  private func decoded(_ bytes: [UInt8], as kind: FrameKind) -> PeerMessage? {
    bytes.count <= kind.limit ? try? PeerMessage(kind: kind, bytes: bytes) : nil
  }

  /// Makes one to four random changes to the encoding: flips a bit, cuts off the end, or inserts a byte.
  private func damaged(_ message: PeerMessage, from node: SimulatedNode) -> ReplicaInput {
    var bytes = message.encoded
    for _ in 0..<1 + generator.next(below: 4) where !bytes.isEmpty {
      let position = Int(generator.next(below: UInt64(bytes.count)))
      switch generator.next(below: 3) {
      case 0: bytes[position] ^= UInt8(1 << generator.next(below: 8))
      case 1: bytes.removeSubrange(position...)
      default: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: position)
      }
    }
    guard let decoded = decoded(bytes, as: message.kind) else {
      return .misbehaved(node.peer, .malformedFrame)
    }
    if case .transactions(let raw) = decoded { return .transactions(transactions(raw), from: node.peer) }
    return .message(decoded, from: node.peer)
  }

  /// The transaction; nil when bytes or signature are invalid. A valid one is checked once for the shard.
  func transaction(_ bytes: [UInt8], hash: Digest) -> Transaction? {
    try? checks.transaction(bytes, hash: hash, on: context.genesis.chain)
  }

  private func transactions(_ raw: [[UInt8]]) -> [Transaction] {
    raw.compactMap { transaction($0, hash: .sha256($0)) }
  }

  /// The input after the scenario's broken rule has changed it; nil when the node ignores it.
  func applyBrokenRule(to input: ReplicaInput, at node: SimulatedNode) -> ReplicaInput? {
    guard let rule = context.scenario.brokenRule, node.isHonest, case .message(let message, let peer) = input
    else { return input }
    switch (rule, message) {
    case (.statusIgnored, .status): return nil
    case (.votesCountedTwice, .votes(let votes)):
      let copies = votes.map { vote in
        var copy = vote
        copy.validator = (vote.validator + 1) % UInt32(context.scenario.validators)
        return copy
      }
      return .message(.votes(votes + copies), from: peer)
    case (.nilCountedAsValue, .votes(let votes)):
      return .message(.votes(votes.map { counted($0, at: node) }), from: peer)
    default: return input
    }
  }

  /// Turns a vote for nil into a vote for the round's proposal.
  private func counted(_ vote: Vote, at node: SimulatedNode) -> Vote {
    guard vote.block == nil, let proposal = node.lastProposal, proposal.height == vote.height,
      proposal.round == vote.round
    else { return vote }
    var changed = vote
    changed.block = proposal.block
    return changed
  }

  /// The time that the node's wall clock shows while it handles `input`; nil for its own time. With the broken
  /// rule `timestampUnchecked` it is the time of the proposal that arrives, so that every block time seems
  /// right.
  func shownTime(to node: SimulatedNode, by input: ReplicaInput) -> Timestamp? {
    guard context.scenario.brokenRule == .timestampUnchecked, node.isHonest,
      case .message(let message, _) = input
    else { return nil }
    switch message {
    case .proposal(_, let bytes): return (try? Block(decoding: bytes))?.header.time
    case .compactProposal(_, let block): return block.header.time
    default: return nil
    }
  }
}
