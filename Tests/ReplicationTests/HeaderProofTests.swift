import Chain
import Cryptography
import Primitives
import Testing

@testable import Replication

/// Headers from an anchor of trust, out of blocks that anybody may send.
@Suite struct HeaderProofTests {
  let world: World
  let maker: Harness

  init() throws {
    world = try World(validators: 1)
    maker = Harness.chain(world, heights: 12)
  }

  private func proof(_ anchor: TrustAnchor, _ targets: [Height], trusting: UInt64 = 1_000_000) -> HeaderProof<
    String
  > {
    HeaderProof(
      chain: world.genesis.chain,
      anchor: anchor,
      targets: targets,
      settings: .init(trustingMilliseconds: trusting)
    )
  }

  private var now: Timestamp { maker.store.tip.time.advanced(byMilliseconds: 10) }

  @Test func `from genesis to two headers that follow each other`() throws {
    var proof = proof(.tip(world.origin.tip), [9, 10])
    while let next = proof.next {
      #expect(proof.add(try maker.lightBlock(at: next), from: "honest", at: now) == .progress)
    }
    #expect(proof.steps == [9, 10])
    #expect(proof.proven[9]?.identifier == proof.proven[10]?.header.parent)
  }

  @Test func `from a header that is known by its hash, which may be the wanted one`() throws {
    let trusted = try maker.lightBlock(at: 4)
    var proof = proof(.header(4, trusted.identifier), [4, 11])
    #expect(proof.next == 4)
    #expect(proof.add(try maker.lightBlock(at: 11), from: "early", at: now) == .progress)
    #expect(proof.next == 4, "nobody asked for it yet")
    #expect(proof.add(trusted, from: "honest", at: now) == .progress)
    #expect(proof.next == 11)
    #expect(proof.add(try maker.lightBlock(at: 11), from: "honest", at: now) == .progress)
    #expect(proof.next == nil && proof.proven.count == 2)
  }

  @Test func `a block that is not the chain's accuses who sent it, and the right one is still taken`() throws
  {
    let good = try maker.lightBlock(at: 9)
    var header = good.header
    header.stateRoot = .blake2b([1])
    let wrongHeader = LightBlock(
      header: header,
      certificate: good.certificate,
      validators: good.validators,
      nextValidators: good.nextValidators
    )
    var certificate = good.certificate
    certificate.signatures = [World.key(9).sign([1])]
    let wrongSignature = LightBlock(
      header: good.header,
      certificate: certificate,
      validators: good.validators,
      nextValidators: good.nextValidators
    )
    let stranger = Validator(address: World.key(9).address, key: World.key(9).publicKey, power: 1_000)
    let wrongNext = LightBlock(
      header: good.header,
      certificate: good.certificate,
      validators: good.validators,
      nextValidators: try ValidatorSet([stranger])
    )
    var proof = proof(.tip(world.origin.tip), [9])
    for (name, block) in [("header", wrongHeader), ("signature", wrongSignature), ("next", wrongNext)] {
      #expect(proof.add(block, from: name, at: now) == .wrong(name))
    }
    #expect(proof.add(good, from: "honest", at: now) == .progress)
    #expect(proof.proven[9] == good)
    var trusting = self.proof(.header(9, .blake2b([3])), [9])
    #expect(trusting.add(good, from: "honest", at: now) == .wrong("honest"))
  }

  @Test func `an anchor that is too old vouches for nothing`() throws {
    var proof = proof(.tip(world.origin.tip), [9], trusting: 1)
    #expect(proof.add(try maker.lightBlock(at: 9), from: "honest", at: now) == .failed(.trustExpired))
  }
}
