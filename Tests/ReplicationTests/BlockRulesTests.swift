import Chain
import Cryptography
import Ledger
import Primitives
import Testing
import Wire

@testable import Replication

/// Every rule for blocks, each with a block that breaks this one and no other.
@Suite struct BlockRulesTests {
  /// A chain of one validator at height 3, and what a replica there would propose.
  struct Ground {
    let world: World
    let harness: Harness
    var replica: Replica<MemoryStore> { harness.replica }
    var tip: Tip { harness.store.tip }

    init() throws {
      world = try World(validators: 2)
      let maker = try World(validators: 1)
      harness = Harness.chain(maker, heights: 3)
    }

    /// A legal block with a transfer, changed by `change` where something is to be wrong.
    func block(
      transactions: [[UInt8]]? = nil,
      evidence: [Evidence] = [],
      certificate: Certificate?? = nil,
      _ change: (inout Header) -> Void = { _ in }
    ) -> Block {
      var header = Header(on: tip, milliseconds: 5)
      header.version = replica.requiredVersion
      change(&header)
      return Block(
        header: header,
        transactions: transactions ?? [transfer.encoded],
        evidence: evidence,
        lastCertificate: certificate ?? tip.certificate
      )
    }

    var transfer: Transaction { harness.world.transfer(9) }

    func fault(_ block: Block) -> BlockFault? {
      guard case .invalid(let fault) = replica.verdict(on: block) else { return nil }
      return fault
    }

    /// Of the tip's block, with something changed.
    func certificate(_ change: (inout Certificate) -> Void) -> Certificate? {
      var certificate = tip.certificate
      if certificate != nil { change(&certificate!) }
      return certificate
    }

    func contradiction(height: Height, by key: SigningKey? = nil, second: Digest? = .zero) -> Evidence {
      func vote(_ block: Digest?) -> Vote {
        let body = Vote.signBody(height: height, round: 0, validRound: nil, block: block)
        let signer = key ?? harness.world.validators[0]
        return Vote(
          kind: .prevote,
          height: height,
          round: 0,
          validRound: nil,
          block: block,
          validator: 0,
          signature: signer.sign(domain: .prevote, chain: harness.world.genesis.chain.text, body)
        )
      }
      return .duplicateVote(vote(nil), vote(second))
    }
  }

  let ground: Ground

  init() throws { ground = try Ground() }

  @Test func `a block that keeps every rule is valid, with transactions, evidence or nothing`() {
    #expect(ground.fault(ground.block()) == nil)
    #expect(ground.fault(ground.block(transactions: [])) == nil)
    #expect(ground.fault(ground.block(evidence: [ground.contradiction(height: 2)])) == nil)
    #expect(ground.fault(ground.block { $0.time = ground.tip.time.advanced(byMilliseconds: 1) }) == nil)
  }

  @Test func `each field of the header agrees with the state here`() {
    let wrong = Digest.blake2b([1])
    let cases: [(BlockFault, (inout Header) -> Void)] = [
      (.wrongChain, { $0.chain = ChainID("replicas-2")! }),
      (.wrongHeight, { $0.height += 1 }),
      (.wrongHeight, { $0.height -= 1 }),
      (.wrongParent, { $0.parent = wrong }),
      (.wrongVersion, { $0.version += 1 }),
      (.wrongState(field: "state_root"), { $0.stateRoot = wrong }),
      (.wrongState(field: "receipts_root"), { $0.receiptsRoot = wrong }),
      (.wrongState(field: "validators_hash"), { $0.validatorsHash = wrong }),
      (.wrongState(field: "next_validators_hash"), { $0.nextValidatorsHash = wrong }),
      (.timeNotAfterParent, { $0.time = ground.tip.time }),
      (.timeNotAfterParent, { $0.time = Timestamp(milliseconds: ground.tip.time.milliseconds - 1) }),
      (.unknownProposer, { $0.proposer = World.key(77).address }),
    ]
    for (fault, change) in cases { #expect(ground.fault(ground.block(change)) == fault) }
  }

  @Test func `the parent's certificate is there, is the parent's and is signed by a quorum`() {
    let wrong = Digest.blake2b([1])
    let certificates: [Certificate?] = [
      nil,
      ground.certificate { $0.kind = .prevote },
      ground.certificate { $0.height += 1 },
      ground.certificate { $0.block = wrong },
      ground.certificate { $0.round += 1 },
      ground.certificate { $0.signatures[0] = World.key(3).sign([1]) },
      ground.certificate {
        $0.signers = [0]
        $0.signatures = []
      },
      ground.certificate { $0.signers = [2] },
    ]
    for certificate in certificates {
      #expect(ground.fault(ground.block(certificate: .some(certificate))) == .lastCertificate)
    }
  }

  @Test func `the first block has no certificate`() throws {
    let world = try World(validators: 1)
    let harness = Harness(world, key: nil)
    let rules = harness.replica.rules
    func fault(_ certificate: Certificate?) -> BlockFault? {
      let built = rules.build(
        after: harness.store.tip,
        proposer: world.validators[0].address,
        time: harness.store.tip.time,
        transactions: [],
        evidence: [],
        version: harness.replica.requiredVersion,
        lastCertificate: certificate
      )
      guard case .invalid(let fault) = harness.replica.verdict(on: built.block) else { return nil }
      return fault
    }
    #expect(fault(nil) == nil)
    #expect(fault(ground.tip.certificate) == .lastCertificate)
  }

  @Test func `transactions are whole, signed for this chain, and each there once`() throws {
    let good = ground.transfer.encoded
    var changed = good
    changed[changed.count - 1] ^= 1
    #expect(ground.fault(ground.block(transactions: [good, changed])) == .transaction(index: 1))
    #expect(ground.fault(ground.block(transactions: [[1, 2, 3]])) == .transaction(index: 0))
    #expect(ground.fault(ground.block(transactions: [good, good])) == .duplicateTransaction(index: 1))
    let send = Send(from: World.key(100).address, to: World.key(5).address, amount: [Coin(7, .uakt)])
    let elsewhere = TransactionDraft(actions: [.send(send)], sequence: 9, fee: Fee(amount: Coin(10, .uakt)))
      .signed(by: World.key(100), chain: ChainID("replicas-2")!)
    #expect(ground.fault(ground.block(transactions: [elsewhere.encoded])) == .transaction(index: 0))
  }

  @Test func `a block is no larger than the parameter says`() throws {
    let limit = Int(ground.replica.parameter(.maximumBlockBytes))
    var transactions: [[UInt8]] = []
    var size = 0
    var sequence: UInt64 = 9
    while size <= limit {
      let next = ground.harness.world.transfer(sequence).encoded
      size += next.count
      sequence += 1
      transactions.append(next)
    }
    #expect(ground.fault(ground.block(transactions: transactions)) == .tooLarge)
    transactions.removeLast()
    // One below the limit is judged by its transactions, which are good.
    #expect(ground.fault(ground.block(transactions: transactions)) == nil)
  }

  @Test func `evidence is a contradiction, signed by its author, of a height that is known`() {
    let good = ground.contradiction(height: 2)
    func fault(_ evidence: Evidence) -> BlockFault? {
      ground.fault(ground.block(evidence: [good, evidence]))
    }
    #expect(fault(ground.contradiction(height: 9)) == .evidence(index: 1))
    #expect(
      fault(ground.contradiction(height: 2, by: World.key(9), second: .blake2b([2]))) == .evidence(index: 1)
    )
    #expect(fault(ground.contradiction(height: 3, second: nil)) == .evidence(index: 1))
    #expect(fault(ground.contradiction(height: 3)) == nil)
  }

  @Test func `roots over transactions, evidence and certificate are the block's own`() throws {
    // What the bytes of a block say of themselves is checked when they are read.
    let block = ground.block(evidence: [ground.contradiction(height: 2)])
    #expect(try Block(decoding: block.encoded).identifier == block.identifier)
    let changes: [(String, (inout Header) -> Void)] = [
      ("transactions_root", { $0.transactionsRoot = .zero }),
      ("evidence_root", { $0.evidenceRoot = .zero }),
      ("last_certificate_hash", { $0.lastCertificateHash = .zero }),
    ]
    for (field, change) in changes {
      var header = block.header
      change(&header)
      var wire = try Supercloud_Chain_V1_Block(decoding: block.encoded, limit: WireLimits.blockBytes)
      wire.header = .init(wire: header.encoded)
      #expect(throws: DecodingError.invalid(field: field)) { try Block(decoding: wire.encoded) }
    }
  }
}
