import Chain
import Consensus
import Cryptography
import Primitives
import Replication
public import Storage

/// Checks that a node's database contains one chain and the state to which it led.
///
/// It only reads. Damage is not repaired: a repaired block could be a forged one, and peers have good ones.
public struct StoreVerification {
  /// What was checked and found in order.
  public struct Report: Codable, Sendable {
    public var chainId: String
    /// The last block's height.
    public var height: UInt64
    /// The lowest height whose block is kept.
    public var lowestBlock: UInt64
    /// Number of blocks checked, counted back from the last one.
    public var blocks: UInt64
    /// Number of state entries; 0 when only the newest blocks were checked.
    public var stateEntries: UInt64
    /// Number of database records, blocks and state included; 0 when only the newest blocks were checked.
    public var records: UInt64
  }

  private let store: NodeStore

  public init(_ store: NodeStore) {
    self.store = store
  }

  /// Checks the last `count` blocks: each has header, body, certificate and receipts, names the block before
  /// it as its parent, and is the one that its certificate decides. Also checks that the state tree's root is
  /// the one that the last block produced. Signatures are not checked. Returns nil for a new database.
  ///
  /// - Throws: `StorageError.corrupt`, which says what is damaged and where.
  public func newest(_ count: UInt64) throws -> Report? {
    guard let found = try store.verify(.newest) else { return nil }
    let first = max(store.lowestBlock, found.height - min(count, found.height) + 1)
    try verifyBlocks(from: first, through: found.height, checksSignatures: false)
    return report(found, blocks: found.height + 1 - first)
  }

  /// Checks every record against its checksum, every block as `newest` does and its certificate's signatures
  /// too, and that the state's entries are those of the state tree. Reads the whole database.
  ///
  /// - Throws: `StorageError.corrupt`, which says what is damaged and where.
  public func everything() throws -> Report? {
    guard let found = try store.verify(.everything) else { return nil }
    try verifyBlocks(from: store.lowestBlock, through: found.height, checksSignatures: true)
    var report = report(found, blocks: found.height + 1 - store.lowestBlock)
    report.stateEntries = try verifyState()
    report.records = found.entries
    return report
  }

  private func report(_ found: StoreReport, blocks: UInt64) -> Report {
    Report(
      chainId: found.chainID,
      height: found.height,
      lowestBlock: store.lowestBlock,
      blocks: blocks,
      stateEntries: 0,
      records: 0
    )
  }

  private func damaged(_ detail: String) -> StorageError {
    .corrupt(path: store.database.path, detail: detail)
  }

  /// Decodes `bytes`; an error is reported as damage of `what`.
  private func reading<Value>(
    _ what: String,
    _ bytes: [UInt8],
    _ decode: ([UInt8]) throws(DecodingError) -> Value
  ) throws -> Value {
    do throws(DecodingError) {
      return try decode(bytes)
    } catch {
      throw damaged("\(what) does not decode: \(error)")
    }
  }

  // MARK: Blocks

  private func verifyBlocks(from first: Height, through last: Height, checksSignatures: Bool) throws {
    let tip = try readTip()
    guard tip.height == last else {
      throw damaged("the last block is \(last), but the state stands at height \(tip.height)")
    }
    var parent = try identifier(before: first)
    // `first` is above `last` when the chain has no block yet, or when its only block came with a snapshot.
    if first <= last {
      for height in first...last {
        let block = try verifyBlock(at: height, after: parent)
        if checksSignatures { try verifySignatures(of: block) }
        parent = block.identifier
      }
      guard parent == tip.block else {
        throw damaged(
          "block \(last) is \(parent?.description ?? ""), but the state follows block \(tip.block)"
        )
      }
    }
    try verifyRoot(tip)
  }

  /// The identifier that block `height` must name as its parent; nil when the block before it is not kept.
  private func identifier(before height: Height) throws -> Digest? {
    if height == 1 { return try store.genesisDigest().flatMap { Digest($0) } }
    guard height > 0, let bytes = try store.header(at: height - 1) else { return nil }
    return try reading("the header of block \(height - 1)", bytes, Header.init(decoding:)).identifier
  }

  private func verifyBlock(at height: Height, after parent: Digest?) throws -> Block {
    guard let header = try store.header(at: height) else { throw missing("header", height) }
    guard let body = try store.body(at: height) else { throw missing("body", height) }
    guard let proof = try store.certificate(at: height) else { throw missing("certificate", height) }
    guard try store.receipts(at: height) != nil else { throw missing("receipts", height) }
    let block = try reading("the body of block \(height)", body, Block.init(decoding:))
    guard block.header.encoded == header, block.header.height == height else {
      throw damaged("header and body of block \(height) are not of the same block")
    }
    if let parent, block.header.parent != parent {
      throw damaged(
        "block \(height) names \(block.header.parent) as its parent; block \(height - 1) is \(parent)"
      )
    }
    let certificate = try reading("the certificate of block \(height)", proof, Certificate.init(decoding:))
    guard certificate.kind == .precommit, certificate.height == height, certificate.block == block.identifier
    else { throw damaged("the certificate of block \(height) is one of another block") }
    return block
  }

  private func missing(_ part: String, _ height: Height) -> StorageError {
    damaged("the \(part) of block \(height) is missing")
  }

  private func verifySignatures(of block: Block) throws {
    let height = block.header.height
    guard let light = try LightBlocks.block(at: height, in: store) else {
      throw damaged("the validators of block \(height) are missing, or not those that its header names")
    }
    do {
      try light.validators.verify(light.certificate, chain: block.header.chain)
    } catch {
      throw damaged("the certificate of block \(height) does not hold: \(error)")
    }
  }

  // MARK: State

  private func readTip() throws -> Tip {
    guard let bytes = try store.meta(StoreState.tipName) else {
      throw damaged("the record of where the state stands is missing")
    }
    return try reading("the record of where the state stands", bytes, Tip.init(decoding:))
  }

  private func verifyRoot(_ tip: Tip) throws {
    let root = try page(at: .root)?.digest ?? StateTree.emptyRoot
    guard root == tip.stateRoot else {
      throw damaged("the state tree's root is \(root), but that of height \(tip.height) is \(tip.stateRoot)")
    }
  }

  private func page(at path: NibblePath) throws -> StateTreePage? {
    guard let bytes = try store.treePage(path.encoded()) else { return nil }
    return try reading("the state tree's page at \(path)", bytes, StateTreePage.init(decoding:))
  }

  /// Checks the tree's pages against the digests in their parents, from the root down, and the state's
  /// entries against the tree's leaves. Returns the number of entries.
  private func verifyState() throws -> UInt64 {
    var leaves = EntrySum()
    // The root page has no parent; `verifyRoot` has compared its digest with the tip's.
    var open: [(path: NibblePath, digest: Digest?)] = [(.root, nil)]
    while let (path, digest) = open.popLast() {
      guard let page = try page(at: path) else {
        if digest == nil { continue }
        throw damaged("the state tree's page at \(path) is missing")
      }
      if let digest, page.digest != digest {
        throw damaged("the state tree's page at \(path) is not the one that the page above it names")
      }
      for (nibble, slot) in page.slots.enumerated() {
        switch slot {
        case .empty: continue
        case .leaf(let key, let value): leaves.add(key, value)
        case .child(let digest): open.append((path.appending(nibble), digest))
        }
      }
    }
    var entries = EntrySum()
    var cursor = try store.database.cursor(in: .state, fillsCache: false)
    while let entry = try cursor.next() {
      entries.add(StateTree.keyDigest(entry.key), StateTree.valueDigest(entry.value))
    }
    guard entries == leaves else {
      throw damaged(
        "the state's \(entries.count) entries are not the \(leaves.count) that the state tree was made of"
      )
    }
    return entries.count
  }
}

/// An order-independent checksum of a set of entries: the exclusive or of their digests. It detects
/// accidental damage, not entries chosen by an attacker so that their digests cancel out.
private struct EntrySum: Equatable {
  private(set) var count: UInt64 = 0
  private var sum = [UInt8](repeating: 0, count: 32)

  mutating func add(_ key: Digest, _ value: Digest) {
    count += 1
    for (index, byte) in Digest.blake2b(key.bytes + value.bytes).bytes.enumerated() { sum[index] ^= byte }
  }
}
