import Chain
import Cryptography
import Foundation
import Primitives
import Testing
import Wire

/// Every decoder that a stranger's bytes reach, under mutations of real messages and under random protobuf.
///
/// Each group of decoders gets a minute, in equal parts. `SUPERCLOUD_FUZZ_SECONDS=600` makes it ten,
/// `SUPERCLOUD_FUZZ_SEED` chooses other inputs.
@Suite struct DecoderFuzzTests {
  struct Target: Sendable, CustomTestStringConvertible {
    let name: String
    /// Messages that decode, to be mutated.
    let corpus: [[UInt8]]
    /// Throws for what is refused; returns what the value encodes to, when its encoding is unique.
    let decode: @Sendable ([UInt8]) throws -> [UInt8]?

    var testDescription: String { name }
  }

  static let chain = ChainID("fuzz-1")!
  static let key = SigningKey(seed: Array(repeating: 3, count: 32))!
  static let time = Timestamp(milliseconds: 9_000_000)

  /// Frames by their kinds, so that a new kind is here as soon as it exists; then what frames hold, and what comes
  /// otherwise than in frames.
  static let groups = [frameTargets, objectTargets, snapshotTargets, transportTargets, requestTargets]
  static let targets = groups.flatMap(\.self)

  private static func seconds(of target: Target) -> Double {
    let wanted = ProcessInfo.processInfo.environment["SUPERCLOUD_FUZZ_SECONDS"].flatMap(Double.init) ?? 60
    let group = groups.first { $0.contains { $0.name == target.name } } ?? targets
    return wanted / Double(group.count)
  }

  @Test func `every kind of frame and every decoder has messages to begin with`() {
    #expect(Set(Self.targets.map(\.name)).count == Self.targets.count)
    for target in Self.targets { #expect(!target.corpus.isEmpty, "\(target.name)") }
    for kind in FrameKind.allCases { #expect(Self.targets.contains { $0.name == "frame \(kind)" }) }
  }

  @Test(arguments: targets) func `damaged and random bytes are refused or mean what they say`(
    _ target: Target
  )
    throws
  {
    let environment = ProcessInfo.processInfo.environment
    let share = Duration.seconds(Self.seconds(of: target))
    let base = environment["SUPERCLOUD_FUZZ_SEED"].flatMap(UInt64.init) ?? 20_261_124
    let seed: UInt64 = base ^ UInt64(target.name.utf8.reduce(0) { $0 &* 31 &+ UInt32($1) })
    var mutator = Mutator(seed: seed, corpus: target.corpus)
    for sample in target.corpus {
      let encoded = try target.decode(sample)
      #expect(encoded == nil || encoded == sample, "a sample of \(target.name)")
    }
    let clock = ContinuousClock()
    let start = clock.now
    var inputs = 0
    var decoded = 0
    while clock.now - start < share {
      for _ in 0..<500 {
        let input = mutator.next()
        inputs += 1
        do {
          if let encoded = try target.decode(input), encoded != input {
            Issue.record("seed \(seed), input \(inputs): \(Hex.encode(input)) became \(Hex.encode(encoded))")
            return
          }
          decoded += 1
        } catch is FuzzFailure {
          Issue.record("seed \(seed), input \(inputs): \(Hex.encode(input))")
          return
        } catch {
          continue
        }
      }
    }
    print("fuzz \(target.name): seed \(seed), \(inputs) inputs, \(decoded) decoded")
  }

  /// What a target throws when an input had an effect that none may have.
  struct FuzzFailure: Error {}
}

extension Header {
  /// Of a chain that has nothing but validators.
  static func empty(
    height: Height,
    milliseconds: UInt64,
    validators: Digest,
    proposer: Address
  ) -> Header {
    Header(
      version: 1,
      chain: ChainID("fuzz-1")!,
      height: height,
      time: Timestamp(milliseconds: milliseconds),
      parent: .zero,
      stateRoot: .zero,
      receiptsRoot: .zero,
      transactionsRoot: .zero,
      evidenceRoot: .zero,
      lastCertificateHash: .zero,
      validatorsHash: validators,
      nextValidatorsHash: validators,
      proposer: proposer
    )
  }
}
