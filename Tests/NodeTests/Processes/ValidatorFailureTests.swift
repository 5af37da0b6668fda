import API
import Chain
import Cryptography
import Foundation
import Node
import Primitives
import Testing

extension RealProcesses {
  @Suite(.serialized) struct ValidatorFailureTests {
    @Test func `a validator killed in the middle of load returns, catches up and agrees`() async throws {
      let network = try await LocalNetwork()
      let names = network.validators
      try network.start(names)
      try await network.expect(names, at: 2)

      let receiver = SigningKey.generate().address
      let senders = try network.senders(to: receiver)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for sender in senders { group.addTask { await sender.run() } }
        defer { for sender in senders { sender.stop() } }
        try await network.expect("transfers flow") { senders.allSatisfy { $0.acknowledged.count > 2 } }

        let victim = names[2]
        network.kill(victim)
        let killedAt = try await network.height(names[0])
        try await network.expect(names.filter { $0 != victim }, at: killedAt + 5)
        let before = senders.reduce(0) { $0 + $1.acknowledged.count }
        try network.start([victim])
        try await network.expect(names, at: killedAt + 8)
        try await network.expect("transfers go on") {
          senders.reduce(0) { $0 + $1.acknowledged.count } > before
        }
      }

      try await network.expectKept(by: senders, at: receiver)
    }

    @Test func `three of four go on, two stop, and they resume when a third returns`() async throws {
      let network = try await LocalNetwork()
      let names = network.validators
      try network.start(names)
      try await network.expect(names, at: 2)

      network.kill(names[3])
      let three = try await network.height(names[0])
      try await network.expect(Array(names[..<3]), at: three + 3)

      network.kill(names[2])
      let two = try await network.height(names[0])
      let wentOn = await Program.until(seconds: 10) { try await network.height(names[0]) > two + 1 }
      #expect(!wentOn, "two of four committed blocks")

      try network.start([names[2]])
      let resumed = try await network.height(names[0])
      try await network.expect(Array(names[..<3]), at: resumed + 3)
      try network.start([names[3]])
      try await network.expect(names, at: resumed + 4)
      _ = try await network.expectAgreement(of: names)
    }

    @Test func `a network that was stopped goes on where it stood`() async throws {
      let network = try await LocalNetwork()
      let names = network.validators
      try network.start(names)
      try await network.expect(names, at: 3)
      for name in names {
        let status = try await network.stop(name)
        #expect(status == 0, "\(network.tail(name))")
      }
      try network.start(names)
      try await network.expect(names, at: 6)
      let height = try await network.expectAgreement(of: names)
      #expect(height >= 6)
    }
  }
}
