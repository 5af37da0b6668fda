import Chain
import Cryptography
import Logging
import Primitives

extension ProviderService {
  /// Answers a request on a lease stream. `account` is the key that the other side has proved to own.
  public func answer(account: PublicKey, type: UInt8, bytes: [UInt8]) async -> LeaseAnswer {
    guard isReady, !isStopping else {
      return .error(
        LeaseFault(.notReady, "the provider is starting or stopping", fix: "try again in a few seconds")
      )
    }
    let admitted = gateway.admit(account: account, type: type, bytes: bytes) { lease in
      switch supervisor[lease]?.state {
      case nil, .stopping, .gone: false
      default: true
      }
    }
    switch admitted {
    case .failure(let fault): return .error(fault)
    case .success(.submitManifest(let lease, let json)): return await take(json, for: lease)
    case .success(.checkManifest(let lease, let json)):
      do throws(LeaseFault) {
        _ = try await accept(json, for: lease, isTrial: true)
        return .ok(message: "the manifest would be accepted")
      } catch {
        return .error(error)
      }
    case .success(.status(let lease)): return .status(await status(of: lease))
    case .success(.logs(let lease, let service, let tail)):
      do throws(WorkloadError) {
        return .logs(try await driver.logs(lease, service: service, tail: Int(tail)))
      } catch {
        return .error(.workload(error))
      }
    }
  }

  /// Asks the chain, the gateway and the driver whether a manifest can run for a lease.
  private func accept(_ json: [UInt8], for lease: LeaseID, isTrial: Bool) async throws(LeaseFault)
    -> (plan: WorkloadPlan, deployment: DeploymentView)
  {
    let deployment: DeploymentView
    do {
      guard let found = try await market.deployment(lease.deployment) else {
        throw LeaseFault.unknown(lease, provider: configuration.provider)
      }
      deployment = found
    } catch let fault as LeaseFault {
      throw fault
    } catch {
      throw LeaseFault(.notReady, "the chain's state is not known: \(error)", fix: "try again")
    }
    let reservation = engine.inventory.reservations[.lease(lease)]
    let plan = try gateway.accept(
      json,
      for: lease,
      deployment: deployment,
      reservation: reservation,
      isTrial: isTrial
    )
    do throws(WorkloadError) {
      try await driver.validate(plan)
    } catch {
      throw .workload(error)
    }
    if let obstacle = engine.configuration.obstacle,
      supervisor[lease]?.manifestHash?.description != plan.manifestHash
    {
      throw .obstacle(obstacle, lease)
    }
    return (plan, deployment)
  }

  private func take(_ json: [UInt8], for lease: LeaseID) async -> LeaseAnswer {
    let (plan, deployment): (WorkloadPlan, DeploymentView)
    do throws(LeaseFault) {
      (plan, deployment) = try await accept(json, for: lease, isTrial: false)
    } catch {
      return .error(error)
    }
    // The lease may have ended while the chain and the driver were asked.
    guard let machine = supervisor[lease] else {
      return .error(.unknown(lease, provider: configuration.provider))
    }
    if machine.manifestHash != deployment.manifestHash { plans[lease] = (plan, json) }
    perform(supervisor.step(lease, .manifestAccepted(deployment.manifestHash), at: clock()))
    notes[lease]?.manifestHash = deployment.manifestHash.description
    save()
    await work[lease]?.task.value
    let message = supervisor[lease]?.message ?? ""
    guard case .degraded = supervisor[lease]?.state else { return .ok(message: message) }
    let problem = "the manifest is accepted, but \(message)"
    return .error(
      LeaseFault(
        .failed,
        problem,
        fix: "`supercloud lease logs \(lease.deployment.sequence) --group \(lease.group)` may say why"
      )
    )
  }

  private func status(of lease: LeaseID) async -> WorkloadStatus {
    let replicas = await driver.status(lease)
    var services: [WorkloadStatus.Service] = []
    for replica in replicas {
      let index: Int
      if let known = services.firstIndex(where: { $0.name == replica.service }) {
        index = known
      } else {
        index = services.count
        services.append(WorkloadStatus.Service(name: replica.service, ready: 0, replicas: 0))
      }
      services[index].replicas += 1
      services[index].ready += replica.isReady ? 1 : 0
      services[index].urls += replica.urls
      services[index].restarts += UInt32(clamping: replica.restarts)
      if let exit = replica.lastExit { services[index].lastExit = exit.description }
    }
    let machine = supervisor[lease]
    return WorkloadStatus(
      state: machine?.state.name ?? "gone",
      message: machine?.message ?? "",
      services: services
    )
  }
}
