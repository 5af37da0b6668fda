import API
import Foundation
import Glibc

extension LocalNetwork {
  /// Copies the home of a stopped node, as an operator does who moves or restores it; it gets ports of its own.
  func copyHome(of name: String, to copy: String, withOwnNodeKey: Bool = false) throws {
    guard let member = plan.members.first(where: { $0.name == name }) else { throw TestFailure("no \(name)") }
    let files = FileManager.default
    try files.copyItem(atPath: home(name), toPath: home(copy))
    if withOwnNodeKey { try files.removeItem(atPath: home(copy) + "/keys/node.key") }
    let (peerPort, apiPort) = (try Self.freePort(), try Self.freePort())
    let file = URL(filePath: home(copy)).appending(path: "config.toml")
    let text = try String(contentsOf: file, encoding: .utf8)
      .replacingOccurrences(of: ":\(member.peerPort)", with: ":\(peerPort)")
      .replacingOccurrences(of: ":\(member.apiPort)", with: ":\(apiPort)")
    try text.write(to: file, atomically: true, encoding: .utf8)
    add(Plan.Member(name: copy, role: "copy", apiPort: apiPort, peerPort: peerPort))
  }

  /// A loopback port that nothing uses now.
  static func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 ? getsockname(descriptor, $0, &size) : -1
      }
    }
    guard result == 0 else { throw TestFailure("no free port") }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  /// Runs a command to its end; it must succeed.
  @discardableResult
  func run(_ arguments: [String]) async throws -> String {
    let result = try await Program.run(arguments)
    guard result.status == 0 else {
      throw TestFailure("supercloud \(arguments.joined(separator: " ")): \(result.output)\(result.error)")
    }
    return result.output
  }

  /// Checks that no validator has lost stake, been jailed or been tombstoned. Prints the stakes.
  func expectStakesWhole(_ asked: String) async throws {
    let validators: [Answer.Validator] = try await list(asked, "/v1/validators")
    for validator in validators {
      print(
        "\(validator.moniker): \(validator.tokens) uakt, tombstoned \(validator.tombstoned), jailed \(validator.jailed)"
      )
    }
    let harmed = validators.filter { $0.tombstoned || $0.jailed }
    guard harmed.isEmpty else { throw TestFailure("harmed: \(harmed.map(\.moniker))") }
    let stakes = Set(validators.filter { $0.moniker.hasPrefix("validator-") }.map(\.tokens))
    guard stakes == ["1000000000000"] else { throw TestFailure("stakes changed: \(stakes)") }
  }

  /// Height and round of the node's last signature, as `validator adopt` takes them.
  func lastSigned(_ name: String) async throws -> String {
    guard let signing = try await status(name).signing, let height = signing.lastHeight else {
      throw TestFailure("\(name) has signed nothing")
    }
    return "\(height)/\(signing.lastRound ?? 0)"
  }
}
