import Chain
import Cryptography

/// Blocks that were proposed or fetched for the height after the tip.
struct Candidates: Sendable {
  enum Verdict: Sendable {
    case valid(ValidBlock)
    case invalid(BlockFault)
  }

  struct Candidate: Sendable {
    let block: Block
    var verdict: Verdict?
  }

  /// Several rounds of several proposals; a proposer that makes more keeps only its newest.
  static let limit = 16

  private var blocks: [Digest: Candidate] = [:]
  private var order: [Digest] = []
  /// Blocks that consensus asked for and nobody has sent yet.
  private(set) var wanted: Set<Digest> = []

  subscript(identifier: Digest) -> Candidate? { blocks[identifier] }

  func valid(_ identifier: Digest) -> ValidBlock? {
    guard case .valid(let block)? = blocks[identifier]?.verdict else { return nil }
    return block
  }

  mutating func add(_ block: Block) {
    guard blocks[block.identifier] == nil else { return }
    if order.count >= Self.limit { blocks[order.removeFirst()] = nil }
    blocks[block.identifier] = Candidate(block: block)
    order.append(block.identifier)
  }

  mutating func judge(_ identifier: Digest, _ verdict: Verdict) {
    blocks[identifier]?.verdict = verdict
  }

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
    wanted = []
  }
}
