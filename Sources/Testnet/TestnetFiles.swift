import API
import Foundation
import Glibc
import Node

/// What lies in a network's folder: a network, one that is only half made or half removed, or something else.
struct TestnetFiles {
  let folder: URL

  enum Content {
    case nothing
    case network(TestnetPlan)
    /// What is left of a network whose making or removal was interrupted.
    case remains(TestnetPlan)

    var plan: TestnetPlan? {
      switch self {
      case .nothing: nil
      case .network(let plan), .remains(let plan): plan
      }
    }
  }

  private static let lock = "lock"
  private var planFile: URL { folder.appending(path: TestnetPlan.file) }
  /// There while the network is made or removed; holds its plan, so that the rest can be removed later.
  private var remainsFile: URL { folder.appending(path: "testnet.incomplete.json") }

  /// - Throws: `Failure` when the folder cannot be read, or holds something else than a network.
  func content() throws -> Content {
    let manager = FileManager.default
    var isFolder: ObjCBool = false
    guard manager.fileExists(atPath: folder.path, isDirectory: &isFolder) else { return .nothing }
    guard isFolder.boolValue else {
      throw Failure("\(folder.path) is not a folder", fix: "name an empty or new folder with --home")
    }
    // The plan is written last when a network is made, and renamed first when it is removed.
    if let plan = try plan(in: planFile) { return .network(plan) }
    if let plan = try plan(in: remainsFile) { return .remains(plan) }
    let entries: [String]
    do {
      entries = try manager.contentsOfDirectory(atPath: folder.path)
    } catch {
      throw Failure(
        "\(folder.path) cannot be read",
        why: error.localizedDescription,
        fix: "name a folder of your own with --home"
      )
    }
    guard entries.allSatisfy({ $0 == Self.lock }) else {
      throw Failure(
        "\(folder.path) is not a testnet's folder",
        why: "it holds other files and no \(TestnetPlan.file)",
        fix: "name an empty or new folder with --home"
      )
    }
    return .nothing
  }

  private func plan(in file: URL) throws -> TestnetPlan? {
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    do {
      return try JSONDecoder().decode(TestnetPlan.self, from: Data(contentsOf: file))
    } catch {
      throw Failure(
        "\(file.path) cannot be used",
        why: (error as? Swift.DecodingError).map { "it does not hold the plan of a network: \($0)" }
          ?? error.localizedDescription,
        fix: "restore the file, or remove the folder yourself, or name another one with --home"
      )
    }
  }

  /// Makes a network with `make`. When that fails, everything that it made is removed. An interrupted command leaves
  /// the plan in `remainsFile`.
  func make(_ plan: TestnetPlan, _ make: () throws -> Void) throws {
    do {
      try Home.createFolder(folder)
      try plan.encoded().write(to: remainsFile, options: .atomic)
      try make()
      try write(plan)
      try FileManager.default.removeItem(at: remainsFile)
    } catch {
      try? remove(plan)
      throw error
    }
  }

  func write(_ plan: TestnetPlan) throws {
    try plan.encoded().write(to: planFile, options: .atomic)
  }

  /// Removes what belongs to the network of `plan`, and nothing else. Writes nothing, since the disk may be full.
  func remove(_ plan: TestnetPlan) throws {
    let manager = FileManager.default
    // From here on the network counts as half removed.
    _ = rename(planFile.path, remainsFile.path)
    let members = plan.members.map(\.name).filter { !$0.contains("/") && !$0.hasPrefix(".") && !$0.isEmpty }
    let names = [TestnetPlan.file] + members + ["network", "logs"] + DemoDeployment.files
    for name in names + [remainsFile.lastPathComponent] {
      let file = folder.appending(path: name)
      // A link to nothing does not exist for `fileExists`.
      guard (try? manager.attributesOfItem(atPath: file.path)) != nil else { continue }
      try manager.removeItem(at: file)
    }
  }

  /// Removes the folder with its lock unless something else is in it; returns the names of what stays.
  @discardableResult func removeFolder() -> [String] {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let others = entries.filter { $0 != Self.lock }.sorted()
    _ = unlink(folder.appending(path: Self.lock).path)
    if others.isEmpty { _ = rmdir(folder.path) }
    return others
  }

  /// Runs `body`; an error of the disk becomes a `Failure` that names the folder.
  func explaining<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch let error as CocoaError {
      throw Failure(
        "the network's folder \(folder.path) cannot be written",
        why: error.localizedDescription,
        fix: "name a folder of your own, on a disk with space, with --home"
      )
    }
  }
}
