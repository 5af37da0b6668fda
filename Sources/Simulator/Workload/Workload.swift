import Chain
import Cryptography
import Ledger
import Primitives
import Replication

/// What a user does next.
enum WorkloadStep {
  case transfer
  case order
  /// Providers look for orders, tenants for bids and leases that are enough.
  case market
}

/// What users remember between their steps.
struct Workload {
  let plan: WorkloadPlan
  let tenants: [SigningKey]
  let providers: [SigningKey]
  var generator: SeededGenerator
  var nextDeployment: UInt64 = 1
  /// Orders of tenants that wait for bids, by tenant.
  var open: [(tenant: Int, object: SignedObject, order: Order)] = []
  /// Orders that a provider has answered.
  var answered: [Set<Digest>]
  /// Agreed deployments with the time at which their tenant has enough.
  var running: [(tenant: Int, deployment: DeploymentID, until: Instant)] = []

  init(plan: WorkloadPlan, population: Population, seed: UInt64) {
    self.plan = plan
    tenants = population.tenants
    providers = population.providers
    generator = SeededGenerator(seed: seed ^ 0x776F_726B)
    answered = Array(repeating: [], count: population.providers.count)
  }

  mutating func firstSteps() -> [(WorkloadStep, Interval)] {
    var steps: [(WorkloadStep, Interval)] = []
    if plan.transfersPerMinute > 0 { steps.append((.transfer, .milliseconds(500))) }
    if plan.ordersPerMinute > 0, !providers.isEmpty {
      steps.append((.order, .milliseconds(4_000)))
      steps.append((.market, .milliseconds(1_000)))
    }
    return steps
  }

  /// Until the next step of this kind: between nothing and twice the mean.
  mutating func pause(after step: WorkloadStep) -> Interval {
    switch step {
    case .transfer:
      Interval(nanoseconds: generator.next(below: 120_000_000_000 / max(1, plan.transfersPerMinute)))
    case .order: Interval(nanoseconds: generator.next(below: 120_000_000_000 / max(1, plan.ordersPerMinute)))
    case .market: .milliseconds(400)
    }
  }
}

extension Cluster {
  func perform(_ step: WorkloadStep) {
    switch step {
    case .transfer: transfer()
    case .order: postOrder()
    case .market:
      registerProviders()
      answerOrders()
      agree()
      closeDeployments()
    }
    queue.insert(.work(step), at: now + workload.pause(after: step))
  }

  private func transfer() {
    let tenants = workload.tenants
    let from = Int(workload.generator.next(below: UInt64(tenants.count)))
    let to = Int(workload.generator.next(below: UInt64(tenants.count)))
    let amount = 1 + workload.generator.next(below: 1_000)
    let send = Send(from: tenants[from].address, to: tenants[to].address, amount: [Coin(amount, .uakt)])
    submit([.send(send)], by: tenants[from], home: home(of: from))
  }

  /// The node that an account uses: always the same while it is up, so that its sequence numbers do not collide.
  func home(of account: Int) -> Int? {
    for step in 0..<nodes.count {
      let index = (account * 7 + step) % nodes.count
      if nodes[index].isUp && nodes[index].isHonest { return index }
    }
    return nil
  }

  @discardableResult
  func submit(_ actions: [Action], by key: SigningKey, home: Int?) -> Bool {
    guard let home, let replica = nodes[home].replica else { return false }
    let sequence = replica.nextSequence(of: key.address)
    let draft = TransactionDraft(actions: actions, sequence: sequence, fee: Fee(amount: Coin(10, .uakt)))
    return submit(signed(draft, by: key), to: home) == .accepted
  }
}
