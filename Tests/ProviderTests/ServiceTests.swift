import Chain
import Cryptography
import Foundation
import Logging
import Primitives
import SDL
import Testing

@testable import Provider

/// A market that keeps what is published, and a state that tests set.
private actor Market: MarketAccess {
  struct Unreachable: Error {}

  var published: [MarketPublication] = []
  var submitted: [Action] = []
  var state: MarketSnapshot?
  var deployments: [DeploymentID: DeploymentView] = [:]
  var refusesBids = false
  /// How often the state was asked for.
  private(set) var looks = 0

  func publish(_ object: MarketPublication) throws -> Digest {
    if case .bid = object, refusesBids { throw Unreachable() }
    published.append(object)
    return Digest.blake2b(object.body)
  }

  func submit(_ actions: [Action]) { submitted += actions }

  func snapshot() throws -> MarketSnapshot {
    looks += 1
    guard let state else { throw Unreachable() }
    return state
  }

  func deployment(_ id: DeploymentID) -> DeploymentView? { deployments[id] }

  func set(_ change: @Sendable (isolated Market) -> Void) { change(self) }

  var bids: [Bid] {
    published.compactMap { if case .bid(let bid) = $0 { bid } else { nil } }
  }

  var offers: [Offer] {
    published.compactMap { if case .offer(let offer) = $0 { offer } else { nil } }
  }
}

/// A driver without processes.
private actor Pretend: WorkloadDriver {
  var plans: [LeaseID: WorkloadPlan] = [:]
  var running: Set<LeaseID> = []
  var calls: [String] = []

  var scope = BiddingScope.everywhere

  func capabilities() -> DriverCapabilities {
    DriverCapabilities(driver: "pretend", list: [], scope: scope)
  }

  func set(_ scope: BiddingScope) { self.scope = scope }

  func validate(_ plan: WorkloadPlan) throws(WorkloadError) {
    for service in plan.services where service.image == "missing" {
      throw .imageMissing(image: "missing", reason: "this driver does not pull")
    }
  }

  func prepare(_ plan: WorkloadPlan, manifest: [UInt8]) {
    calls.append("prepare")
    plans[plan.lease.id] = plan
  }

  func start(_ lease: LeaseID) throws(WorkloadError) {
    guard plans[lease] != nil else { throw .notPrepared(lease) }
    if running.insert(lease).inserted { calls.append("start") }
  }

  func status(_ lease: LeaseID) -> [ReplicaStatus] {
    guard let plan = plans[lease] else { return [] }
    let runs = running.contains(lease)
    return plan.services.map {
      ReplicaStatus(service: $0.name, replica: 0, isRunning: runs, isReady: runs, urls: ["http://h:1"])
    }
  }

  func logs(_ lease: LeaseID, service: String, tail: Int) -> [LogChunk] {
    [LogChunk(service: service, replica: 0, stream: .output, lines: ["hello"])]
  }

  func stop(_ lease: LeaseID) {
    if running.remove(lease) != nil { calls.append("stop") }
  }

  func purge(_ lease: LeaseID) {
    plans[lease] = nil
    calls.append("purge")
  }

  func recover() -> [RecoveredWorkload] {
    plans.values.map {
      RecoveredWorkload(plan: $0, running: running.contains($0.lease.id) ? 1 : 0, replicas: 1)
    }
  }

  func crash(_ lease: LeaseID) { running.remove(lease) }
}

@Suite struct ServiceTests {
  private let folder = FileManager.default.temporaryDirectory.appending(path: "provider-\(UUID().uuidString)")
    .path
  private let market = Market()
  private let driver = Pretend()

  private func service(_ settings: ProviderSettings = Fixture.settings, isLocalChain: Bool = false) throws
    -> ProviderService
  {
    try ProviderService(
      ProviderService.Configuration(
        settings: settings,
        provider: Fixture.provider,
        endpoint: "127.0.0.1:9",
        folder: folder,
        isLocalChain: isLocalChain
      ),
      market: market,
      driver: driver,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    )
  }

  private func state(_ leases: [ActiveLease] = [], tick: Tick = 10) -> MarketSnapshot {
    MarketSnapshot(
      time: Timestamp.wallClock,
      tick: tick,
      tickMilliseconds: 6_000,
      leases: leases,
      standing: .init(attributes: Fixture.settings.recordAttributes)
    )
  }

  private func order(_ deployment: Deployment, _ sequence: UInt64 = 1) -> Order {
    var order = Fixture.order(sequence, specs: deployment.groups)
    order.expiresAt = Timestamp.wallClock.advanced(byMilliseconds: 600_000)
    order.manifestHash = deployment.manifest.hash
    return order
  }

  private func lease(_ bid: Bid, _ deployment: Deployment) -> ActiveLease {
    ActiveLease(
      id: Fixture.lease(),
      order: bid.order,
      offers: bid.groups[0].offer,
      price: bid.groups[0].price,
      manifestHash: deployment.manifest.hash,
      openedAtTick: 11
    )
  }

  private func wait(_ what: Comment, _ condition: () async -> Bool) async throws {
    for _ in 0..<200 {
      if await condition() { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    Issue.record(what)
  }

  /// From the order to the running workload.
  private func running(_ service: ProviderService, _ deployment: Deployment) async throws -> ActiveLease {
    try await service.start()
    await service.handle(.orderAdded(Fixture.digest(1), order(deployment)))
    let bid = try #require(await market.bids.first)
    let lease = lease(bid, deployment)
    let view = GatewayTests.view(deployment)
    let present = state([lease], tick: 11)
    await market.set { market in
      market.deployments[lease.id.deployment] = view
      market.state = present
    }
    await service.handle(.leaseOpened(lease))
    await service.handle(.committed(time: Timestamp.wallClock, tick: 11))
    let request = LeaseRequest.submitManifest(lease.id, json: deployment.manifest.canonicalJSON)
    let answer = await ask(service, request)
    guard case .ok = answer else {
      Issue.record("\(answer)")
      return lease
    }
    return lease
  }

  private func ask(_ service: ProviderService, _ request: LeaseRequest, key: UInt8 = 2) async -> LeaseAnswer {
    await service.answer(account: Fixture.key(key).publicKey, type: request.type, bytes: request.encoded)
  }

  @Test func `an order becomes a bid, a lease, a running workload, and free room again`() async throws {
    let deployment = try #require(GatewayTests.file.deployment)
    let before = state()
    await market.set { $0.state = before }
    let service = try service()
    let lease = try await running(service, deployment)
    #expect(await driver.calls == ["prepare", "start"])
    try await wait("it is not running") { await service.status().leases.first?.state == "running" }
    guard case .status(let status) = await ask(service, .status(lease.id)) else {
      Issue.record("no status")
      return
    }
    #expect(status.isReady && status.services.first?.urls == ["http://h:1"])
    #expect(await ask(service, .logs(lease.id, service: "web", tail: 1)).type == 0x82)
    #expect(await ask(service, .status(lease.id), key: 3).type == 0x8F)
    #expect(await service.status().leases[0].devices.count == 2)
    #expect(await service.decisions(on: Fixture.digest(1)).map(\.code) == ["won"])
    try await wait("no offer with less room") { await market.offers.contains { $0.gpus[0].free == 6 } }

    let over = state(tick: 12)
    await market.set { $0.state = over }
    await service.handle(.leaseClosed(lease.id))
    try await wait("it is not gone") { await service.status().leases.isEmpty }
    #expect(await driver.calls == ["prepare", "start", "stop", "purge"])
    #expect(await service.status().offer.gpus[0].free == 8)
    await service.stop()
    try? FileManager.default.removeItem(atPath: folder)
  }

  @Test func `a restart adopts what runs and keeps its room`() async throws {
    let deployment = try #require(GatewayTests.file.deployment)
    let before = state()
    await market.set { $0.state = before }
    let first = try service()
    let lease = try await running(first, deployment)
    await first.stop()
    #expect(await driver.running == [lease.id])

    let second = try service()
    try await second.start()
    #expect(await second.reconciliation.adopted == [lease.id])
    try await wait("it is not running") { await second.status().leases.first?.state == "running" }
    #expect(await second.status().offer.gpus[0].free == 6)
    #expect(await driver.calls == ["prepare", "start"])
    await second.stop()
    try? FileManager.default.removeItem(atPath: folder)
  }

  @Test func `a crashed workload is started again`() async throws {
    let deployment = try #require(GatewayTests.file.deployment)
    let before = state()
    await market.set { $0.state = before }
    let service = try service()
    let lease = try await running(service, deployment)
    try await wait("it is not running") { await service.status().leases.first?.state == "running" }
    await driver.crash(lease.id)
    try await wait("it is not started again") { await driver.calls == ["prepare", "start", "start"] }
    await service.stop()
    try? FileManager.default.removeItem(atPath: folder)
  }

  @Test func `a start waits for a state that is not older than its own notes`() async throws {
    let deployment = try #require(GatewayTests.file.deployment)
    let before = state()
    await market.set { $0.state = before }
    let first = try service()
    let lease = try await running(first, deployment)
    await first.stop()
    // A node that is catching up: the lease is not there yet.
    await market.set { $0.state = before }
    let earlier = await market.looks
    let second = try service()
    let starting = Task { try await second.start() }
    try await wait("it does not look again") { await market.looks >= earlier + 3 }
    #expect(await driver.calls == ["prepare", "start"], "what runs is left alone")
    #expect(await driver.running == [lease.id])
    guard case .error(let fault) = await ask(second, .status(lease.id)) else {
      Issue.record("it answers")
      return
    }
    #expect(fault.code == .notReady)
    let present = state([lease], tick: 20)
    await market.set { $0.state = present }
    try await starting.value
    #expect(await second.reconciliation.adopted == [lease.id])
    await second.stop()
    try? FileManager.default.removeItem(atPath: folder)
  }

  @Test func `who cannot limit workloads bids on local chains only, and offers elsewhere its address alone`()
    async throws
  {
    let deployment = try #require(GatewayTests.file.deployment)
    let before = state()
    await market.set { $0.state = before }
    let able = try service()
    try await able.start()
    await able.handle(.orderAdded(Fixture.digest(1), order(deployment)))
    #expect(await market.bids.count == 1)
    try await wait("no offer") { await !market.offers.isEmpty }
    await able.stop()

    await driver.set(.localChains(reason: "no limits"))
    let elsewhere = try service()
    try await elsewhere.start()
    await elsewhere.handle(.orderAdded(Fixture.digest(2), order(deployment, 2)))
    await elsewhere.publishOffer()
    #expect(await elsewhere.decisions(on: Fixture.digest(2)).map(\.code) == ["declined_chain"])
    #expect(await elsewhere.decisions(on: Fixture.digest(2)).first?.text.contains("no limits") == true)
    #expect(await elsewhere.status().obstacle?.contains("says `local`: no limits") == true)
    #expect(await market.bids.count == 1)
    let empty = try #require(await market.offers.last)
    #expect(empty.gpus.isEmpty && empty.cpuMillis.total == 0 && empty.endpoint == "127.0.0.1:9")
    #expect(await market.published.contains { if case .withdrawal = $0 { true } else { false } })
    await elsewhere.stop()

    let local = try service(isLocalChain: true)
    try await local.start()
    await local.handle(.orderAdded(Fixture.digest(3), order(deployment, 3)))
    await local.publishOffer()
    #expect(await local.status().obstacle == nil)
    #expect(await market.bids.count == 2)
    #expect(await market.offers.last?.gpus.isEmpty == false)
    await local.stop()

    await driver.set(.nowhere(reason: "nothing runs"))
    let nowhere = try service(isLocalChain: true)
    try await nowhere.start()
    await nowhere.handle(.orderAdded(Fixture.digest(4), order(deployment, 4)))
    #expect(await nowhere.decisions(on: Fixture.digest(4)).map(\.code) == ["declined_chain"])
    await nowhere.stop()
    try? FileManager.default.removeItem(atPath: folder)
  }

  @Test func `a bid that is not published holds nothing`() async throws {
    let deployment = try #require(GatewayTests.file.deployment)
    let before = state()
    await market.set { market in
      market.state = before
      market.refusesBids = true
    }
    let service = try service()
    try await service.start()
    await service.handle(.orderAdded(Fixture.digest(1), order(deployment)))
    #expect(await service.decisions(on: Fixture.digest(1)).map(\.code) == ["rejected"])
    #expect(await service.status().offer.gpus[0].free == 8)
    await service.stop()
    try? FileManager.default.removeItem(atPath: folder)
  }

  @Test func `whether a manifest would be taken is said without its hash on the chain, and nothing changes`()
    async throws
  {
    let deployment = try #require(GatewayTests.file.deployment)
    let before = state()
    await market.set { $0.state = before }
    let service = try service()
    let lease = try await running(service, deployment)
    var next = deployment.manifest
    next.groups[0].services[0].environment = ["A=2"]
    #expect(await ask(service, .submitManifest(lease.id, json: next.canonicalJSON)).fault == .hashMismatch)
    #expect(await ask(service, .checkManifest(lease.id, json: next.canonicalJSON)).fault == nil)
    next.groups[0].services[0].image = "missing"
    #expect(await ask(service, .checkManifest(lease.id, json: next.canonicalJSON)).fault == .imageMissing)
    next.groups[0].services[0].resources.memoryBytes *= 2
    #expect(await ask(service, .checkManifest(lease.id, json: next.canonicalJSON)).fault == .manifestMismatch)
    let question = LeaseRequest.checkManifest(lease.id, json: next.canonicalJSON)
    #expect(await ask(service, question, key: 3).fault == .notOwner)
    #expect(await driver.calls == ["prepare", "start"])
    #expect(await service.status().leases.first?.manifestHash == deployment.manifest.hash.description)
    await service.stop()
    try? FileManager.default.removeItem(atPath: folder)
  }

  @Test func `an image that is not here is refused before anything runs`() async throws {
    var deployment = try #require(GatewayTests.file.deployment)
    deployment.manifest.groups[0].services[0].image = "missing"
    let before = state()
    await market.set { $0.state = before }
    let service = try service()
    try await service.start()
    await service.handle(.orderAdded(Fixture.digest(1), order(deployment)))
    let bid = try #require(await market.bids.first)
    let lease = lease(bid, deployment)
    let view = GatewayTests.view(deployment)
    await market.set { $0.deployments[lease.id.deployment] = view }
    await service.handle(.leaseOpened(lease))
    let request = LeaseRequest.submitManifest(lease.id, json: deployment.manifest.canonicalJSON)
    guard case .error(let fault) = await ask(service, request) else {
      Issue.record("accepted")
      return
    }
    #expect(fault.code == .imageMissing)
    #expect(await driver.calls.isEmpty)
    #expect(await service.status().leases.first?.state == "awaiting_manifest")
    await service.stop()
    try? FileManager.default.removeItem(atPath: folder)
  }
}

extension LeaseAnswer {
  fileprivate var fault: LeaseFault.Code? {
    if case .error(let fault) = self { fault.code } else { nil }
  }
}
