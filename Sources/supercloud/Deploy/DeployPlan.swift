import API
import Chain
import Cryptography
import Foundation
import Node
import Primitives
import Provider
import SDL

/// The content of a deploy.yaml for a network: the groups of an order, and the manifest with its hash.
struct DeployPlan: Sendable {
  var deployment: DeploymentID
  var groups: [Order.Group]
  let denomination: Denomination
  let manifestHash: Digest
  let manifestJSON: [UInt8]
  /// One line that describes the deployment.
  let summary: String

  /// Reads the file; warnings go to standard error.
  ///
  /// - Throws: `Failure` with every error of the file, or with the rule for manifests that it breaks.
  static func check(file: String) throws {
    _ = try read(file)
  }

  private static func read(_ path: String) throws -> Deployment {
    let file = DeploymentFile([UInt8](try contents(of: path)))
    guard let deployment = file.deployment else {
      let isJSON = Invocation.current.isJSON
      if !isJSON { SDLOutput.errors(of: file, name: path) }
      throw Failure(
        "\(path) is not a deployment",
        why: isJSON
          ? SDLOutput.errorText(of: file, name: path)
          : "\(file.errors.count) error\(file.errors.count == 1 ? "" : "s"), above",
        fix: "`supercloud sdl fix \(CommandText.quoted(path))` shows what can be corrected by itself",
        kind: "rejected"
      )
    }
    do {
      try deployment.manifest.validate()
    } catch {
      // The manifest is checked here, before an order is published for one that no provider would accept.
      throw Failure(
        "\(path) gives a manifest that every provider rejects",
        why: "\(error)",
        fix: "change the text that the path names"
      )
    }
    return deployment
  }

  /// - Throws: `Failure`, also when the network does not have the file's currency.
  init(file: String, wallet: Wallet) throws {
    try self.init(file: file, owner: wallet.address) { try wallet.denomination(inFile: $0) }
  }

  /// `denomination` maps the currency's name in the file to the network's denomination.
  init(file: String, owner: Address, denomination resolve: (String) throws -> Denomination) throws {
    let read = try Self.read(file)
    guard let named = read.denomination else { throw Failure("\(file) asks for nothing") }
    let denomination = try resolve(named.name)
    self.denomination = denomination
    groups = read.groups.enumerated().map { index, spec in
      var spec = spec
      for unit in spec.units.indices {
        spec.units[unit].price = DecimalCoin(spec.units[unit].price.amount, denomination)
      }
      return Order.Group(sequence: UInt32(index) + 1, spec: spec)
    }
    // Milliseconds since 1970. They are unique unless the account deploys twice within one millisecond.
    deployment = DeploymentID(owner: owner, sequence: Timestamp.now.milliseconds)
    manifestHash = read.manifest.hash
    manifestJSON = read.manifest.canonicalJSON
    let services = read.manifest.groups.flatMap(\.services)
    let gpus = services.reduce(UInt64(0)) { $0 + $1.resources.gpus * UInt64($1.count) }
    summary =
      "\(groups.count) group\(groups.count == 1 ? "" : "s"), \(services.count) service\(services.count == 1 ? "" : "s"), "
      + "\(gpus) GPU\(gpus == 1 ? "" : "s"), paid in \(denomination)"
  }
}
