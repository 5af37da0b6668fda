public import Chain
public import Cryptography
import Ledger
import Primitives

/// Why a block cannot follow the tip.
public enum BlockFault: Error, Hashable, Sendable {
  case wrongChain
  case wrongHeight
  case wrongParent
  case wrongVersion
  /// The field of the header that does not agree with the state here.
  case wrongState(field: String)
  case timeNotAfterParent
  case lastCertificate
  case unknownProposer
  case tooLarge
  /// A transaction that is no transaction, or that its signer did not sign.
  case transaction(index: Int)
  /// One of the transactions that were checked side by side: which, nobody needs to know.
  case forgedTransaction
  case duplicateTransaction(index: Int)
  case evidence(index: Int)
}

/// How signatures are checked: by libsodium in a node, by something cheaper in a simulation of many nodes.
public struct SignatureScheme: Sendable {
  public var check: @Sendable (PublicKey, Signature, SigningDomain, ChainID, [UInt8]) -> Bool
  public var isTransactionAuthentic: @Sendable (Transaction) -> Bool
  /// Asked before a certificate is checked, and told when it was good: nodes of a run that share memory take each
  /// other's word.
  public var proofs: Proofs = .none

  /// What certificates are known to prove what they say by a validator set.
  public struct Proofs: Sendable {
    public var isKnown: @Sendable (Certificate, ValidatorSet) -> Bool
    public var add: @Sendable (Certificate, ValidatorSet) -> Void

    public init(
      isKnown: @escaping @Sendable (Certificate, ValidatorSet) -> Bool,
      add: @escaping @Sendable (Certificate, ValidatorSet) -> Void
    ) {
      self.isKnown = isKnown
      self.add = add
    }

    public static let none = Proofs(isKnown: { _, _ in false }, add: { _, _ in })
  }

  public init(
    check: @escaping @Sendable (PublicKey, Signature, SigningDomain, ChainID, [UInt8]) -> Bool,
    isTransactionAuthentic: @escaping @Sendable (Transaction) -> Bool
  ) {
    self.check = check
    self.isTransactionAuthentic = isTransactionAuthentic
  }

  /// `known`: certificates for the same vote whose signatures were verified.
  ///
  /// - Throws: `CertificateError` when the certificate does not prove its vote by `set`.
  public func verify(
    _ certificate: Certificate,
    by set: ValidatorSet,
    chain: ChainID,
    known: [Certificate] = []
  ) throws(CertificateError) {
    guard !proofs.isKnown(certificate, set) else { return }
    try set.verify(certificate, chain: chain, known: known, using: check)
    proofs.add(certificate, set)
  }

  public static let ed25519 = SignatureScheme(
    check: { key, signature, domain, chain, body in
      key.verifies(signature, domain: domain, chain: chain.text, body)
    },
    isTransactionAuthentic: \.isAuthentic
  )
}

/// A block that passed every rule, with its transactions decoded and verified.
struct ValidBlock: Sendable {
  let block: Block
  let transactions: [Transaction]
}

/// What makes a block legal on top of a tip, and how such a block is made.
///
/// The time bounds of a fresh proposal are not checked here: they need the receiver's clock and are the consensus
/// machine's to check.
struct BlockRules: Sendable {
  let chain: ChainID
  let signatures: SignatureScheme
  var reading = BlockReading.decoding

  /// Checks `block` as the one after `tip` in all but its transactions and evidence.
  ///
  /// `version`: by whose rules the state wants the block executed.
  /// `known`: the parent's certificate as this node has gathered it: its signatures are verified.
  func checkFrame(
    of block: Block,
    after tip: Tip,
    version: UInt32,
    maximumBytes: UInt64,
    known: Certificate?
  ) throws(BlockFault) {
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

  private func checkLastCertificate(
    _ certificate: Certificate?,
    tip: Tip,
    known: Certificate?
  ) throws(BlockFault) {
    guard tip.height > 0 else {
      guard certificate == nil else { throw .lastCertificate }
      return
    }
    guard let certificate, certificate.kind == .precommit, certificate.height == tip.height,
      certificate.block == tip.block
    else { throw .lastCertificate }
    // The certificate that this node holds was verified when the parent was committed.
    guard certificate != tip.certificate, certificate != known else { return }
    do {
      try signatures.verify(
        certificate,
        by: tip.lastValidators,
        chain: chain,
        known: [tip.certificate, known].compactMap(\.self)
      )
    } catch {
      throw .lastCertificate
    }
  }

  /// The block's transactions, each once.
  ///
  /// `verified`: the authentic transaction with a hash, where there is one; others are decoded and checked here.
  func transactions(
    of block: Block,
    verified: (Digest) -> Transaction?
  ) throws(BlockFault) -> [Transaction] {
    var seen: Set<Digest> = []
    var transactions: [Transaction] = []
    transactions.reserveCapacity(block.transactions.count)
    for (index, hash) in block.transactionHashes.enumerated() {
      guard seen.insert(hash).inserted else { throw .duplicateTransaction(index: index) }
      if let known = verified(hash) {
        transactions.append(known)
        continue
      }
      guard let transaction = reading.transaction(block.transactions[index], chain),
        signatures.isTransactionAuthentic(transaction)
      else { throw .transaction(index: index) }
      transactions.append(transaction)
    }
    return transactions
  }

  /// The block that this node proposes after `tip`.
  ///
  /// `time`: this node's clock; moved past the parent's time where it is not later.
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
      evidence: evidence,
      lastCertificate: lastCertificate
    )
    return ValidBlock(block: block, transactions: transactions)
  }
}
