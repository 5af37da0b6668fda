import API
import Chain
import Cryptography
import Foundation
import Primitives
import Provider

// After the agreement: the leases are billed, so each ends in services that answer or in a reason and a command.

extension DeployJourney {
  static func lease(_ choice: Choice) -> DeployReport.Lease {
    DeployReport.Lease(
      group: choice.group.sequence,
      provider: choice.bid.provider,
      price: choice.offer.price,
      denomination: choice.offer.denomination,
      gpus: choice.offer.gpus,
      urls: []
    )
  }

  /// Sends each provider its manifest and waits for the services, for all groups side by side: one that fails does
  /// not keep the others from starting.
  func start(_ chosen: [Choice]) async -> [DeployReport.Lease] {
    await withTaskGroup(of: DeployReport.Lease.self) { group in
      for choice in chosen { group.addTask { await start(choice) } }
      var leases: [DeployReport.Lease] = []
      for await lease in group { leases.append(lease) }
      return leases.sorted { $0.group < $1.group }
    }
  }

  private func start(_ choice: Choice) async -> DeployReport.Lease {
    var lease = Self.lease(choice)
    do {
      let stream = try await LeaseStream.open(lease: try await identifier(choice), wallet: wallet)
      do {
        try await stream.deliver(manifest: plan.manifestJSON, awaiting: [.unknownLease, .notReady])
        lease.state = "starting"
        let hash = plan.manifestHash.description.prefix(16)
        say("manifest accepted by \(Money.short(choice.bid.provider)), hash \(hash)")
        lease.urls = try await stream.waitUntilReady()
        lease.state = "ready"
        await stream.close()
      } catch {
        await stream.close()
        throw error
      }
      for url in lease.urls { say("ready  \(url)") }
    } catch {
      (lease.error, lease.retry) = (Self.reason(error), retry(choice.group.sequence, after: error))
      say("group \(choice.group.sequence) (\(choice.group.spec.name)): \(lease.error ?? "")")
    }
    return lease
  }

  private static func reason(_ error: any Error) -> String {
    switch error {
    case let fault as LeaseFault: fault.message
    case let failure as Failure: failure.what + (failure.why.map { ": \($0)" } ?? "")
    case is CancellationError: "interrupted"
    default: "\(error)"
    }
  }

  /// The command that goes on with a lease.
  private func retry(_ group: UInt32, after error: any Error) -> String {
    let (dseq, file) = (plan.deployment.sequence, CommandText.quoted(terms.file))
    switch (error as? LeaseFault)?.code {
    case .imageMissing, .unsupported, .malformedManifest, .manifestMismatch:
      // The same file would be refused again.
      return Hint.command("supercloud deployment update \(dseq) \(file)")
    default:
      return Hint.command("supercloud lease send-manifest \(dseq) \(file) --group \(group)")
    }
  }

  /// The lease's identifier. That of a new deployment is known; an existing deployment numbers its leases.
  private func identifier(_ choice: Choice) async throws -> LeaseID {
    let provider = try accountAddress(choice.bid.provider)
    let (deployment, group) = (plan.deployment, choice.group.sequence)
    guard payment.isExisting else {
      return LeaseID(deployment: deployment, group: group, order: 1, provider: provider)
    }
    let path = "/v1/deployments/\(deployment.owner.text())/\(deployment.sequence)"
    let found: Answer.Deployment = try await wallet.client.get(path)
    let leases = found.leases.filter { $0.group == group && $0.provider == choice.bid.provider }
    guard let newest = leases.max(by: { $0.order < $1.order }) else {
      throw Failure("the node does not show the lease of group \(group)")
    }
    return try newest.leaseID()
  }

  /// The command line that ends what was leased; of a deployment that exists, only the new leases.
  func closeCommand(_ chosen: [Choice]) -> String {
    let dseq = plan.deployment.sequence
    guard payment.isExisting else { return Hint.command("supercloud deployment close \(dseq)") }
    let commands = chosen.map { "supercloud lease close \(dseq) --group \($0.group.sequence)" }
    return commands.map { Hint.command($0) }.joined(separator: "; ")
  }

  /// What the costs in a text are of: the new leases are not all that a deployment that exists may have.
  private func leased(_ dseq: UInt64) -> String {
    payment.isExisting
      ? "the new leases of deployment \(dseq) are billed" : "deployment \(dseq) is leased and billed"
  }

  // MARK: The end

  func finish(_ report: DeployReport, signedAt: Date) async -> Result {
    var report = report
    report.readyMilliseconds = milliseconds(since: signedAt)
    let dseq = report.dseq
    if report.leases.allSatisfy({ $0.state == "ready" }) {
      report.state = "ready"
      if !terms.isQuiet {
        let price = "\(report.hourly ?? "") per hour"
        Console.line(
          payment.isExisting
            ? "\nthe new leases of deployment \(dseq) cost \(price); close them with: `\(report.close)`"
            : "\ndeployment \(dseq) costs \(price); close it with: `\(report.close)`"
        )
      }
      return Result(report: report)
    }
    var failure = incomplete(report)
    guard terms.closesOnFailure else { return Result(report: report, failure: failure) }
    do {
      let agreed = report
      let height = try await Interruption.shielding {
        var height: UInt64 = 0
        // One by one: the fee of a transaction that closes one thing can come from the escrow.
        for action in try await closing(agreed) { height = try await close(action) }
        return height
      }
      report.state = "closed"
      report.hourly = nil
      for index in report.leases.indices { report.leases[index].retry = nil }
      failure.what = "deployment \(dseq) did not get ready and was closed again in block \(height)"
      failure.fix = "what was left in escrow is returned; deploy again when the reason is gone"
      if payment.isExisting {
        failure.what = "the new leases of deployment \(dseq) did not get ready and were closed again"
        failure.fix = "the deployment stays open, and so does its escrow"
      }
    } catch {
      let reason = Self.failure(error)
      failure.why = (failure.why.map { $0 + "\n        " } ?? "") + "closing failed too: \(reason.what)"
    }
    return Result(report: report, failure: failure)
  }

  /// Closes something; returns the block. Where the grant that pays the fees does not cover this one, the account
  /// pays it, or the escrow.
  private func close(_ action: Action) async throws -> UInt64 {
    do {
      return try await wallet.send([action], preferring: plan.denomination).height
    } catch let failure as Failure where wallet.feeGranter != nil && failure.openTransaction == nil {
      var own = wallet
      own.feeGranter = nil
      return try await own.send([action], preferring: plan.denomination).height
    }
  }

  private func closing(_ report: DeployReport) async throws -> [Action] {
    guard payment.isExisting else { return [.closeDeployment(plan.deployment)] }
    let path = "/v1/deployments/\(report.owner)/\(report.dseq)"
    let found: Answer.Deployment = try await wallet.client.get(path)
    let groups = Set(report.leases.map(\.group))
    return try found.leases.filter { groups.contains($0.group) && $0.state == "active" }
      .map { .closeLease(try $0.leaseID()) }
  }

  /// What runs, what it costs, and how to go on or end it.
  private func incomplete(_ report: DeployReport) -> Failure {
    let missing = report.leases.filter { $0.state != "ready" }
    let count = "\(missing.count) of \(report.leases.count) groups"
    let isInterrupted = Task.isCancelled
    let commands = Set(missing.compactMap(\.retry)).sorted().map { command in
      (command.contains(" deployment update ") ? "a corrected file and " : "") + "`\(command)`"
    }
    return Failure(
      (isInterrupted ? "interrupted: " : "")
        + "\(leased(report.dseq)) \(report.hourly ?? "") per hour, "
        + "and \(count) \(missing.count == 1 ? "is" : "are") not ready",
      why: missing.map { "group \($0.group), \($0.state): \($0.error ?? "")" }.joined(
        separator: "\n        "
      ),
      fix: "go on with \(commands.joined(separator: " and ")), or end it with `\(report.close)`",
      code: isInterrupted ? Interruption.code : 1
    )
  }

  /// The error of an agreement that may still get into a block.
  func unsettled(_ failure: Failure, _ report: DeployReport) -> Failure {
    var failure = failure
    failure.fix =
      (failure.fix.map { $0 + "; " } ?? "")
      + "if a block takes it, \(leased(report.dseq)) \(report.hourly ?? "") per hour until `\(report.close)`"
    return failure
  }
}
