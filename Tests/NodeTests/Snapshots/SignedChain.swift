import Chain
import Cryptography
import Foundation
import Ledger
import Primitives
@testable import Replication
import Storage

@testable import Node

/// A chain in a real store: one validator signs every header, and the state has many entries and never changes.
struct SignedChain: Sendable {
  static let signer = SigningKey(seed: Array(repeating: 9, count: 32))!
  static let key = SigningKey(seed: Array(repeating: 8, count: 32))!

  let genesis: Genesis
  let origin: Tip
  let store: NodeStore
  let root: Digest

  init(entries: Int, heights: Height, folder: URL) throws {
    genesis = Genesis(
      chain: ChainID("signed-1")!,
      time: Timestamp(milliseconds: Timestamp.now.milliseconds - 600_000),
      currencies: [],
      parameters: Parameters(),
      accounts: [],
      validators: []
    )
    var generator = SeededGenerator(seed: 11)
    let state = (0..<entries).map { index in
      var writer = ByteWriter(capacity: 12)
      writer.write(UInt32(0x3300_0000 + index))
      return Entry(
        key: writer.bytes,
        value: (0..<100).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      )
    }
    let update = try StateTree.apply(
      state.map { StateTreeChange(key: $0.key, value: $0.value) },
      to: [NibblePath: StateTreePage](),
      root: StateTree.emptyRoot
    )
    root = update.root
    let validator = ValidatorUpdate(address: Self.signer.address, key: Self.signer.publicKey, power: 10)
    origin = try Tip(genesis: genesis, stateRoot: root, validators: [validator])
    store = try NodeStore(path: folder.path)
    var start = StoreOrigin(chainID: genesis.chain.text, genesisDigest: genesis.digest.bytes)
    start.state = state
    start.tree = update.pages.compactMap { path, page in
      page.map { Entry(key: path.encoded(), value: $0.encoded()) }
    }
    start.meta = [(StoreState.tipName, origin.encoded)]
    start.validators = LightBlocks.origin(origin)
    try store.initialize(start)
    var tip = origin
    for _ in 0..<heights {
      let commit = commit(after: tip)
      tip = commit.tip
      var record = BlockCommit(
        height: tip.height,
        header: commit.block.header.encoded,
        body: commit.block.encoded,
        certificate: commit.certificate.encoded
      )
      record.meta = [(StoreState.tipName, tip.encoded)]
      record.validators = LightBlocks.changes(after: tip)
      try store.commit(record)
    }
  }

  /// The next block, decided by the one validator.
  func commit(after tip: Tip, isDecidedByConsensus: Bool = true) -> Commit {
    let header = Header(
      version: 1,
      chain: genesis.chain,
      height: tip.height + 1,
      time: tip.time.advanced(byMilliseconds: 1_000),
      parent: tip.block,
      stateRoot: root,
      receiptsRoot: Block.receiptsRoot([]),
      transactionsRoot: .zero,
      evidenceRoot: .zero,
      lastCertificateHash: .zero,
      validatorsHash: tip.validators.hash,
      nextValidatorsHash: tip.nextValidators.hash,
      proposer: Self.signer.address
    )
    let block = Block(header: header, transactions: [], evidence: [], lastCertificate: tip.certificate)
    let vote = Vote.signBody(height: header.height, round: 0, validRound: nil, block: block.identifier)
    let certificate = Certificate(
      kind: .precommit,
      height: header.height,
      round: 0,
      validRound: nil,
      block: block.identifier,
      signers: [1],
      signatures: [Self.signer.sign(domain: .precommit, chain: genesis.chain.text, vote)]
    )
    var next = tip.nextValidators
    next.advance()
    let newTip = Tip(
      height: header.height,
      block: block.identifier,
      time: header.time,
      stateRoot: root,
      receiptsRoot: Block.receiptsRoot([]),
      certificate: certificate,
      validators: tip.nextValidators,
      nextValidators: next,
      lastValidators: tip.validators
    )
    let outcome = BlockOutcome(
      changes: [],
      receipts: [],
      events: [],
      validatorUpdates: [],
      moment: Moment(height: newTip.height, time: newTip.time, tick: 0)
    )
    return Commit(
      block: block,
      transactions: [],
      certificate: certificate,
      outcome: outcome,
      pages: [],
      tip: newTip,
      isDecidedByConsensus: isDecidedByConsensus,
      leases: []
    )
  }
}
