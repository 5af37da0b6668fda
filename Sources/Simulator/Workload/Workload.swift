public import Chain
import Cryptography
import Gossip
import Ledger
import Primitives
public import Replication

/// One kind of action of the users.
enum WorkloadStep {
  /// A tenant sends money to a random tenant.
  case transfer
  /// A tenant posts an order.
  case order
  /// Providers register and bid; tenants agree to bids and close deployments.
  case market
}

/// The state of the simulated users.
struct Workload {
  let plan: LoadPlan
  let tenants: [SigningKey]
  let providers: [SigningKey]
  var generator: SeededGenerator
  var nextDeployment: UInt64 = 1
  /// Published orders without an agreement; `tenant` is an index into `tenants`.
  var open: [(tenant: Int, object: SignedObject, order: Order)] = []
  /// For each provider, the orders for which it has bid.
  var answered: [Set<Digest>]
  /// Deployments with an agreement, and the times at which their tenants close them.
  var running: [(tenant: Int, deployment: DeploymentID, until: Instant)] = []

  init(plan: LoadPlan, population: Population, seed: UInt64) {
    self.plan = plan
    tenants = population.tenants
    providers = population.providers
    generator = SeededGenerator(seed: seed ^ 0x776F_726B)
    answered = Array(repeating: [], count: population.providers.count)
  }

  /// The first action of each kind, and when it happens.
  mutating func firstSteps() -> [(WorkloadStep, Interval)] {
    var steps: [(WorkloadStep, Interval)] = []
    if plan.transfersPerMinute > 0 { steps.append((.transfer, .milliseconds(500))) }
    if plan.ordersPerMinute > 0, !providers.isEmpty {
      steps.append((.order, .milliseconds(4_000)))
      steps.append((.market, .milliseconds(1_000)))
    }
    return steps
  }

  /// How long until the next such action: for transfers and orders uniformly from zero to twice the mean.
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
  /// Submits an authentic transaction to a node. Returns the mempool's answer; nil when the node is down.
  @discardableResult
  public func submit(_ transaction: Transaction, to index: Int) -> Admission? {
    let node = nodes[index]
    let shard = shard(of: index)
    guard node.replica != nil else { return nil }
    trace.record(at: now, node: index, tag: 7, transaction.sequence)
    let answer = shard.request(.submitted([transaction], Ticket(0)), of: node)
    synchronizeShards()
    guard case .admitted(let admissions)? = answer else { return nil }
    return admissions.first
  }

  /// Publishes an authentic order, bid or offer through a node, as a user would. Returns whether the node's
  /// order book accepted it; false when the node is down.
  @discardableResult
  public func publish(_ object: SignedObject, to index: Int) -> Bool {
    let node = nodes[index]
    let shard = shard(of: index)
    trace.record(at: now, node: index, tag: 8, UInt64(object.kind.rawValue))
    let answer = shard.request(.published(object, Ticket(0)), of: node)
    synchronizeShards()
    guard case .published(let outcome)? = answer else { return false }
    return outcome.judgement == .accepted
  }

  /// Does an action of the users and schedules the next one of its kind.
  func perform(_ step: WorkloadStep) {
    switch step {
    case .transfer: transfer()
    case .order: postOrder()
    case .market:
      registerProviders()
      answerOrders()
      acceptBids()
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

  /// The index of the node that an account uses: the first honest one that is up, in an order that is fixed for
  /// the account, so that its transactions have consecutive sequence numbers. Nil when there is none.
  func home(of account: Int) -> Int? {
    for step in 0..<nodes.count {
      let index = (account * 7 + step) % nodes.count
      if nodes[index].isUp && nodes[index].isHonest { return index }
    }
    return nil
  }

  /// Signs and submits the account's next transaction. Returns whether the mempool accepted it.
  @discardableResult
  func submit(_ actions: [Action], by key: SigningKey, home: Int?) -> Bool {
    guard let home, let replica = nodes[home].replica else { return false }
    let sequence = replica.nextSequence(of: key.address)
    let draft = TransactionDraft(actions: actions, sequence: sequence, fee: Fee(amount: Coin(10, .uakt)))
    return submit(signed(draft, by: key), to: home) == .accepted
  }
}
