import Chain
import Foundation
import Testing

@testable import Node

@Suite struct NodeConfigurationTests {
  private func configuration(_ change: (inout NodeConfiguration.Network) -> Void) -> NodeConfiguration {
    var configuration = NodeConfiguration(moniker: "n", role: .full)
    change(&configuration.network)
    return configuration
  }

  /// What the file says, read again.
  private func read(_ configuration: NodeConfiguration) throws -> NodeConfiguration {
    let file = FileManager.default.temporaryDirectory.appending(path: "config-\(UUID().uuidString).toml")
    defer { try? FileManager.default.removeItem(at: file) }
    try configuration.text.write(to: file, atomically: true, encoding: .utf8)
    return try NodeConfiguration.read(file)
  }

  @Test func `a node tells where it listens, or what it was told to tell`() throws {
    let listening = configuration { $0.listen = "192.0.2.1:0" }
    #expect(listening.network.addresses(port: 7) == ["192.0.2.1:7/7"])
    let streamOnly = configuration {
      $0.listen = "192.0.2.1:0"
      $0.usesUDP = false
    }
    #expect(streamOnly.network.addresses(port: 7) == ["192.0.2.1:7"])
    let sixth = configuration { $0.listen = "[2001:db8::1]:0" }
    #expect(sixth.network.addresses(port: 7) == ["[2001:db8::1]:7/7"])
    let named = configuration {
      $0.listen = "0.0.0.0:26656"
      $0.advertise = ["gpu.example.org:26656/26656", "192.0.2.1:5"]
    }
    #expect(try read(named).network.addresses(port: 7) == named.network.advertise)
    #expect(named.network.isReachable)
  }

  @Test(arguments: ["0.0.0.0:26656", "[::]:26656"])
  func `all addresses of a machine are no place to dial`(_ listen: String) {
    let hidden = configuration { $0.listen = listen }
    #expect(!hidden.network.isReachable)
    #expect(hidden.network.addresses(port: 26_656) == [])
  }

  @Test(arguments: ["gpu.example.org", "gpu.example.org:1/2/3", "gpu.example.org:1/x", ":1", "a:70000"])
  func `an address that nobody could dial is refused`(_ address: String) throws {
    let error = #expect(throws: DefinitionError.self) {
      try read(configuration { $0.advertise = [address] })
    }
    #expect("\(try #require(error))".contains("network.advertise"))
  }

  @Test(arguments: [(0, true), (1, false), (9, false), (10, true)] as [(UInt64, Bool)])
  func `a node keeps all blocks, or enough for neighbours that miss a few`(_ count: UInt64, isTaken: Bool)
    throws
  {
    var configuration = NodeConfiguration(moniker: "n", role: .full)
    configuration.storage.keepBlocks = count
    guard !isTaken else { return #expect(try read(configuration).storage.keepBlocks == count) }
    let error = #expect(throws: DefinitionError.self) { try read(configuration) }
    #expect("\(try #require(error))".contains("storage.keep_blocks"))
  }

  @Test func `a node record has room for three addresses`() throws {
    #expect(throws: DefinitionError.self) {
      try read(configuration { $0.advertise = ["a:1", "b:1", "c:1", "d:1"] })
    }
  }
}
