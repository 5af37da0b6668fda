import API
import ArgumentParser
import Chain
import Cryptography
import Primitives
import Provider

extension DeploymentCommand {
  struct Update: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Replace what a deployment runs: other images, arguments, variables.",
      discussion: """
        Compares the file with what was ordered, and asks the providers whether they would run it. Only then it puts the
        new manifest's hash on the chain and sends the manifest. When a provider does not take it then, the command says
        which one, and how to finish; it can also be run again.
        """
    )

    @OptionGroup var deployment: DeploymentOption
    @Argument(
      help: "The new deploy.yaml. Resources and prices must stay the same.",
      completion: .file()
    ) var file: String
    @OptionGroup var signer: SignerOption

    func run() async throws {
      try DeployPlan.check(file: file)
      let wallet = try await signer.wallet()
      let plan = try DeployPlan(file: file, wallet: wallet)
      let found = try await deployment.find(signer.node, by: signer)
      let isQuiet = signer.node.output == .json
      let update = DeploymentUpdate(wallet: wallet, plan: plan, file: file, isQuiet: isQuiet)
      let result = try await Interruption.cancelling { try await update.run(found) }
      if isQuiet {
        // Where nobody reads the report, standard error still says what is to be finished.
        Console.needsReader = result.failure == nil
        try Console.json(result.report)
      }
      if let failure = result.failure { throw failure }
    }
  }
}

/// The steps of an update. Nothing is signed before every provider has said that it would take the manifest.
struct DeploymentUpdate: Sendable {
  struct Report: Encodable, Sendable {
    struct Group: Encodable, Sendable {
      var group: UInt32
      var provider: String
      /// Why the provider does not have the manifest; nil when it has it.
      var error: String?
      /// The command that sends it again; nil when the provider has it.
      var retry: String?
    }

    var dseq: UInt64
    var manifestHash: String
    /// The block that has the hash; nil when the chain had it before.
    var height: UInt64?
    var groups: [Group]
  }

  struct Result: Sendable {
    var report: Report
    var failure: Failure?
  }

  let wallet: Wallet
  let plan: DeployPlan
  let file: String
  let isQuiet: Bool

  func run(_ found: Answer.Deployment) async throws -> Result {
    try compare(found)
    let leases = found.leases.filter { $0.state == "active" || $0.state == "reclaiming" }
    let streams = try await openAll(leases)
    var report = Report(dseq: found.dseq, manifestHash: plan.manifestHash.description, groups: [])
    do {
      for (lease, stream) in streams { try await check(lease, stream) }
      try Task.checkCancellation()
      report.height = try await sign(found)
    } catch {
      await Self.close(streams)
      throw error
    }
    for (lease, stream) in streams { report.groups.append(await send(lease, stream)) }
    await Self.close(streams)
    return Result(report: report, failure: failure(report))
  }

  /// - Throws: `Failure` with every point in which the file asks for something else than was ordered.
  private func compare(_ found: Answer.Deployment) throws {
    guard found.owner == wallet.address.text() else {
      throw Failure(
        "deployment \(found.dseq) is not one of \(wallet.address)",
        why: "only its owner \(found.owner) can update it",
        fix: "--from names the owner's key"
      )
    }
    guard found.state == "active" else { throw Failure("deployment \(found.dseq) is \(found.state)") }
    let differences = GroupDifference.between(try GroupDifference.ordered(found), and: plan.groups)
    guard differences.isEmpty else {
      let name = CommandText.quoted(file)
      throw Failure(
        "\(file) asks for something else than deployment \(found.dseq) has leased; nothing was changed",
        why: differences.joined(separator: "\n        "),
        fix:
          "change the file back in these points; or order anew with `supercloud deploy \(name)`, "
          + "and end this with `supercloud deployment close \(found.dseq)`"
      )
    }
  }

  private func openAll(_ leases: [Answer.Lease]) async throws -> [(lease: Answer.Lease, stream: LeaseStream)]
  {
    var streams: [(lease: Answer.Lease, stream: LeaseStream)] = []
    do {
      for lease in leases {
        streams.append((lease, try await LeaseStream.open(lease: lease.leaseID(), wallet: wallet)))
      }
    } catch {
      await Self.close(streams)
      throw unchanged(error)
    }
    return streams
  }

  private static func close(_ streams: [(lease: Answer.Lease, stream: LeaseStream)]) async {
    for (_, stream) in streams { await stream.close() }
  }

  private func check(_ lease: Answer.Lease, _ stream: LeaseStream) async throws {
    do {
      try await stream.check(manifest: plan.manifestJSON)
    } catch {
      throw unchanged(error, "the provider of group \(lease.group) would not run it: ")
    }
  }

  private func unchanged(_ error: any Error, _ prefix: String = "") -> any Error {
    switch error {
    case let fault as LeaseFault:
      return Failure("\(prefix)\(fault.message)", why: "nothing was changed", fix: fault.fix)
    case var failure as Failure:
      failure.what += "; nothing was changed"
      return failure
    default: return error
    }
  }

  /// Puts the hash on the chain, unless it is there. Returns the block's height.
  private func sign(_ found: Answer.Deployment) async throws -> UInt64? {
    guard found.manifestHash != plan.manifestHash.description else {
      if !isQuiet { Console.note("the chain has the hash of this manifest already") }
      return nil
    }
    let id = DeploymentID(owner: wallet.address, sequence: found.dseq)
    let (wallet, hash) = (wallet, plan.manifestHash)
    do {
      let result = try await Interruption.shielding {
        try await wallet.send([.updateDeployment(id, manifestHash: hash)])
      }
      if !isQuiet { Console.note("the hash is on the chain in block \(result.height); sending the manifest") }
      return result.height
    } catch var failure as Failure where failure.openTransaction != nil {
      let name = CommandText.quoted(file)
      failure.fix =
        (failure.fix.map { $0 + "; " } ?? "")
        + "once it is there, `supercloud deployment update \(found.dseq) \(name)` sends the manifest"
      throw failure
    }
  }

  private func send(_ lease: Answer.Lease, _ stream: LeaseStream) async -> Report.Group {
    var group = Report.Group(group: lease.group, provider: lease.provider)
    do {
      // The provider's node may get the block with the new hash a moment later.
      try await stream.deliver(manifest: plan.manifestJSON, awaiting: [.hashMismatch, .notReady])
      if !isQuiet { Console.line("group \(lease.group): the provider has the new manifest") }
    } catch {
      switch error {
      case let fault as LeaseFault: group.error = fault.message
      case let failure as Failure: group.error = failure.what + (failure.why.map { ": \($0)" } ?? "")
      default: group.error = error is CancellationError ? "interrupted" : "\(error)"
      }
      let words = "lease send-manifest \(lease.dseq) \(CommandText.quoted(file)) --group \(lease.group)"
      group.retry = Hint.command("supercloud " + words)
    }
    return group
  }

  private func failure(_ report: Report) -> Failure? {
    let pending = report.groups.filter { $0.error != nil }
    guard !pending.isEmpty else { return nil }
    let reasons = pending.map { "group \($0.group) with \($0.provider): \($0.error ?? "")" }
    let commands = pending.compactMap(\.retry).map { "`\($0)`" }
    return Failure(
      "the chain has the new manifest's hash, but \(pending.count) of \(report.groups.count) providers "
        + "still run\(pending.count == 1 ? "s" : "") the old manifest",
      why: reasons.joined(separator: "\n        "),
      fix: "finish with \(commands.joined(separator: " and "))",
      code: Task.isCancelled ? Interruption.code : 1
    )
  }
}
