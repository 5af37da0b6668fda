public import Chain
public import Consensus
public import Cryptography
public import Gossip
public import Ledger
public import Primitives
import Wire

/// The identifier of a request of this node's own users. The caller chooses it, and the effect that answers
/// the request repeats it.
public struct Ticket: Hashable, Sendable {
  public var number: UInt64

  public init(_ number: UInt64) { self.number = number }
}

/// Everything that a replica reacts to.
///
/// Large cases are indirect to keep the type small, since inputs are stored in queues.
public enum ReplicaInput: Sendable {
  /// The consensus log and the evidence that no block contains yet, both stored before a restart. Must come
  /// before `started`.
  case recovered(log: [ReplicaRecord], evidence: [Evidence])
  /// The gossip data that was stored before a restart. Must come before `started`. Answered by
  /// `ReplicaAnswer.restored`.
  indirect case gossipRecovered(PersistedGossip, Ticket)
  /// Recovery is complete and the network is ready: the replica starts to act.
  case started
  /// A session with a peer is open. `role` is only a claim. The signature of `voucher` is verified, but not
  /// whether it is in force.
  indirect case connected(PeerID, Connection, role: NodeRecord.Role, voucher: NodeVoucher? = nil)
  case disconnected(PeerID)
  /// A dial that the replica asked for failed.
  case dialFailed(Dial)
  /// A message of a peer, decoded but with unverified signatures.
  case message(PeerMessage, from: PeerID)
  case gossip(GossipMessage, from: PeerID)
  /// Transactions that a peer sent, with verified signatures.
  case transactions([Transaction], from: PeerID)
  /// Transactions of this node's own users in their order, with verified signatures. Answered by
  /// `ReplicaAnswer.admitted`.
  case submitted([Transaction], Ticket)
  /// An object of this node or its users with a verified signature, for the order book and for peers.
  /// Answered by `ReplicaAnswer.published`.
  case published(SignedObject, Ticket)
  /// The answer to `.verifyTransactions`: the decoded transactions, or nil when one of them is not authentic.
  case transactionsVerified(block: Digest, [Transaction]?)
  /// The answer to `.verify`: the decoded body of the object, or nil when a signature is invalid.
  case objectVerified(Digest, ObjectContent?)
  /// The interval of a timer that `.schedule` started is over.
  case timeout(ReplicaTimer)
  /// The answer to `.sign`, after the signing guard allowed it and the log was synced.
  indirect case signed(SignedMessage)
  /// The answer to `.commit`: the block of this height and all before it are on disk.
  case durable(Height)
  /// The blocks below this height were deleted. The replica no longer offers them to peers.
  case pruned(below: Height)
  /// A peer broke a rule of the transport or sent bytes that cannot be decoded.
  case misbehaved(PeerID, Fault)
  /// The end of the inputs that arrived together. The replica now sends the messages that it gathered for
  /// them.
  case batchEnded
}

/// A timer of the replica.
public enum ReplicaTimer: Hashable, Sendable {
  case consensus(Consensus.Timer)
  case gossip(GossipCore.Timer, at: Instant)
  /// The replica checks whether to ask peers for blocks.
  case sync
  /// The replica checks whether the ledger has work that is due.
  case work
  /// The replica executes a proposed block, as soon as more urgent inputs are handled.
  case execution(Digest)
  /// The replica stops waiting for the missing transactions of a compact block.
  case assembly(Digest)
  /// The replica announces transactions to peers and asks for announced ones that have not arrived.
  case transactions
}

/// What a replica asks its caller to do. The caller performs effects in their order. All its duties, with the
/// test that notices when one is neglected, stand in `Sources/README.md`, "Duties at the seams".
public enum ReplicaEffect: Sendable {
  /// Send a message to each of the peers, in their order.
  case send(PeerMessage, to: [PeerID])
  /// Send a message of gossip to one peer. Unlike `send` it names one receiver, because a packet differs from
  /// link to link: it has only what this peer is to be sent, and the digests in it are hashed under the
  /// receiver's key.
  case sendGossip(GossipMessage, to: PeerID, via: GossipCore.Delivery)
  /// Append the record to the consensus log. It must be durable before a later `.sign` is answered; nothing is
  /// reported back.
  case log(ReplicaRecord)
  /// Sign a message with this node's consensus key, as `Consensus.Effect.sign` describes. Answer with
  /// `ReplicaInput.signed` only when all records and commits before it are durable and the guard has recorded
  /// the signature, since the replica sends the message at once. If the guard refuses, give no answer.
  case sign(SigningRequest)
  /// A proposal or vote with a valid signature of this node's own consensus key came from outside. Ask the
  /// guard whether it gave the signature; if not, sign nothing any more. The signature of a vote from a
  /// committed certificate may be unverified.
  indirect case foundOwn(SignedMessage)
  /// Decode transactions of a proposed block and check their signatures, in parallel on other threads. The
  /// hashes are those of the bytes. The answer is `ReplicaInput.transactionsVerified`.
  case verifyTransactions([(hash: Digest, bytes: [UInt8])], block: Digest)
  /// Check the signature of an object and decode its body on another thread. The answer is
  /// `ReplicaInput.objectVerified`.
  case verify(SignedObject)
  /// Write the commit in one synced batch. After the sync, answer with `ReplicaInput.durable`; the replica
  /// then tells peers the height. If the disk fails, nothing is answered any more and the node stops.
  indirect case commit(Commit)
  /// Give `ReplicaInput.timeout` with this timer after the interval.
  case schedule(ReplicaTimer, after: Interval)
  /// Store this evidence across a restart, instead of what was stored before.
  case keepEvidence([Evidence])
  /// Read at most `count` committed blocks from the height `from` on and send them to the peer.
  case serveBlocks(to: PeerID, from: Height, count: UInt32)
  case dial(Dial)
  case disconnect(PeerID, CloseReason)
  /// The known nodes of validators and the consensus keys of the current validators. The transport reserves
  /// connections for them.
  case validatorsKnown(nodes: [PeerID], keys: [PublicKey])
  /// The order book changed. For watchers of the book.
  case bookChanged([OrderBook.Event])
  case alarm(Alarm)
  /// The block of height `before` requires a protocol version that this program does not support. The node
  /// stops once all blocks so far are on disk.
  case upgradeNeeded(version: UInt32, before: Height)
  /// The answer to the input with this ticket. It is one of the effects of the step that handles the input.
  case answer(Ticket, ReplicaAnswer)
  /// Consensus entered a round or a step. For metrics only.
  case enteredRound(Height, Round, Step)
  /// Gossip counted a fault of a peer. For metrics only.
  case faulted(PeerID, Fault)
}

/// An entry of the consensus log.
public enum ReplicaRecord: Hashable, Sendable {
  /// An input of the consensus machine.
  case input(LogRecord)
  /// The bytes of a block that later inputs name by its identifier.
  case block([UInt8])

  /// The bytes for the log: a tag, then the record.
  public var encoded: [UInt8] {
    switch self {
    case .input(let record): [0] + record.encoded
    case .block(let bytes): [1] + bytes
    }
  }

  /// Decodes the bytes of `encoded`.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    switch bytes.first {
    case 0: self = .input(try LogRecord(decoding: Array(bytes.dropFirst())))
    case 1: self = .block(Array(bytes.dropFirst()))
    default: throw .outOfRange(field: "record")
    }
  }
}

/// A decided block with all its effects, to be written in one batch.
public struct Commit: Sendable {
  /// The decided block, its decoded transactions, its commit certificate, and the result of its execution.
  public var block: Block
  public var transactions: [Transaction]
  public var certificate: Certificate
  public var outcome: BlockOutcome
  /// The changed pages of the state tree; nil for a removed page.
  public var pages: [(path: NibblePath, page: StateTreePage?)]
  /// The tip that this block becomes.
  public var tip: Tip
  /// True if this node's consensus machine decided the block, false if block sync fetched it.
  public var isDecidedByConsensus: Bool
  /// The changes that the block made to leases, in the order of its execution.
  public var leases: [LeaseEvent]
}

/// The result of a request of this node's own users.
public enum ReplicaAnswer: Sendable {
  /// The result of each transaction, in their order.
  case admitted([Admission])
  case published(BookOutcome)
  /// The number of restored objects that are live, and the error if the address book cannot be decoded.
  case restored(live: Int, addressBook: DecodingError?)
}

/// The result of inserting an object into the order book.
public enum BookOutcome: Sendable {
  case judged(OrderBook.Outcome<Rejection>)
  /// The body of the object cannot be decoded.
  case malformed

  /// The result in the form in which gossip takes it.
  public var judgement: Judgement {
    switch self {
    case .judged(let outcome): outcome.judgement
    case .malformed: .malformed
    }
  }
}

/// The result of submitting a transaction.
public enum Admission: Hashable, Sendable {
  /// The transaction is in the mempool.
  case accepted
  /// The transaction was in the mempool already.
  case known
  /// The ledger would not execute it.
  case rejected(Rejection)
  /// The mempool did not take it.
  case refused(Mempool.Outcome)
}
