import Chain
import Consensus
import Cryptography
import Ledger
import Primitives
import Replication

/// Checks the invariants: it is told of every commit and signature of the nodes and compares them.
final class Observer {
  struct Decision {
    let block: Digest
    let stateRoot: Digest
  }

  private let chain: ChainID
  private let verification: Checks
  private let genesisTime: Timestamp
  private let parameters: Parameters
  /// The time of the newest block, and the milliseconds since genesis that leases have paid for by then.
  private var lastTime: Timestamp
  private var billed: UInt64 = 0
  private(set) var checks: [Invariant: UInt64] = [:]
  private(set) var violations: [Violation] = []
  /// The first commit of each height by any node; index 0 is height 1.
  private(set) var decisions: [Decision] = []
  /// The signed bytes of every proposal and vote of the newest heights.
  private var signed: [SigningPosition: [UInt8]] = [:]
  /// The newest precommit for a block, by validator.
  private var locks: [PublicKey: Lock] = [:]
  /// The height at which each order's lease was agreed.
  private var agreedOrders: [Digest: Height] = [:]
  private(set) var transactions: UInt64 = 0
  private(set) var rejected: UInt64 = 0
  private(set) var agreements: UInt64 = 0
  private(set) var closes: UInt64 = 0
  private(set) var evidence: UInt64 = 0

  struct SigningPosition: Hashable {
    var key: PublicKey
    var height: Height
    var round: Round
    var kind: SigningRequest.Kind
  }

  struct Lock {
    var height: Height
    var round: Round
    var block: Digest
  }

  /// How far a block's time may be ahead of the true time, in milliseconds: more than the difference of
  /// clocks and the message delay that `Consensus.Timeliness` allows.
  static let timeToleranceMilliseconds: UInt64 = 3_000
  private static let violationLimit = 20
  private static let auditInterval: Height = 25

  init(genesis: Genesis, checkSignature: @escaping Checks.SignatureCheck) {
    chain = genesis.chain
    genesisTime = genesis.time
    parameters = genesis.parameters
    lastTime = genesis.time
    // The observer keeps its own cache of valid certificates and does not rely on checks by the nodes.
    verification = SharedChecks().checks(checkSignature)
  }

  func count(_ invariant: Invariant) { checks[invariant, default: 0] += 1 }

  func violated(_ invariant: Invariant, at now: Instant, _ node: SimulatedNode, _ text: String) {
    guard violations.count < Self.violationLimit else { return }
    let at = now.nanoseconds / 1_000_000
    violations.append(Violation(invariant: invariant, atMilliseconds: at, node: node.name, text: text))
  }

  var highest: Height { Height(decisions.count) }

  // MARK: Commits

  /// Checks a commit that a node has written to its disk.
  func committed(_ commit: Commit, by node: SimulatedNode, at now: Instant) {
    let (height, block, root) = (commit.tip.height, commit.tip.block, commit.tip.stateRoot)
    count(.agreement)
    count(.stateRoots)
    if height <= highest {
      let known = decisions[Int(height) - 1]
      if known.block != block {
        let text = "commits block \(block) at height \(height); another node committed \(known.block)"
        violated(.agreement, at: now, node, text)
      }
      if known.stateRoot != root {
        let text = "has state root \(root) at height \(height); another node has \(known.stateRoot)"
        violated(.stateRoots, at: now, node, text)
      }
    } else if height == highest + 1 {
      decisions.append(Decision(block: block, stateRoot: root))
      recordNewHeight(commit, by: node, at: now)
    } else {
      let text = "commits height \(height), but the highest height committed before is \(highest)"
      violated(.agreement, at: now, node, text)
    }
    verify(commit, by: node, at: now)
  }

  private func verify(_ commit: Commit, by node: SimulatedNode, at now: Instant) {
    count(.certificates)
    let certificate = commit.certificate
    do {
      guard certificate.kind == .precommit, certificate.block == commit.tip.block,
        certificate.height == commit.tip.height
      else {
        let text = "the certificate of height \(commit.tip.height) is for another block"
        return violated(.certificates, at: now, node, text)
      }
      // Nodes that got the block from each other have equal certificates; the cache verifies such a one once.
      try commit.tip.lastValidators.verify(certificate, chain: chain, using: verification)
    } catch {
      let text = "the certificate of height \(commit.tip.height) is invalid: \(error)"
      violated(.certificates, at: now, node, text)
    }
  }

  /// Counts and checks what is the same on all nodes. Called for the first commit of each height only.
  private func recordNewHeight(_ commit: Commit, by node: SimulatedNode, at now: Instant) {
    let height = commit.tip.height
    transactions += UInt64(commit.transactions.count)
    evidence += UInt64(commit.block.evidence.count)
    for (transaction, receipt) in zip(commit.transactions, commit.outcome.receipts) {
      guard receipt.isSuccess else {
        rejected += 1
        continue
      }
      for action in transaction.actions { executed(action, at: height, node, now) }
    }
    checkTime(of: commit, node, now)
    checkBilling(of: commit, node, now)
    signed = signed.filter { $0.key.height + 2 >= height }
    if height.isMultiple(of: Self.auditInterval) { audit(node.store, node, now) }
  }

  /// No scenario changes parameters by vote, so those of genesis hold.
  private func checkBilling(of commit: Commit, _ node: SimulatedNode, _ now: Instant) {
    count(.billing)
    let time = commit.tip.time
    billed += min(time.milliseconds(since: lastTime), parameters.billedIntervalLimit)
    lastTime = time
    let (tick, expected) = (commit.outcome.moment.tick, billed / parameters[.tickMilliseconds])
    guard tick != expected else { return }
    let text = "executes height \(commit.tip.height) at tick \(tick); \(expected) ticks are to be paid for"
    violated(.billing, at: now, node, text)
  }

  private func executed(_ action: Action, at height: Height, _ node: SimulatedNode, _ now: Instant) {
    switch action {
    case .agreeLease(let agreement):
      agreements += 1
      count(.ordersAgreedOnce)
      let order = agreement.order.identifier
      if let earlier = agreedOrders.updateValue(height, forKey: order) {
        let text = "order \(order) is agreed at height \(earlier) and again at \(height)"
        violated(.ordersAgreedOnce, at: now, node, text)
      }
    case .closeDeployment, .closeLease: closes += 1
    default: break
    }
  }

  /// Checks only that the block's time is not too far in the future. A block that is proposed again in a
  /// later round keeps its time, so a correct time may be as old as the duration of the whole height.
  private func checkTime(of commit: Commit, _ node: SimulatedNode, _ now: Instant) {
    count(.blockTime)
    let truth = genesisTime.advanced(byMilliseconds: now.nanoseconds / 1_000_000)
    let ahead = commit.tip.time.milliseconds(since: truth)
    if ahead > Self.timeToleranceMilliseconds {
      violated(.blockTime, at: now, node, "block \(commit.tip.height) has a time \(ahead) ms in the future")
    }
  }

  /// Checks for every currency that the amounts in the ledger add up to the supply.
  func audit(_ store: SimulatedStore, _ node: SimulatedNode, _ now: Instant) {
    for report in LedgerQuery(state: store).conservationReports() {
      count(.conservation)
      if !report.isConserved {
        let text =
          "the amounts of \(report.denomination) differ from its supply: accounts \(report.accounts), escrow \(report.escrow), deposits \(report.leaseDeposits), stake \(report.stake), pools \(report.pools), supply \(report.supply), escrow records \(report.escrowRecords)"
        violated(.conservation, at: now, node, text)
      }
    }
  }

  // MARK: Signatures

  /// Checks a proposal or vote that an honest node signed with its consensus key and sends.
  func released(_ message: SignedMessage, by node: SimulatedNode, _ key: PublicKey, at now: Instant) {
    let position: SigningPosition
    let body: [UInt8]
    switch message {
    case .proposal(let proposal):
      position = SigningPosition(key: key, height: proposal.height, round: proposal.round, kind: .proposal)
      body = proposal.signBody
    case .vote(let vote):
      let kind: SigningRequest.Kind = vote.kind == .prevote ? .prevote : .precommit
      position = SigningPosition(key: key, height: vote.height, round: vote.round, kind: kind)
      body = vote.signBody
      checkLock(vote, by: node, key, at: now)
    }
    count(.singleSigning)
    if let known = signed[position] {
      if known != body {
        let text =
          "two different messages are signed as \(position.kind) of height \(position.height) round \(position.round)"
        violated(.singleSigning, at: now, node, text)
      }
    } else {
      signed[position] = body
    }
  }

  /// Remembers the lock that a precommit sets, and checks a prevote against it.
  private func checkLock(_ vote: Vote, by node: SimulatedNode, _ key: PublicKey, at now: Instant) {
    guard let block = vote.block else { return }
    if vote.kind == .precommit {
      let isNewer = locks[key].map { ($0.height, $0.round) < (vote.height, vote.round) } ?? true
      if isNewer { locks[key] = Lock(height: vote.height, round: vote.round, block: block) }
      return
    }
    guard let lock = locks[key], lock.height == vote.height, lock.round < vote.round else { return }
    count(.lockRule)
    let isJustified = vote.validRound.map { $0 >= lock.round } ?? false
    if block != lock.block, !isJustified {
      let text =
        "is locked in round \(lock.round) of height \(lock.height) but prevotes for another block in round \(vote.round)"
      violated(.lockRule, at: now, node, text)
    }
  }
}
