import Chain
import Cryptography
import Gossip

/// Blocks that were proposed or fetched for the height after the tip.
struct Candidates: Sendable {
  enum Verdict: Sendable {
    /// Signatures of transactions that the mempool does not hold are being checked.
    case pending
    case valid(ValidBlock)
    case invalid(BlockFault)
  }

  struct Candidate: Sendable {
    let block: Block
    var verdict: Verdict?
    /// What the block makes of the tip's state, once that is known.
    var execution: ExecutedBlock?
  }

  /// A compact block whose transactions are not all here.
  struct Assembly: Sendable {
    let block: CompactBlock
    /// By place; nil where one is missing.
    var transactions: [[UInt8]?]
    /// Who proposed it, and was asked for the rest.
    let source: PeerID

    var missing: [UInt32] {
      transactions.indices.filter { transactions[$0] == nil }.map { UInt32($0) }
    }
  }

  /// Several rounds of several proposals; a proposer that makes more keeps only its newest.
  static let limit = 16
  /// Compact blocks that may wait for transactions at a time.
  static let assemblyLimit = 4

  private var blocks: [Digest: Candidate] = [:]
  private var order: [Digest] = []
  private var assemblies: [Digest: Assembly] = [:]
  /// Blocks that consensus asked for and nobody has sent yet.
  private(set) var wanted: Set<Digest> = []

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

  mutating func judge(_ identifier: Digest, _ verdict: Verdict) {
    blocks[identifier]?.verdict = verdict
  }

  mutating func keep(_ execution: ExecutedBlock, of identifier: Digest) {
    blocks[identifier]?.execution = execution
  }

  // MARK: Compact blocks

  func assembly(of identifier: Digest) -> Assembly? { assemblies[identifier] }

  /// False when too many wait already.
  mutating func begin(_ assembly: Assembly) -> Bool {
    guard assemblies.count < Self.assemblyLimit else { return false }
    assemblies[assembly.block.identifier] = assembly
    return true
  }

  /// Takes the assembly away; nil when the block is not waited for.
  mutating func endAssembly(of identifier: Digest) -> Assembly? {
    assemblies.removeValue(forKey: identifier)
  }

  // MARK: Wanted blocks

  mutating func want(_ identifier: Digest) {
    wanted.insert(identifier)
  }

  mutating func satisfied(_ identifier: Digest) -> Bool {
    wanted.remove(identifier) != nil
  }

  /// A height is over: what was proposed for it is not needed any more. Blocks for the next height stay.
  mutating func begin(after height: Height) {
    order.removeAll { identifier in
      guard let block = blocks[identifier]?.block, block.header.height <= height else { return false }
      blocks[identifier] = nil
      return true
    }
    assemblies = assemblies.filter { $0.value.block.header.height > height }
    wanted = []
  }
}
