import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

/// Evidence that somebody who trusts a validator set can check without a network.
@Suite struct ProofTests {
  /// A chain with a lease and a running vote, its state tree, and four validators.
  private final class World {
    let chain: TestChain
    let validators: ValidatorSet
    private let pages: [NibblePath: StateTreePage]
    private let root: Digest
    private let keys: [SigningKey]

    init(trusted count: Int = 4) throws {
      chain = try TestChain.market(parameters: [.proposalMinimumDeposit: 1])
      #expect(chain.submit(.agreeLease(chain.agreement(chain.order())), by: "tenant").isSuccess)
      let proposal = SubmitProposal(
        proposer: chain.address("tenant"),
        title: "t",
        summary: "",
        contents: [.text("we should")],
        deposit: [Coin(1, .uakt)]
      )
      #expect(chain.submit(.submitProposal(proposal), by: "tenant").isSuccess)
      let options = [
        WeightedVoteOption(option: .yes, weight: Decimal18("0.75")!),
        WeightedVoteOption(option: .abstain, weight: Decimal18("0.25")!),
      ]
      #expect(
        chain.submit(.vote(id: 1, voter: chain.address("other"), options: options), by: "other").isSuccess
      )
      let end = Array(repeating: UInt8(0xFF), count: 200)
      let entries = chain.state.entries(from: [], to: end, limit: 100_000)
      let update = try StateTree.apply(
        entries.map { StateTreeChange(key: $0.key, value: $0.value) },
        to: [NibblePath: StateTreePage](),
        root: StateTree.emptyRoot
      )
      pages = Dictionary(
        uniqueKeysWithValues: update.pages.compactMap { entry in entry.page.map { (entry.path, $0) } }
      )
      root = update.root
      keys = (0..<count).map { SigningKey(seed: Digest.sha256("validator \($0)".utf8).bytes)! }
      validators = try ValidatorSet(keys.map { Validator(address: $0.address, key: $0.publicKey, power: 10) })
    }

    func header(height: Height = 9) -> Header {
      Header(
        version: 1,
        chain: TestChain.id,
        height: height,
        time: chain.moment.time,
        parent: .zero,
        stateRoot: root,
        receiptsRoot: .zero,
        transactionsRoot: .zero,
        evidenceRoot: .zero,
        lastCertificateHash: .zero,
        validatorsHash: validators.hash,
        nextValidatorsHash: validators.hash,
        proposer: validators.members[0].address
      )
    }

    /// Signed by the first `count` of the set.
    func certificate(_ header: Header, signers count: Int = 3, kind: Vote.Kind = .precommit) -> Certificate {
      let body = Vote.signBody(height: header.height, round: 0, validRound: nil, block: header.identifier)
      var signers = SignerSet(count: validators.count)
      var signatures: [Signature] = []
      for index in 0..<count {
        signers.insert(ValidatorIndex(index))
        let key = keys.first { $0.publicKey == validators.members[index].key }!
        signatures.append(key.sign(domain: kind.domain, chain: TestChain.id.text, body))
      }
      return Certificate(
        kind: kind,
        height: header.height,
        round: 0,
        validRound: nil,
        block: header.identifier,
        signers: signers.bytes,
        signatures: signatures
      )
    }

    func evidence(_ entry: ProvenEntry) throws -> CertifiedProof {
      let header = header()
      return CertifiedProof(
        entry: entry,
        value: chain.state.value(for: entry.key),
        proof: try StateTree.prove(key: StateTree.keyDigest(entry.key), in: pages, root: root),
        header: header,
        certificate: certificate(header),
        validators: validators
      )
    }

    var entries: [ProvenEntry] {
      [
        .balance(chain.address("tenant"), .uusdc), .lease(chain.lease()),
        .vote(proposal: 1, voter: chain.address("other")),
      ]
    }
  }

  @Test func `balances, leases and votes are proven`() throws {
    let world = try World()
    var texts: [String] = []
    for entry in world.entries {
      let evidence = try world.evidence(entry)
      #expect(evidence.value != nil)
      let trust = try evidence.verify(chain: TestChain.id, trusted: world.validators)
      #expect(trust == .init(signed: 30, total: 40))
      texts += try entry.decodedFields(of: evidence.value).map { "\($0.name): \($0.text)" }
    }
    #expect(
      texts == [
        "balance: 1000000000uusdc", "state: active", "price: 5uakt per tick", "opened: tick 0, height 2",
        "lease deposit: 500000uakt", "yes: 0.75", "abstain: 0.25",
      ]
    )
  }

  @Test func `what is absent is proven absent`() throws {
    let world = try World()
    let stranger = world.chain.address("stranger")
    for entry: ProvenEntry in [
      .balance(stranger, .uakt), .lease(world.chain.lease("provider", 7)),
      .vote(proposal: 1, voter: stranger),
    ] {
      var evidence = try world.evidence(entry)
      #expect(evidence.value == nil)
      _ = try evidence.verify(chain: TestChain.id, trusted: world.validators)
      // A value where there is none.
      evidence.value = [0, 0, 0, 0, 0, 0, 0, 1]
      #expect(doubt(evidence, world) == .proof)
    }
  }

  @Test func `whatever is changed is noticed`() throws {
    let world = try World()
    let honest = try world.evidence(world.entries[0])
    func changed(_ change: (inout CertifiedProof) -> Void) -> CertifiedProof.VerificationError? {
      var evidence = honest
      change(&evidence)
      return doubt(evidence, world)
    }
    #expect(changed { _ in } == nil)
    #expect(changed { $0.value?[7] ^= 1 } == .proof)
    #expect(changed { $0.value = nil } == .proof)
    #expect(changed { $0.entry = world.entries[1] } == .proof)
    #expect(changed { $0.header.stateRoot = .zero } == .proof)
    #expect(changed { $0.header.time = .zero } == .foreignCertificate)
    #expect(changed { $0.certificate.height += 1 } == .foreignCertificate)
    #expect(
      changed { $0.certificate = world.certificate($0.header, kind: .prevote) } == .foreignCertificate
    )
    #expect(changed { $0.header.chain = ChainID("test-2")! } == .chain(ChainID("test-2")!))
    let few = changed { $0.certificate = world.certificate($0.header, signers: 2) }
    #expect(few == .certificate(.insufficientPower(20, needed: 27)))
    let forged = changed { $0.certificate.signatures.swapAt(0, 1) }
    #expect(forged == .certificate(.invalidSignature(0)))
  }

  @Test func `a header of validators that nobody trusts proves nothing`() throws {
    let world = try World()
    let evidence = try world.evidence(world.entries[0])
    let strangers = try ValidatorSet(
      (0..<4).map {
        let key = SigningKey(seed: Digest.sha256("stranger \($0)".utf8).bytes)!
        return Validator(address: key.address, key: key.publicKey, power: 10)
      }
    )
    do throws(CertifiedProof.VerificationError) {
      _ = try evidence.verify(chain: TestChain.id, trusted: strangers)
      Issue.record("strangers are trusted")
    } catch {
      #expect(error == .insufficientTrust(signed: 0, needed: 14, of: 40))
    }
    // Another set in the file than the one that the header names.
    var other = evidence
    other.validators = strangers
    #expect(doubt(other, world) == .validators)
  }

  @Test func `more than a third of the trusted power suffices, a third does not`() throws {
    let world = try World()
    let evidence = try world.evidence(world.entries[0])
    func trusted(stranger power: Int64) throws -> ValidatorSet {
      let key = SigningKey(seed: Digest.sha256("stranger".utf8).bytes)!
      let known = world.validators.members.prefix(1)
      return try ValidatorSet(known + [Validator(address: key.address, key: key.publicKey, power: power)])
    }
    _ = try evidence.verify(chain: TestChain.id, trusted: trusted(stranger: 19))
    do throws(CertifiedProof.VerificationError) {
      _ = try evidence.verify(chain: TestChain.id, trusted: try! trusted(stranger: 20))
      Issue.record("a third suffices")
    } catch {
      #expect(error == .insufficientTrust(signed: 10, needed: 11, of: 30))
    }
  }

  @Test func `keys are read as they are written, and nothing else`() throws {
    let world = try World()
    for entry in world.entries { #expect(ProvenEntry(entry.kind, entry.text) == entry) }
    let address = world.chain.address("tenant").text()
    let ibc = ProvenEntry(.balance, "\(address)/\(TestChain.ibc)")
    #expect(ibc == .balance(world.chain.address("tenant"), TestChain.ibc))
    for (kind, text) in [
      (ProvenEntry.Kind.balance, address), (.balance, "\(address)/x"), (.balance, "/uakt"),
      (.vote, "x/\(address)"),
      (.vote, "1/2/\(address)"), (.lease, "\(address)/1/1/1"), (.lease, "\(address)/1/1/-1/\(address)"),
    ] {
      #expect(ProvenEntry(kind, text) == nil, "\(text)")
    }
  }

  @Test func `bytes that the ledger does not write have no meaning`() throws {
    let world = try World()
    for entry in world.entries {
      let value = try #require(world.chain.state.value(for: entry.key))
      for length in 0..<value.count {
        #expect(throws: DecodingError.self) { try entry.decodedFields(of: Array(value.prefix(length))) }
      }
      #expect(throws: DecodingError.self) { try entry.decodedFields(of: value + [0]) }
    }
  }

  private func doubt(_ evidence: CertifiedProof, _ world: World) -> CertifiedProof.VerificationError? {
    do throws(CertifiedProof.VerificationError) {
      _ = try evidence.verify(chain: TestChain.id, trusted: world.validators)
      return nil
    } catch {
      return error
    }
  }
}
