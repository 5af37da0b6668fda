import Chain
import Cryptography
import Gossip
import Ledger
import Primitives
import Replication

extension Cluster {
  private static let gpu = "capabilities/gpu/vendor/nvidia/model/h100"

  /// The node that a provider uses: not its tenants', so that orders and bids cross the network.
  private func providerHome(_ provider: Int) -> Int? { home(of: provider + 3) }

  /// Registers each provider on the chain that is not registered yet and has no transaction waiting.
  func registerProviders() {
    for (index, key) in workload.providers.enumerated() {
      guard let home = providerHome(index), let replica = nodes[home].replica else { continue }
      let query = LedgerQuery(state: replica.view)
      guard query.provider(key.address) == nil,
        replica.nextSequence(of: key.address) == query.sequence(of: key.address)
      else { continue }
      let record = ProviderRecord(
        owner: key.address,
        hostURI: "https://provider\(index).example",
        attributes: [
          Attribute(key: "region", value: "eu"), Attribute(key: Self.gpu, value: "true"),
        ]
      )
      submit([.registerProvider(record)], by: key, home: home)
    }
  }

  /// Publishes an order of a random tenant, for one H100; it expires after 25 s of block time.
  func postOrder() {
    let tenant = Int(workload.generator.next(below: UInt64(workload.tenants.count)))
    let key = workload.tenants[tenant]
    guard let home = home(of: tenant), let tip = nodes[home].replica?.tip else { return }
    let order = Order(
      deployment: DeploymentID(owner: key.address, sequence: workload.nextDeployment),
      groups: [Order.Group(sequence: 1, spec: Self.spec(price: Decimal18(100)))],
      manifestHash: Digest.sha256([UInt8(truncatingIfNeeded: workload.nextDeployment)]),
      deposit: Coin(500_000, .uakt),
      expiresAt: tip.time.advanced(byMilliseconds: 25_000)
    )
    workload.nextDeployment += 1
    let object = SignedObject(kind: .order, body: order.encoded, signer: key, chain: genesis.chain)
    guard publish(object, to: home) else { return }
    counters.published += 1
    workload.open.append((tenant, object, order))
    if workload.open.count > 64 { workload.open.removeFirst() }
  }

  private static func resources(of unit: UInt32) -> Resources {
    Resources(
      id: unit,
      cpuMillis: 1_000,
      memoryBytes: 1 << 30,
      volumes: [Volume(name: "default", bytes: 1 << 30)],
      gpus: 1,
      gpuAttributes: [Attribute(key: "vendor/nvidia/model/h100", value: "true")]
    )
  }

  private static func spec(price: Decimal18) -> GroupSpec {
    GroupSpec(
      name: "compute",
      requirements: PlacementRequirements(attributes: [Attribute(key: "region", value: "eu")]),
      units: [ResourceUnit(resources: resources(of: 1), count: 1, price: DecimalCoin(price, .uakt))]
    )
  }

  /// Each provider bids once, at a random price, for each order in its node's order book.
  func answerOrders() {
    for (index, key) in workload.providers.enumerated() {
      guard let home = providerHome(index), let replica = nodes[home].replica else { continue }
      for entry in replica.book.orders where !workload.answered[index].contains(entry.object.identifier) {
        let identifier = entry.object.identifier
        let price = Decimal18(10 + workload.generator.next(below: 90))
        let bid = Bid(
          order: identifier,
          provider: key.address,
          groups: [
            Bid.Group(
              sequence: 1,
              price: DecimalCoin(price, .uakt),
              offer: [ResourceOffer(resources: Self.resources(of: 1), count: 1)]
            )
          ],
          expiresAt: replica.tip.time.advanced(byMilliseconds: 25_000)
        )
        let object = SignedObject(kind: .bid, body: bid.encoded, signer: key, chain: genesis.chain)
        if publish(object, to: home) {
          counters.published += 1
          workload.answered[index].insert(identifier)
        }
      }
    }
  }

  /// Each tenant with an open order submits an agreement with the first bid in its node's book. One in five
  /// submits it a second time: only one of the two may succeed (`Invariant.ordersAgreedOnce`).
  func acceptBids() {
    var left: [(tenant: Int, object: SignedObject, order: Order)] = []
    for entry in workload.open {
      guard let home = home(of: entry.tenant), let replica = nodes[home].replica,
        replica.tip.time < entry.order.expiresAt
      else { continue }
      guard let best = replica.book.bids(for: entry.object.identifier).first else {
        left.append(entry)
        continue
      }
      let key = workload.tenants[entry.tenant]
      let agreement = AgreeLease(
        owner: key.address,
        order: entry.object,
        bids: [best.object],
        choices: [.init(group: 1, bid: 0)]
      )
      let isAccepted = submit([.agreeLease(agreement)], by: key, home: home)
      if workload.generator.chance(partsPerMillion: 200_000) {
        submit([.agreeLease(agreement)], by: key, home: home)
      }
      guard isAccepted else {
        left.append(entry)
        continue
      }
      let enough = now + .milliseconds(3_000 + workload.generator.next(below: 20_000))
      workload.running.append((entry.tenant, entry.order.deployment, enough))
    }
    workload.open = left
  }

  /// Closes the deployments that have run as long as their tenants want.
  func closeDeployments() {
    let due = workload.running.filter { $0.until <= now }
    workload.running.removeAll { $0.until <= now }
    for (tenant, deployment, _) in due {
      submit([.closeDeployment(deployment)], by: workload.tenants[tenant], home: home(of: tenant))
    }
  }
}
