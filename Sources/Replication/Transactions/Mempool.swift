public import Chain
public import Cryptography
import DequeModule
import Primitives

/// The authentic transactions that wait for a block, by sender and sequence number.
///
/// The number of transactions is bounded in total and for each sender, and so is the total of their bytes. A
/// transaction is ready when all sequence numbers of its sender before it are committed or in the pool.
/// Senders with ready transactions take turns at the front of blocks, so that none can keep the others out.
public struct Mempool: Sendable {
  /// The limits of the pool.
  public struct Limits: Hashable, Sendable {
    /// The number of transactions: those of a few seconds of full blocks.
    public var transactions = 20_000
    /// The total length of the transactions in bytes.
    public var bytes = 32 * 1024 * 1024
    /// The number of transactions of one sender, ready or not.
    public var perSender = 4_096
    /// The number of heights after which a transaction is dropped that no block has included.
    public var lifetime: Height = 1_000

    public init() {}
  }

  /// The result of inserting a transaction.
  public enum Outcome: Hashable, Sendable {
    case added
    case duplicate
    /// The sequence number is below the one that the committed state expects.
    case stale(expected: UInt64)
    /// Another transaction of the sender in the pool has the sequence number.
    case sequenceTaken
    /// The pool has reached its number of transactions or bytes.
    case full
    /// The sender has too many transactions in the pool, or its sequence number is too far ahead.
    case senderFull
  }

  private struct Entry {
    let transaction: Transaction
    let addedAt: Height
  }

  private struct SenderQueue {
    /// The sequence number that the committed state expects next.
    private(set) var expected: UInt64
    /// The first sequence number from `expected` on that no transaction here has.
    private(set) var next: UInt64
    private(set) var entries: [UInt64: Entry] = [:]
    var isQueued = false

    init(expected: UInt64) {
      self.expected = expected
      next = expected
    }

    var isReady: Bool { next > expected }

    mutating func add(_ entry: Entry, expected: UInt64) {
      entries[entry.transaction.sequence] = entry
      advance(to: expected)
    }

    mutating func remove(_ sequence: UInt64) -> Entry? {
      if sequence >= expected { next = min(next, sequence) }
      return entries.removeValue(forKey: sequence)
    }

    mutating func advance(to sequence: UInt64) {
      expected = sequence
      next = max(next, sequence)
      while entries[next] != nil { next += 1 }
    }
  }

  public let limits: Limits
  private var senderQueues: [Address: SenderQueue] = [:]
  private var byHash: [Digest: Transaction] = [:]
  /// The senders with a ready transaction, in the order in which they take turns.
  private var readySenders: Deque<Address> = []
  /// The total length of all transactions in the pool, in bytes.
  public private(set) var bytes = 0

  public init(limits: Limits = Limits()) { self.limits = limits }

  public var count: Int { byHash.count }
  public var isEmpty: Bool { byHash.isEmpty }
  /// Whether a block can include a transaction now.
  public var hasReady: Bool { !readySenders.isEmpty }

  /// Whether the transaction with this hash is in the pool.
  public func contains(_ hash: Digest) -> Bool { byHash[hash] != nil }

  /// The transaction with this hash, whose signature is verified; nil when it is not in the pool.
  public subscript(hash: Digest) -> Transaction? { byHash[hash] }

  /// The sequence number that `sender`'s next transaction should have. `committed` is the one that the
  /// committed state expects.
  public func nextSequence(of sender: Address, committed: UInt64) -> UInt64 {
    guard let queue = senderQueues[sender] else { return committed }
    return max(committed, queue.next)
  }

  /// Inserts an authentic transaction that the ledger would execute.
  ///
  /// `expected` is the sequence number that the committed state expects of the sender. `height` is the
  /// committed height.
  public mutating func insert(_ transaction: Transaction, expected: UInt64, at height: Height) -> Outcome {
    guard byHash[transaction.hash] == nil else { return .duplicate }
    guard transaction.sequence >= expected else { return .stale(expected: expected) }
    guard count < limits.transactions, bytes + transaction.encoded.count <= limits.bytes else { return .full }
    let sender = transaction.sender
    guard admit(transaction, sender: sender, expected: expected, at: height) else {
      let taken = senderQueues[sender]?.entries[transaction.sequence] != nil
      return taken ? .sequenceTaken : .senderFull
    }
    byHash[transaction.hash] = transaction
    bytes += transaction.encoded.count
    return .added
  }

  private mutating func admit(
    _ transaction: Transaction,
    sender: Address,
    expected: UInt64,
    at height: Height
  ) -> Bool {
    let sequence = transaction.sequence
    guard sequence - expected < UInt64(limits.perSender) else { return false }
    let isNew = senderQueues[sender]?.entries[sequence] == nil
    guard isNew, (senderQueues[sender]?.entries.count ?? 0) < limits.perSender else { return false }
    let entry = Entry(transaction: transaction, addedAt: height)
    senderQueues[sender, default: SenderQueue(expected: expected)].add(entry, expected: expected)
    enqueueIfReady(sender)
    return true
  }

  private mutating func enqueueIfReady(_ sender: Address) {
    guard let queue = senderQueues[sender], !queue.isQueued, queue.isReady else { return }
    senderQueues[sender]?.isQueued = true
    readySenders.append(sender)
  }

  /// The ready transactions for a block, at most `countLimit` with at most `byteLimit` bytes in total. They
  /// are grouped by sender; each sender's are in the order of their sequence numbers.
  ///
  /// They stay in the pool until a committed block includes them.
  public func candidates(byteLimit: Int, countLimit: Int) -> [Transaction] {
    var chosen: [Transaction] = []
    var used = 0
    for sender in readySenders {
      guard let queue = senderQueues[sender] else { continue }
      var sequence = queue.expected
      while let entry = queue.entries[sequence] {
        let size = entry.transaction.encoded.count
        guard used + size <= byteLimit, chosen.count < countLimit else { return chosen }
        used += size
        chosen.append(entry.transaction)
        sequence += 1
      }
    }
    return chosen
  }

  /// Removes the transactions that a block at `height` included, and those whose sequence numbers it used up.
  /// At every 64th height also removes expired ones.
  ///
  /// `expected` returns the sequence number that the state after the block expects of a sender.
  public mutating func commit(_ transactions: [Transaction], at height: Height, expected: (Address) -> UInt64)
  {
    for sender in Set(transactions.map(\.sender)).sorted() { advance(sender, to: expected(sender)) }
    for transaction in transactions { remove(transaction.hash, sender: transaction.sender) }
    moveToEnd(Set(transactions.map(\.sender)))
    if height.isMultiple(of: 64) { dropExpired(at: height) }
  }

  /// Lets the senders that the block served wait behind all others. A sender that the block did not serve keeps
  /// its place.
  private mutating func moveToEnd(_ served: Set<Address>) {
    let again = readySenders.filter { served.contains($0) }
    guard !again.isEmpty else { return }
    readySenders.removeAll { served.contains($0) }
    readySenders.append(contentsOf: again)
  }

  private mutating func advance(_ sender: Address, to expected: UInt64) {
    let stale = senderQueues[sender]?.entries.keys.filter { $0 < expected } ?? []
    for sequence in stale { removeEntry(sender, sequence) }
    senderQueues[sender]?.advance(to: expected)
    requeue(sender)
  }

  private mutating func remove(_ hash: Digest, sender: Address) {
    guard byHash[hash] != nil, let queue = senderQueues[sender] else { return }
    for (sequence, entry) in queue.entries where entry.transaction.hash == hash {
      removeEntry(sender, sequence)
    }
    requeue(sender)
  }

  private mutating func removeEntry(_ sender: Address, _ sequence: UInt64) {
    guard let entry = senderQueues[sender]?.remove(sequence) else { return }
    byHash[entry.transaction.hash] = nil
    bytes -= entry.transaction.encoded.count
  }

  private mutating func requeue(_ sender: Address) {
    guard let queue = senderQueues[sender] else { return }
    if queue.isQueued && !queue.isReady {
      readySenders.removeAll { $0 == sender }
      senderQueues[sender]?.isQueued = false
    }
    if queue.entries.isEmpty { senderQueues[sender] = nil } else { enqueueIfReady(sender) }
  }

  private mutating func dropExpired(at height: Height) {
    for sender in senderQueues.keys.sorted() {
      guard let queue = senderQueues[sender] else { continue }
      for (sequence, entry) in queue.entries {
        let isOld = entry.addedAt + limits.lifetime < height
        let timeout = entry.transaction.timeoutHeight
        if isOld || (timeout > 0 && timeout < height) { removeEntry(sender, sequence) }
      }
      requeue(sender)
    }
  }
}
