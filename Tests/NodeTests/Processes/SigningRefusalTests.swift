import Cryptography
import Foundation
import Primitives
import Testing

extension RealProcesses {
  /// A validator whose disk fails it does not sign what it might have signed before.
  @Suite(.serialized) struct SigningRefusalTests {
    @Test func `a validator with a damaged log says so, signs nothing and follows the chain`() async throws {
      let network = try await LocalNetwork()
      let names = network.validators
      try network.start(names)
      try await network.expect(names, at: 3)
      let victim = names[3]
      _ = try await network.stop(victim)
      try damageLog(of: victim, in: network)
      try network.start([victim])
      let height = try await network.height(names[0])
      try await network.expect(names, at: height + 3)
      let log = try String(
        contentsOf: network.folder.appending(path: "logs/\(victim).log"),
        encoding: .utf8
      )
      #expect(log.contains("the consensus log is damaged: this node follows the chain and signs nothing"))
      // The other three are a quorum, and all of them are needed.
      network.kill(names[2])
      let two = try await network.height(names[0])
      let wentOn = await Program.until(seconds: 8) { try await network.height(names[0]) > two + 1 }
      #expect(!wentOn, "the validator with the damaged log signs")
    }

    /// Changes a record that good ones follow.
    private func damageLog(of name: String, in network: LocalNetwork) throws {
      let folder = URL(filePath: network.home(name)).appending(path: "consensus/log")
      let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      let segment = folder.appending(path: try #require(files.first))
      var bytes = [UInt8](try Data(contentsOf: segment))
      bytes[bytes.count / 3] ^= 0xFF
      try Data(bytes).write(to: segment)
    }

    @Test func `a validator whose disk is full stops with a clear text, and returns when there is room`()
      async throws
    {
      let network = try await LocalNetwork()
      let names = network.validators
      try network.start(names)
      try await network.expect(names, at: 2)
      let victim = names[3]
      _ = try await network.stop(victim)
      // No file can grow beyond this: the system says so as it does of a full disk.
      try network.start([victim], fileLimitKilobytes: 256)
      let sender = try Transfers(
        account: 0,
        to: SigningKey.generate().address,
        over: names[..<3].map { try network.client($0) }
      )
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await sender.run() }
        defer { sender.stop() }
        try await network.expect("the validator stops", seconds: 120) { !network.isRunning(victim) }
      }
      let log = network.tail(victim)
      #expect(log.contains("no space left") && log.contains("free some space"), "\(log)")
      #expect(!log.contains("crashed"))
      let height = try await network.height(names[0])
      try await network.expect(Array(names[..<3]), at: height + 2)
      try network.start([victim])
      try await network.expect(names, at: height + 4)
      _ = try await network.expectAgreement(of: names)
    }
  }
}
