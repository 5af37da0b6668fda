public import Chain
public import Consensus
import Cryptography
import Gossip
import Primitives
import Wire

struct PeerState: Sendable {
  var role: NodeRecord.Role
  /// The statement of a validator or provider, signed with its key, that this peer is its node. The peer sent it
  /// when it connected, or sent a newer one later. Its signature is verified.
  var voucher: NodeVoucher?
  var status: PeerStatus?
  var servingLimiter = ServingLimiter()
  var statuses = TokenBucket()

  /// The rate at which the statuses of a peer are answered. An honest peer sends one with every height and
  /// round. A status beyond the rate is still stored, and a node that is behind uses it at the next sync
  /// timer, within 100 ms.
  static let statusRate = TokenBucket.Rate(perSecond: 100, burst: 50)
}

struct PeerTable: Sendable {
  private var states: [PeerID: PeerState] = [:]
  /// In ascending order, so that a message to many peers is sent in the same order in every run of a
  /// simulation.
  private(set) var keys: [PeerID] = []

  var count: Int { keys.count }

  mutating func connect(_ peer: PeerID, _ state: PeerState) {
    guard states.updateValue(state, forKey: peer) == nil else { return }
    keys.insert(peer, at: keys.partitioningIndex { $0 >= peer })
  }

  mutating func disconnect(_ peer: PeerID) {
    if states.removeValue(forKey: peer) != nil { keys.remove(at: keys.partitioningIndex { $0 >= peer }) }
  }

  /// The data of a peer; nil when it is not connected. Only a connected peer may be set, and never to nil.
  subscript(peer: PeerID) -> PeerState? {
    get { states[peer] }
    _modify {
      yield &states[peer]
      precondition(states.count == keys.count, "peers come and go by connect and disconnect")
    }
  }

  /// Stores the status of a peer. False when the peer is not connected or has sent more statuses than
  /// `statusRate` allows.
  mutating func setStatus(_ status: PeerStatus, from peer: PeerID, at now: Instant) -> Bool {
    guard let index = states.index(forKey: peer) else { return false }
    states.values[index].status = status
    return states.values[index].statuses.take(at: now, PeerState.statusRate)
  }

  /// The committed height that a peer reported last; 0 when it has not sent a status.
  func committed(by peer: PeerID) -> Height {
    guard let index = states.index(forKey: peer) else { return 0 }
    return states.values[index].status?.committed ?? 0
  }
}

/// Limits the bytes of proposed blocks that one peer gets, since a short request causes an answer of
/// megabytes.
///
/// An honest validator asks for a block once, when its proposal or some of its transactions did not arrive.
/// 16 MiB at once and 4 MiB per second are enough for that. Requests beyond the limit are not answered; the
/// peer can ask others.
struct ServingLimiter: Hashable, Sendable {
  /// The rate in bytes per second, and the burst in bytes.
  static let rate = TokenBucket.Rate(perSecond: 4 << 20, burst: 16 << 20)
  /// The bytes that every answer costs in addition to its length.
  static let overhead: UInt64 = 4 << 10

  private var bucket = TokenBucket()

  /// Whether an answer of `bytes` may be sent now. If so, it counts against the limit.
  mutating func take(_ bytes: Int, at now: Instant) -> Bool {
    bucket.take(UInt64(bytes) + Self.overhead, at: now, Self.rate)
  }
}

/// The progress that a peer reports of itself. It is not proven, so it decides only which peer to ask and what
/// to send to this peer.
public struct PeerStatus: Hashable, Sendable {
  /// The newest committed height.
  public var committed: Height
  /// The lowest height whose block the peer can serve.
  public var base: Height
  /// The peer's progress in the current height; nil if it is not a validator.
  public var consensusStatus: ConsensusStatus?

  public init(committed: Height, base: Height, consensusStatus: ConsensusStatus? = nil) {
    self.committed = committed
    self.base = base
    self.consensusStatus = consensusStatus
  }

  var encoded: [UInt8] {
    Supercloud_Peer_V1_Status.filled {
      $0.committed = committed
      $0.base = base
      if let consensusStatus {
        $0.standing = .filled {
          $0.height = consensusStatus.height
          $0.round = consensusStatus.round
          $0.step = UInt32(consensusStatus.step.rawValue)
          $0.validRound = consensusStatus.validRound.map { $0 &+ 1 } ?? 0
          $0.prevotes = .init(wire: consensusStatus.prevotes)
          $0.precommits = .init(wire: consensusStatus.precommits)
        }
      }
    }.encoded
  }

  init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Supercloud_Peer_V1_Status(decoding: bytes, limit: FrameKind.status.limit)
    var consensusStatus: ConsensusStatus?
    if wire.hasStanding {
      let found = wire.standing
      guard let step = UInt8(exactly: found.step).flatMap(Step.init(rawValue:)) else {
        throw .outOfRange(field: "step")
      }
      guard found.height <= ChainLimits.height, found.round <= ChainLimits.round,
        found.validRound <= found.round + 1
      else { throw .outOfRange(field: "standing") }
      guard found.prevotes.count <= 128, found.precommits.count <= 128 else {
        throw .outOfRange(field: "votes")
      }
      consensusStatus = ConsensusStatus(
        height: found.height,
        round: found.round,
        step: step,
        validRound: found.validRound == 0 ? nil : found.validRound - 1,
        prevotes: found.prevotes.array,
        precommits: found.precommits.array
      )
    }
    guard wire.committed <= ChainLimits.height else { throw .outOfRange(field: "committed") }
    self.init(committed: wire.committed, base: wire.base, consensusStatus: consensusStatus)
  }
}
