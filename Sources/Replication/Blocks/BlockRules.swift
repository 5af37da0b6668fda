import Chain
import Cryptography
import Ledger
import Primitives

/// The reason why a block cannot follow the tip.
public enum BlockFault: Error, Hashable, Sendable {
  case wrongChain
  case wrongHeight
  case wrongParent
  case wrongVersion
  /// The named field of the header differs from the state of this node.
  case wrongState(field: String)
  case timeNotAfterParent
  /// The certificate of the parent is missing, not valid, or there is one at the first height.
  case lastCertificate
  /// The proposer is not a validator of this height.
  case unknownProposer
  /// The transactions are longer than `maximumBlockBytes` together.
  case tooLarge
  /// The transaction at this index cannot be decoded, or its signature is not valid.
  case transaction(index: Int)
  /// One of the transactions that were verified in parallel is not valid.
  case forgedTransaction
  /// The transaction at this index occurs in the block before.
  case duplicateTransaction(index: Int)
  /// The evidence at this index is not proven, is too old, or its author was punished before.
  case evidence(index: Int)
}

/// A block that follows all rules, with its decoded and verified transactions.
struct ValidBlock: Sendable {
  let block: Block
  let transactions: [Transaction]
}

/// The rules that a block after a tip must follow, and the construction of such a block.
///
/// The consensus machine, not this type, checks that the time of a fresh proposal is near the local clock.
struct BlockRules: Sendable {
  let chain: ChainID
  let checks: Checks

  /// Checks that `block` may follow `tip`, except for its transactions and evidence.
  ///
  /// `version` is the protocol version that the state requires for the block. `maximumBytes` bounds the sum
  /// of the lengths of its transactions. `known` is this node's own certificate of the parent, whose
  /// signatures are verified.
  func checkHeader(
    of block: Block,
    after tip: Tip,
    version: UInt32,
    maximumBytes: UInt64,
    known: Certificate?
  )
    throws(BlockFault)
  {
    let header = block.header
    guard header.chain == chain else { throw .wrongChain }
    guard header.height == tip.height + 1 else { throw .wrongHeight }
    guard header.parent == tip.block else { throw .wrongParent }
    guard header.version == version else { throw .wrongVersion }
    guard header.stateRoot == tip.stateRoot else { throw .wrongState(field: "state_root") }
    guard header.receiptsRoot == tip.receiptsRoot else { throw .wrongState(field: "receipts_root") }
    guard header.validatorsHash == tip.validatorsHash else { throw .wrongState(field: "validators_hash") }
    guard header.nextValidatorsHash == tip.nextValidatorsHash else {
      throw .wrongState(field: "next_validators_hash")
    }
    guard header.time > tip.time else { throw .timeNotAfterParent }
    guard tip.validators.members.contains(where: { $0.address == header.proposer }) else {
      throw .unknownProposer
    }
    try checkLastCertificate(block.lastCertificate, tip: tip, known: known)
    let bytes = block.transactions.reduce(0) { $0 + $1.count }
    guard bytes <= maximumBytes else { throw .tooLarge }
  }

  private func checkLastCertificate(_ certificate: Certificate?, tip: Tip, known: Certificate?)
    throws(BlockFault)
  {
    guard tip.height > 0 else {
      guard certificate == nil else { throw .lastCertificate }
      return
    }
    guard let certificate, certificate.kind == .precommit, certificate.height == tip.height,
      certificate.block == tip.block
    else { throw .lastCertificate }
    // This node's own certificates of the parent are verified already.
    guard certificate != tip.certificate, certificate != known else { return }
    let verified = [tip.certificate, known].compactMap(\.self)
    guard (try? tip.lastValidators.verify(certificate, chain: chain, known: verified, using: checks)) != nil
    else { throw .lastCertificate }
  }

  /// The decoded transactions of the block. Each must be authentic and may occur only once.
  ///
  /// `verified` returns the verified transaction with a hash. If it returns nil, the transaction is decoded
  /// and its signature is checked here.
  func transactions(of block: Block, verified: (Digest) -> Transaction?) throws(BlockFault) -> [Transaction] {
    var seen: Set<Digest> = []
    var transactions: [Transaction] = []
    transactions.reserveCapacity(block.transactions.count)
    for (index, hash) in block.transactionHashes.enumerated() {
      guard seen.insert(hash).inserted else { throw .duplicateTransaction(index: index) }
      if let known = verified(hash) {
        transactions.append(known)
        continue
      }
      let bytes = block.transactions[index]
      guard let transaction = try? checks.transaction(bytes, hash: hash, on: chain) else {
        throw .transaction(index: index)
      }
      transactions.append(transaction)
    }
    return transactions
  }

  /// Builds the block that this node proposes after `tip`.
  ///
  /// `time` is this node's wall clock. The block's time is at least one millisecond after the parent's.
  func build(
    after tip: Tip,
    proposer: Address,
    time: Timestamp,
    transactions: [Transaction],
    evidence: [Evidence],
    version: UInt32,
    lastCertificate: Certificate?
  ) -> ValidBlock {
    let header = Header(
      version: version,
      chain: chain,
      height: tip.height + 1,
      time: max(time, tip.time.advanced(byMilliseconds: 1)),
      parent: tip.block,
      stateRoot: tip.stateRoot,
      receiptsRoot: tip.receiptsRoot,
      transactionsRoot: .zero,
      evidenceRoot: .zero,
      lastCertificateHash: .zero,
      validatorsHash: tip.validatorsHash,
      nextValidatorsHash: tip.nextValidatorsHash,
      proposer: proposer
    )
    let block = Block(
      header: header,
      transactions: transactions.map(\.encoded),
      transactionHashes: transactions.map(\.hash),
      evidence: evidence,
      lastCertificate: lastCertificate
    )
    return ValidBlock(block: block, transactions: transactions)
  }
}
