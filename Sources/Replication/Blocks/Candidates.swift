import Chain
import Cryptography
import Gossip

/// The blocks that were proposed or fetched for heights after the tip, and what is known of their validity.
struct Candidates: Sendable {
  enum Verdict: Sendable {
    /// Signatures of transactions that are not in the mempool are being checked.
    case pending
    case valid(ValidBlock)
    case invalid(BlockFault)
  }

  struct Candidate: Sendable {
    let block: Block
    var verdict: Verdict?
    /// The result of executing the block on the tip's state; nil until it has been executed.
    var execution: ExecutedBlock?
  }

  /// A compact block of which some transactions are missing.
  struct Assembly: Sendable {
    let block: CompactBlock
    /// The encoded transactions by their places in the block; nil for a missing one.
    var transactions: [[UInt8]?]
    /// The peer that sent the compact block and was asked for the missing transactions.
    let source: PeerID

    /// The places of the missing transactions, in ascending order.
    var missing: [UInt32] { transactions.indices.filter { transactions[$0] == nil }.map { UInt32($0) } }
  }

  /// The number of blocks that are stored: enough for several proposals in several rounds. The oldest is
  /// dropped first.
  static let limit = 16
  /// The number of compact blocks that can wait for transactions at once.
  static let assemblyLimit = 4

  private var blocks: [Digest: Candidate] = [:]
  private var order: [Digest] = []
  private var assemblies: [Digest: Assembly] = [:]
  /// Blocks that consensus asked for and that have not arrived.
  var wanted: Set<Digest> = []

  subscript(identifier: Digest) -> Candidate? { blocks[identifier] }

  func valid(_ identifier: Digest) -> ValidBlock? {
    guard case .valid(let block)? = blocks[identifier]?.verdict else { return nil }
    return block
  }

  mutating func add(_ block: Block) {
    assemblies[block.identifier] = nil
    guard blocks[block.identifier] == nil else { return }
    if order.count >= Self.limit { blocks[order.removeFirst()] = nil }
    blocks[block.identifier] = Candidate(block: block)
    order.append(block.identifier)
  }

  mutating func setVerdict(_ identifier: Digest, _ verdict: Verdict) { blocks[identifier]?.verdict = verdict }

  mutating func setExecution(_ execution: ExecutedBlock, of identifier: Digest) {
    blocks[identifier]?.execution = execution
  }

  // MARK: Compact blocks

  func assembly(of identifier: Digest) -> Assembly? { assemblies[identifier] }

  /// Stores a compact block that waits for transactions; false when too many wait already.
  mutating func beginAssembly(_ assembly: Assembly) -> Bool {
    guard assemblies.count < Self.assemblyLimit else { return false }
    assemblies[assembly.block.identifier] = assembly
    return true
  }

  /// Removes and returns the compact block; nil when it does not wait for transactions.
  mutating func endAssembly(of identifier: Digest) -> Assembly? { assemblies.removeValue(forKey: identifier) }

  /// Drops the blocks of heights up to `height`, which was committed. Blocks of later heights stay.
  mutating func removeBlocks(through height: Height) {
    order.removeAll { identifier in
      guard let block = blocks[identifier]?.block, block.header.height <= height else { return false }
      blocks[identifier] = nil
      return true
    }
    assemblies = assemblies.filter { $0.value.block.header.height > height }
    wanted = []
  }
}
