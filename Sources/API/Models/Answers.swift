/// The JSON objects that a node returns over HTTP; keys are in snake_case.
///
/// Amounts are decimal strings in the currency's smallest unit, digests and keys are hex, addresses bech32,
/// times ISO 8601. A lease's identifier is `owner/dseq/group/order/provider`. Lists are never null.
public enum Answer {}

extension Answer {
  public struct Coin: Codable, Hashable, Sendable {
    public var denomination: String
    public var amount: String
  }

  public struct Failure: Codable, Sendable {
    /// A stable word for programs, such as `not_found`, `invalid`, `rejected` or `unavailable`.
    public var error: String
    public var message: String
    /// Advice for the caller.
    public var fix: String?
    /// The error code of a rejected transaction.
    public var code: UInt32?
    public var codespace: String?
  }

  public struct Status: Codable, Sendable {
    public var chainId: String
    public var genesis: String
    public var version: String
    public var moniker: String
    public var role: String
    public var nodeKey: String
    public var height: UInt64
    /// The lowest height whose block and transactions the node has; older ones are pruned.
    public var lowestBlock: UInt64
    public var block: String
    public var time: String
    public var tick: UInt64
    public var tickMilliseconds: UInt64
    public var stateRoot: String
    public var round: UInt32
    /// Milliseconds between the block times of the last two blocks.
    public var blockInterval: UInt64
    public var catchingUp: Bool
    public var peers: Int
    public var mempoolTransactions: Int
    public var orders: Int
    public var bids: Int
    public var leases: Int
    /// The operator's address; absent if this node is not a validator.
    public var validator: String?
    public var provider: String?
    /// Whether the node signs with its validator's key; absent if it has none.
    public var signing: Signing?
    /// What is wrong with the node, in words; empty when all is well.
    public var problems: [String]
    /// The highest height that a peer says to have; absent while none is ahead.
    public var claimedHeight: UInt64?

    public init(
      chainId: String,
      genesis: String,
      version: String,
      moniker: String,
      role: String,
      nodeKey: String,
      height: UInt64,
      lowestBlock: UInt64,
      block: String,
      time: String,
      tick: UInt64,
      tickMilliseconds: UInt64,
      stateRoot: String,
      round: UInt32,
      blockInterval: UInt64,
      catchingUp: Bool,
      peers: Int,
      mempoolTransactions: Int,
      orders: Int,
      bids: Int,
      leases: Int,
      validator: String?,
      provider: String?,
      signing: Signing? = nil,
      problems: [String] = [],
      claimedHeight: UInt64? = nil
    ) {
      self.chainId = chainId
      self.genesis = genesis
      self.version = version
      self.moniker = moniker
      self.role = role
      self.nodeKey = nodeKey
      self.height = height
      self.lowestBlock = lowestBlock
      self.block = block
      self.time = time
      self.tick = tick
      self.tickMilliseconds = tickMilliseconds
      self.stateRoot = stateRoot
      self.round = round
      self.blockInterval = blockInterval
      self.catchingUp = catchingUp
      self.peers = peers
      self.mempoolTransactions = mempoolTransactions
      self.orders = orders
      self.bids = bids
      self.leases = leases
      self.validator = validator
      self.provider = provider
      self.signing = signing
      self.problems = problems
      self.claimedHeight = claimedHeight
    }
  }

  /// Whether a validator's node signs.
  public struct Signing: Codable, Hashable, Sendable {
    public var signs: Bool
    /// Why it does not sign, and what the operator does; absent while it signs.
    public var reason: String?
    public var fix: String?
    /// Height and round of the last signature of its key that it knows of; absent when it knows of none.
    public var lastHeight: UInt64?
    public var lastRound: UInt32?
    /// Above which height and round it signs, as the operator said; absent without `validator adopt`.
    public var floorHeight: UInt64?
    public var floorRound: UInt32?

    public init(
      signs: Bool,
      reason: String?,
      fix: String?,
      lastHeight: UInt64?,
      lastRound: UInt32?,
      floorHeight: UInt64?,
      floorRound: UInt32?
    ) {
      self.signs = signs
      self.reason = reason
      self.fix = fix
      self.lastHeight = lastHeight
      self.lastRound = lastRound
      self.floorHeight = floorHeight
      self.floorRound = floorRound
    }
  }

  public struct Account: Codable, Sendable {
    public var address: String
    /// The sequence number for the account's next transaction, counting its transactions in the mempool.
    public var sequence: UInt64
    public var balances: [Coin]
    /// Coins locked in escrow accounts and as lease deposits.
    public var locked: [Coin]

    public init(address: String, sequence: UInt64, balances: [Coin], locked: [Coin]) {
      self.address = address
      self.sequence = sequence
      self.balances = balances
      self.locked = locked
    }
  }

  public struct Event: Codable, Sendable {
    public var name: String
    public var attributes: [Attribute]

    public struct Attribute: Codable, Hashable, Sendable {
      public var key: String
      public var value: String
    }
  }

  public struct TransactionResult: Codable, Sendable {
    public var hash: String
    /// The height of the transaction's block; 0 while the transaction is in the mempool.
    public var height: UInt64
    /// The error code of the transaction; 0 means success.
    public var code: UInt32
    public var codespace: String
    public var log: String
    public var events: [Event]
  }

  public struct Block: Codable, Sendable {
    public var height: UInt64
    public var identifier: String
    public var time: String
    public var proposer: String
    public var parent: String
    public var stateRoot: String
    public var transactions: [String]
    public var round: UInt32
    public var signers: Int
  }

  /// The results of a batch of transactions.
  public struct BatchResult: Codable, Sendable {
    public var accepted: Int
    /// Positions in the batch of transactions refused because the mempool is full; they may be sent again.
    public var busy: [Int]
    /// Positions and reasons of transactions that can never be accepted.
    public var refused: [Refusal]

    public struct Refusal: Codable, Sendable {
      public var index: Int
      public var reason: String

      public init(index: Int, reason: String) {
        self.index = index
        self.reason = reason
      }
    }
  }

  public struct Submitted: Codable, Sendable {
    /// The identifier of an object or the hash of a transaction.
    public var identifier: String

    public init(identifier: String) {
      self.identifier = identifier
    }
  }
}
