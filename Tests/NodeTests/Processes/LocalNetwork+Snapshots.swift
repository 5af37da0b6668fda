import Foundation

extension LocalNetwork {
  /// Sets a key of the node's configuration, in the first section that has it.
  func configure(_ name: String, _ key: String, _ value: String) throws {
    let file = URL(filePath: home(name)).appending(path: "config.toml")
    var lines = try String(contentsOf: file, encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let place = lines.firstIndex(where: { $0.hasPrefix("\(key) = ") }) else {
      throw TestFailure("no key \(key)")
    }
    lines[place] = "\(key) = \(value)"
    try lines.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
  }

  /// Heights of the snapshots that the node has finished.
  func snapshots(_ name: String) -> [UInt64] {
    let folder = URL(filePath: home(name)).appending(path: "snapshots")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.compactMap { UInt64($0) }
  }

  func apiPort(_ name: String) -> Int { plan.members.first { $0.name == name }?.apiPort ?? 0 }
}
