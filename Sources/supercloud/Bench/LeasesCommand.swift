import API
import ArgumentParser
import Chain
import Cryptography
import Foundation
import Node
import Primitives

/// Leases one after the other on a running testnet: order, bids, the cheapest taken, agreed, closed.
struct LeasesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "leases",
    abstract: "Order, take the cheapest bid, agree and close, many times; report the latencies.",
    discussion: """
      The times begin when the order is signed. The first bid is seen by asking the tenant's node every two
      milliseconds. No workload is started: no manifest is sent.
      """
  )

  @Option(help: "Leases.") var count = 200
  @Option(help: "Milliseconds to gather bids after the first; deploy waits 300.") var wait: UInt64 = 0
  @Option(help: "Seconds to wait for a bid.") var timeout: UInt64 = 30
  @Option(help: "The deploy.yaml; one with one group.") var file = "Testnet/hello.yaml"
  @Option(help: "The testnet's folder.")
  var home = FileManager.default.homeDirectoryForCurrentUser.appending(path: ".supercloud/testnet").path
  @Option(help: "table or json") var output: OutputFormat = .table

  func validate() throws {
    guard (1...100_000).contains(count) else { throw ValidationError("--count is between 1 and 100000") }
  }

  func run() async throws {
    let folder = URL(filePath: home)
    guard let plan = TestnetPlan.read(folder), let member = plan.validators.first,
      let runtime = TestnetHomes(folder: folder, plan: plan).home(member).readRuntime()
    else {
      throw Failure(
        "no testnet runs in \(home)",
        why: "there is no plan, or its first validator does not run",
        fix: "start one: supercloud testnet up --no-demo --home \(home)"
      )
    }
    let wallet = try await Wallet(
      key: TestnetPlan.key(TestnetPlan.tenantIndex),
      client: NodeClient(runtime.apiAddress)
    )
    let run = LeaseRun(wallet: wallet, plan: try DeployPlan(file: file, wallet: wallet), command: self)
    var samples: [LeaseRun.Sample] = []
    for number in 0..<count {
      samples.append(try await run.lease(UInt64(number)))
      if Console.isTerminal, output == .table { Console.status("lease \(number + 1) of \(count)") }
    }
    let report = LeasesReport(samples)
    if Console.isTerminal, output == .table { Console.status("") }
    if output == .json { try Console.json(report) } else { report.show() }
  }
}

/// What the leases took, in milliseconds.
struct LeasesReport: Codable {
  struct Percentiles: Codable {
    var p50: Double
    var p95: Double
    var p99: Double
    var maximum: Double

    init(_ seconds: [Double]) {
      var latencies = Latencies()
      for value in seconds { latencies.add(value) }
      func at(_ share: Double) -> Double { (latencies.quantile(share) * 10).rounded() / 10 }
      p50 = at(0.5)
      p95 = at(0.95)
      p99 = at(0.99)
      maximum = at(1)
    }
  }

  var leases: Int
  var bidsPerOrder: Double
  /// From signing the order to the first bid that the tenant's node shows.
  var firstBid: Percentiles
  /// From signing the order to the block that opens the lease.
  var lease: Percentiles
  /// Of that, from submitting the agreement to its block.
  var agreement: Percentiles

  init(_ samples: [LeaseRun.Sample]) {
    leases = samples.count
    bidsPerOrder = Double(samples.reduce(0) { $0 + $1.bids }) / Double(max(1, samples.count))
    firstBid = Percentiles(samples.map(\.firstBid))
    lease = Percentiles(samples.map(\.lease))
    agreement = Percentiles(samples.map(\.agreement))
  }

  func show() {
    func line(_ name: String, _ values: Percentiles) {
      Console.line(
        name.padding(toLength: 26, withPad: " ", startingAt: 0)
          + "p50 \(values.p50) ms, p95 \(values.p95) ms, p99 \(values.p99) ms, most \(values.maximum) ms"
      )
    }
    Console.line("leases                    \(leases), \(String(format: "%.1f", bidsPerOrder)) bids an order")
    line("order → first bid", firstBid)
    line("order → committed lease", lease)
    line("agreement → block", agreement)
  }
}

/// One lease after the other.
struct LeaseRun {
  /// Times are in seconds.
  struct Sample {
    var firstBid: Double
    var lease: Double
    var agreement: Double
    var bids: Int
  }

  let wallet: Wallet
  let plan: DeployPlan
  let command: LeasesCommand

  /// `number`: makes the deployment's sequence number unique in the run.
  func lease(_ number: UInt64) async throws -> Sample {
    guard let group = plan.groups.first, plan.groups.count == 1 else {
      throw Failure("the file has \(plan.groups.count) groups", fix: "one group is measured at a time")
    }
    let deployment = DeploymentID(owner: wallet.address, sequence: plan.deployment.sequence + number)
    let minimum = wallet.currency(plan.denomination).flatMap { UInt64($0.minimumDeposit) } ?? 0
    let signedAt = Date()
    let order = Order(
      deployment: deployment,
      groups: plan.groups,
      manifestHash: plan.manifestHash,
      deposit: Coin(minimum, plan.denomination),
      expiresAt: Timestamp.now.advanced(byMilliseconds: 120_000)
    )
    let object = SignedObject(kind: .order, body: order.encoded, signer: wallet.key, chain: wallet.chain)
    do {
      let _: Answer.Submitted = try await wallet.client.post("/v1/objects", body: object.encoded)
    } catch let error as ClientError {
      throw Failure(error)
    }
    let (bids, firstBid) = try await bids(object, signedAt)
    let price = { (bid: Answer.Bid) in
      bid.groups.first.flatMap { Decimal18($0.price) } ?? .zero
    }
    guard let cheapest = bids.min(by: { price($0) < price($1) }), let bytes = Hex.decode(cheapest.encoded)
    else { throw Failure("the node sent a bid that is not hex") }
    let bid = try SignedObject(decoding: bytes, chain: wallet.chain)
    let agreedAt = Date()
    let agreement = AgreeLease(
      owner: wallet.address,
      order: object,
      bids: [bid],
      choices: [.init(group: group.sequence, bid: 0)]
    )
    try await wallet.send([.agreeLease(agreement)], preferring: plan.denomination)
    let now = Date()
    let sample = Sample(
      firstBid: firstBid,
      lease: now.timeIntervalSince(signedAt),
      agreement: now.timeIntervalSince(agreedAt),
      bids: bids.count
    )
    try await wallet.send([.closeDeployment(deployment)], preferring: plan.denomination)
    return sample
  }

  private func bids(_ order: SignedObject, _ signedAt: Date) async throws -> ([Answer.Bid], Double) {
    let deadline = signedAt.addingTimeInterval(Double(command.timeout))
    var firstBid: Date?
    while Date() < deadline {
      let bids: [Answer.Bid] = try await wallet.client.get("/v1/orders/\(order.identifier)/bids")
      if !bids.isEmpty {
        let first = firstBid ?? Date()
        firstBid = first
        if Date().timeIntervalSince(first) * 1_000 >= Double(command.wait) {
          return (bids, first.timeIntervalSince(signedAt))
        }
      }
      try await Task.sleep(for: .milliseconds(2))
    }
    throw Failure(
      "no bid within \(command.timeout) s",
      why: "no provider has what is asked for, or its devices are still held by leases that were just closed",
      fix: "`supercloud market gpus` shows what is free"
    )
  }
}
