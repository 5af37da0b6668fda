import Chain
import Cryptography
import Primitives
import Simulator
import Testing

@testable import Consensus

/// The log gives the state back, from every prefix, and never another message for a step that was signed.
@Suite struct ReplayTests {
  /// Nodes in the middle of a height with faults, the log of which is as rich as it gets.
  func recorded(_ seed: UInt64) -> Network {
    var options = Network.Options()
    options.heights = 2
    options.healsAt = 1_500
    options.faults.lossPartsPerMillion = 200_000
    options.faults.reorderPartsPerMillion = 1_000_000
    options.faults.reorderMilliseconds = 200
    options.recordsFingerprints = true
    let strategy = Strategy(equivocates: true, forgetsLocks: true, forges: true)
    let network = Network(seed: seed, options: options, byzantine: [Int(seed % 4): strategy])
    network.run(until: 400 + seed * 150)
    return network
  }

  @Test func `replay from every prefix gives the state that was, and asks to sign only what was asked`() {
    var prefixes = 0
    var compared = 0
    for seed: UInt64 in 1...12 {
      let network = recorded(seed)
      for node in network.honest where !node.log.isEmpty {
        let configuration = Fixture.configuration(node.number)
        for count in 1...node.log.count {
          var machine = Tendermint.replay(Array(node.log.prefix(count)), configuration: configuration)
          prefixes += 1
          if let fingerprint = node.fingerprints[count] {
            #expect(machine.fingerprint == fingerprint, "seed \(seed), node \(node.number), prefix \(count)")
            compared += 1
          }
          var turn = Tendermint.Turn(at: .zero)
          machine.resume(&turn)
          for case .sign(let request) in turn.effects {
            let position = ConsensusNode.Position(
              height: request.height,
              round: request.round,
              kind: request.kind
            )
            // The guard would refuse another message, but the machine must not want one.
            if let signed = node.signed[position] {
              #expect(signed == request.signBody, "seed \(seed), node \(node.number), prefix \(count)")
            }
          }
        }
      }
    }
    print("replay: \(prefixes) prefixes, \(compared) of them compared with the state that was")
    #expect(compared > 300)
  }

  @Test func `a replayed machine goes on as the one that was never stopped`() {
    for seed: UInt64 in 1...12 {
      for node in recorded(seed).honest where !node.log.isEmpty {
        let configuration = Fixture.configuration(node.number)
        var whole = Tendermint.replay(node.log, configuration: configuration)
        for count in stride(from: 1, to: node.log.count, by: 7) {
          var stopped = Tendermint.replay(Array(node.log.prefix(count)), configuration: configuration)
          stopped.isReplaying = true
          var turn = Tendermint.Turn(at: .zero)
          for record in node.log.dropFirst(count) { stopped.step(record.input, &turn) }
          #expect(stopped.fingerprint == whole.fingerprint, "seed \(seed), node \(node.number)")
        }
        whole.isReplaying = false
      }
    }
  }

  @Test func `records survive encoding; cut or changed ones are refused or are another record`() throws {
    var kinds: Set<UInt8> = []
    for seed: UInt64 in 1...6 {
      for node in recorded(seed).honest {
        for record in node.log {
          let bytes = record.encoded
          #expect(try LogRecord(decoding: bytes) == record)
          #expect(throws: (any Error).self) { try LogRecord(decoding: bytes + [0]) }
          #expect(throws: (any Error).self) { try LogRecord(decoding: Array(bytes.dropLast())) }
          guard kinds.insert(bytes[0]).inserted else { continue }
          for count in bytes.indices {
            #expect(throws: (any Error).self) { try LogRecord(decoding: Array(bytes.prefix(count))) }
          }
          for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x41
            if let other = try? LogRecord(decoding: changed) { #expect(other != record) }
          }
        }
      }
    }
    #expect(kinds.count >= 9, "beginnings, proposals, votes, certificates, timers, blocks and own messages")
  }

  @Test func `a machine that resumes asks for what is outstanding`() {
    var bench = Bench(2)
    bench.grants = false
    let block = Fixture.block(1)
    bench.propose(block, by: 0, round: 0)
    let request = SigningRequest(
      kind: .prevote,
      height: 1,
      round: 0,
      validRound: nil,
      block: block,
      validator: 2
    )
    #expect(bench.effects.contains(.sign(request)))
    bench.propose(Fixture.block(2), by: 0, round: 0, isValid: nil)
    var machine = Tendermint.replay(bench.log, configuration: Fixture.configuration(2))
    #expect(machine.fingerprint == bench.machine.fingerprint)
    var turn = Tendermint.Turn(at: .zero)
    machine.resume(&turn)
    #expect(turn.effects.contains(.sign(request)))
    #expect(turn.effects.contains(.validateBlock(Fixture.block(2))))
    #expect(
      turn.effects.contains { if case .schedule(let timer, _) = $0 { timer.kind == .propose } else { false } }
    )
  }

  @Test func `a decided height is decided again after a restart`() {
    var bench = Bench(2)
    bench.propose(Fixture.block(1), by: 0, round: 0)
    bench.votes(.precommit, round: 0, Fixture.block(1), by: [0, 1, 3])
    var machine = Tendermint.replay(bench.log, configuration: Fixture.configuration(2))
    var turn = Tendermint.Turn(at: .zero)
    machine.resume(&turn)
    let decisions = turn.effects.filter { if case .decide = $0 { true } else { false } }
    #expect(decisions.count == 1)
  }
}
