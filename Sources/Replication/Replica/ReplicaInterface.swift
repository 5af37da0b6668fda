public import Chain
public import Consensus
public import Cryptography
public import Gossip
public import Ledger
public import Primitives
import Wire

/// Names a request of this node's own users, so that an effect can answer it. Chosen by the shell.
public struct Ticket: Hashable, Sendable {
  public var number: UInt64

  public init(_ number: UInt64) {
    self.number = number
  }
}

/// What happens to a replica, all of it. Small in itself: inputs wait in queues.
public enum ReplicaInput: Sendable {
  /// What the last run left: its consensus log, and proofs of misbehaviour that no block carries yet. Before `started`.
  case recovered(log: [ReplicaRecord], evidence: [Evidence])
  /// What the last run kept of gossip, before `started`; answered by `.restored`.
  indirect case remembered(GossipMemory, Ticket)
  /// The log was replayed and the network is open.
  case started
  /// The role is a claim; `voucher` is authentic, and committed state says what it is worth.
  indirect case connected(PeerID, Connection, role: NodeRecord.Role, voucher: NodeVoucher? = nil)
  case disconnected(PeerID)
  case dialFailed(Dial)
  case message(PeerMessage, from: PeerID)
  case gossip(GossipMessage, from: PeerID)
  /// Authentic transactions of a peer.
  case transactions([Transaction], from: PeerID)
  /// Authentic transactions of this node's own users, in their order; answered by `.admitted`.
  case submitted([Transaction], Ticket)
  /// An authentic object of this node or its users, for the order book and for others; answered by `.published`.
  case published(SignedObject, Ticket)
  /// The answer to `.verifyTransactions`: the transactions of those bytes, or nil when one is not authentic.
  case transactionsVerified(block: Digest, [Transaction]?)
  /// The answer to `.verify`.
  case objectVerified(Digest, isAuthentic: Bool)
  case timeout(ReplicaTimer)
  /// The answer to `.sign`, after the guard's consent and the synced log.
  indirect case signed(SignedMessage)
  /// A commit and everything before it is durable.
  case durable(Height)
  /// Older blocks than this one are deleted: peers are told, and none below is served.
  case pruned(below: Height)
  /// A peer certainly broke a rule of the transport or of a codec.
  case misbehaved(PeerID, Fault)
  /// The inputs that arrived together are handled: what was gathered goes out.
  case batchEnded
}

/// What a replica asks to be woken for.
public enum ReplicaTimer: Hashable, Sendable {
  case consensus(Consensus.Timer)
  case gossip(GossipCore.Timer, at: Instant)
  /// Looks whether blocks have to be asked for.
  case sync
  /// Tells whether work is due by time.
  case work
  /// Votes are under way: executes the block meanwhile.
  case execution(Digest)
  /// Gives up waiting for a compact block's transactions.
  case assembly(Digest)
  /// Names of transactions go out, and what did not come is asked for.
  case transactions
}

/// What a replica wants done, in order.
public enum ReplicaEffect: Sendable {
  /// One message, encoded once, to each of the peers in their order.
  case send(PeerMessage, to: [PeerID])
  case sendGossip(GossipMessage, to: PeerID, via: GossipCore.Delivery)
  /// Append to the consensus log.
  case log(ReplicaRecord)
  /// Ask the guard, append, sync, sign; then give `signed` back.
  case sign(SigningRequest)
  /// Decode and check transactions of a proposed block, off the replica's thread and side by side, then give
  /// `transactionsVerified` back.
  case verifyTransactions([[UInt8]], block: Digest)
  /// Check off the replica's thread, then give `objectVerified` back.
  case verify(SignedObject)
  /// Write in one synced batch, then give `durable` back.
  indirect case commit(Commit)
  case schedule(ReplicaTimer, after: Interval)
  /// Remember these proofs, and no others, across a restart: no block carries them yet.
  case keepEvidence([Evidence])
  /// Read committed blocks and send them.
  case serveBlocks(to: PeerID, from: Height, count: UInt32)
  case dial(Dial)
  case disconnect(PeerID, DisconnectReason)
  /// Node keys of the validators of the set, as far as they are known, and the consensus keys of the set: their
  /// sessions have places of their own.
  case validatorsKnown(nodes: [PeerID], keys: [PublicKey])
  /// For whoever watches the order book.
  case bookChanged([OrderBook.Event])
  case alarm(Alarm)
  /// The chain goes on by rules that this program does not know: the node stops once what it has is durable.
  case upgradeNeeded(version: UInt32, before: Height)
  /// The answer to the input with the ticket, in the same turn.
  case answer(Ticket, ReplicaAnswer)
  /// For metrics.
  case enteredRound(Height, Round, Step)
  case faulted(PeerID, Fault)
}

/// An entry of the consensus log.
public enum ReplicaRecord: Hashable, Sendable {
  case input(LogRecord)
  /// The bytes of a block that later inputs name.
  case block([UInt8])

  public var encoded: [UInt8] {
    switch self {
    case .input(let record): [0] + record.encoded
    case .block(let bytes): [1] + bytes
    }
  }

  /// Reads what `encoded` holds.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    switch bytes.first {
    case 0: self = .input(try LogRecord(decoding: Array(bytes.dropFirst())))
    case 1: self = .block(Array(bytes.dropFirst()))
    default: throw .outOfRange(field: "record")
    }
  }
}

/// A decided block with all that it changes.
public struct Commit: Sendable {
  public var block: Block
  public var transactions: [Transaction]
  public var certificate: Certificate
  public var outcome: BlockOutcome
  public var pages: [(path: NibblePath, page: StateTreePage?)]
  /// Where the chain stands after it.
  public var tip: Tip
  /// This node saw the height being decided; false when peers sent the block afterwards.
  public var isWitnessed: Bool
  /// What the block did to leases, in the order in which it did.
  public var leases: [LeaseEvent]
}

/// What became of a request of this node's own users.
public enum ReplicaAnswer: Sendable {
  /// One for each transaction, in their order.
  case admitted([Admission])
  case published(BookOutcome)
  /// How many remembered objects are live. `addressBook`: why the address book was not taken.
  case restored(live: Int, addressBook: DecodingError?)
}

/// What became of an object that was put to the book.
public enum BookOutcome: Sendable {
  case judged(OrderBook.Outcome<Rejection>)
  case malformed

  public var judgement: Judgement {
    switch self {
    case .judged(let outcome): outcome.judgement
    case .malformed: .malformed
    }
  }
}

/// What became of a transaction that was submitted.
public enum Admission: Hashable, Sendable {
  case accepted
  /// It waits already.
  case known
  case rejected(Rejection)
  case refused(Mempool.Outcome)
}
