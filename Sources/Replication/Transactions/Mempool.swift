public import Chain
public import Cryptography
import DequeModule
import Primitives

/// Authentic transactions that wait for a block, by sender and sequence number.
///
/// Bounded in count and bytes, for all and for each sender. A sender's transactions become ready in the order of
/// their sequence numbers; ready senders take turns, so that none can crowd out the others.
public struct Mempool: Sendable {
  /// What bounds the pool, with the reason of each number.
  public struct Limits: Hashable, Sendable {
    /// A few seconds of full blocks.
    public var transactions = 20_000
    public var bytes = 32 * 1024 * 1024
    /// One sender may hold at most this many, ready or waiting for a gap to close.
    public var perSender = 4_096
    /// A transaction that no block took for this many heights is dropped.
    public var lifetime: Height = 1_000

    public init() {}
  }

  public enum Outcome: Hashable, Sendable {
    case added
    case duplicate
    /// Its sequence number is used already.
    case stale(expected: UInt64)
    /// Another transaction of the sender has the sequence number.
    case sequenceTaken
    case full
    case senderFull
  }

  private struct Entry {
    let transaction: Transaction
    let addedAt: Height
  }

  private struct Lane {
    /// The sequence number that the committed state expects next.
    private(set) var expected: UInt64
    /// The first sequence number from `expected` on that nothing here carries.
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
      skipHeld()
    }

    private mutating func skipHeld() {
      while entries[next] != nil { next += 1 }
    }
  }

  public let limits: Limits
  private var lanes: [Address: Lane] = [:]
  private var hashes: [Digest: Transaction] = [:]
  /// Senders with a ready transaction, in turn.
  private var turns: Deque<Address> = []
  public private(set) var bytes = 0

  public init(limits: Limits = Limits()) {
    self.limits = limits
  }

  public var count: Int { hashes.count }
  public var isEmpty: Bool { hashes.isEmpty }
  /// Whether a block could take something now.
  public var hasReady: Bool { !turns.isEmpty }

  public func contains(_ hash: Digest) -> Bool {
    hashes[hash] != nil
  }

  /// The transaction with this hash, verified when it was taken.
  public subscript(hash: Digest) -> Transaction? { hashes[hash] }

  /// The sequence number that `sender`'s next transaction should carry, given the committed one.
  public func nextSequence(of sender: Address, committed: UInt64) -> UInt64 {
    guard let lane = lanes[sender] else { return committed }
    return max(committed, lane.next)
  }

  /// Takes an authentic transaction that the ledger would admit.
  ///
  /// `expected`: the sender's sequence number in the committed state.
  public mutating func insert(_ transaction: Transaction, expected: UInt64, at height: Height) -> Outcome {
    guard hashes[transaction.hash] == nil else { return .duplicate }
    guard transaction.sequence >= expected else { return .stale(expected: expected) }
    guard count < limits.transactions, bytes + transaction.encoded.count <= limits.bytes else { return .full }
    let sender = transaction.sender
    guard admit(transaction, sender: sender, expected: expected, at: height) else {
      let taken = lanes[sender]?.entries[transaction.sequence] != nil
      return taken ? .sequenceTaken : .senderFull
    }
    hashes[transaction.hash] = transaction
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
    let isNew = lanes[sender]?.entries[sequence] == nil
    guard isNew, (lanes[sender]?.entries.count ?? 0) < limits.perSender else { return false }
    let entry = Entry(transaction: transaction, addedAt: height)
    lanes[sender, default: Lane(expected: expected)].add(entry, expected: expected)
    enqueueIfReady(sender)
    return true
  }

  private mutating func enqueueIfReady(_ sender: Address) {
    guard let lane = lanes[sender], !lane.isQueued, lane.isReady else { return }
    lanes[sender]?.isQueued = true
    turns.append(sender)
  }

  /// Ready transactions for a block of at most `byteLimit` bytes, each sender's in order, senders in turn.
  ///
  /// Nothing is removed: only a committed block removes.
  public func candidates(byteLimit: Int, countLimit: Int) -> [Transaction] {
    var chosen: [Transaction] = []
    var used = 0
    for sender in turns {
      guard let lane = lanes[sender] else { continue }
      var sequence = lane.expected
      while let entry = lane.entries[sequence] {
        let size = entry.transaction.encoded.count
        guard used + size <= byteLimit, chosen.count < countLimit else { return chosen }
        used += size
        chosen.append(entry.transaction)
        sequence += 1
      }
    }
    return chosen
  }

  /// Removes what a block included, and what it made stale.
  ///
  /// `expected`: a sender's sequence number after the block.
  public mutating func commit(
    _ transactions: [Transaction],
    at height: Height,
    expected: (Address) -> UInt64
  ) {
    for sender in Set(transactions.map(\.sender)).sorted() {
      advance(sender, to: expected(sender))
    }
    for transaction in transactions { remove(transaction.hash, sender: transaction.sender) }
    // Who was served goes behind those who wait.
    if !transactions.isEmpty, let served = turns.popFirst() { turns.append(served) }
    if height.isMultiple(of: 64) { dropExpired(at: height) }
  }

  private mutating func advance(_ sender: Address, to expected: UInt64) {
    let stale = lanes[sender]?.entries.keys.filter { $0 < expected } ?? []
    for sequence in stale { removeEntry(sender, sequence) }
    lanes[sender]?.advance(to: expected)
    requeue(sender)
  }

  private mutating func remove(_ hash: Digest, sender: Address) {
    guard hashes[hash] != nil, let lane = lanes[sender] else { return }
    for (sequence, entry) in lane.entries where entry.transaction.hash == hash {
      removeEntry(sender, sequence)
    }
    requeue(sender)
  }

  private mutating func removeEntry(_ sender: Address, _ sequence: UInt64) {
    guard let entry = lanes[sender]?.remove(sequence) else { return }
    hashes[entry.transaction.hash] = nil
    bytes -= entry.transaction.encoded.count
  }

  private mutating func requeue(_ sender: Address) {
    guard let lane = lanes[sender] else { return }
    if lane.isQueued && !lane.isReady {
      turns.removeAll { $0 == sender }
      lanes[sender]?.isQueued = false
    }
    if lane.entries.isEmpty {
      lanes[sender] = nil
    } else {
      enqueueIfReady(sender)
    }
  }

  private mutating func dropExpired(at height: Height) {
    for sender in lanes.keys.sorted() {
      guard let lane = lanes[sender] else { continue }
      for (sequence, entry) in lane.entries {
        let isOld = entry.addedAt + limits.lifetime < height
        let timeout = entry.transaction.timeoutHeight
        if isOld || (timeout > 0 && timeout < height) { removeEntry(sender, sequence) }
      }
      requeue(sender)
    }
  }
}
