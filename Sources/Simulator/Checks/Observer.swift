import Chain
import Consensus
import Cryptography
import Ledger
import Primitives
import Replication

/// Watches all nodes from outside and compares what they do.
final class Observer {
  struct Decision {
    let block: Digest
    let stateRoot: Digest
  }

  private let chain: ChainID
  private var scheme: SignatureScheme
  private let genesisTime: Timestamp
  private(set) var checks: [Invariant: UInt64] = [:]
  private(set) var violations: [Violation] = []
  /// Index 0 is height 1; what the first node to commit it had.
  private(set) var decisions: [Decision] = []
  private var signed: [SigningPlace: [UInt8]] = [:]
  private var locks: [PublicKey: Lock] = [:]
  private var agreedOrders: [Digest: Height] = [:]
  private(set) var transactions: UInt64 = 0
  private(set) var rejected: UInt64 = 0
  private(set) var agreements: UInt64 = 0
  private(set) var closes: UInt64 = 0
  private(set) var evidence: UInt64 = 0

  struct SigningPlace: Hashable {
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

  /// Honest clocks and messages are within this of each other (`Timeliness`), plus what rounds take.
  static let timeToleranceMilliseconds: UInt64 = 3_000
  private static let violationLimit = 20
  private static let auditInterval: Height = 25

  init(genesis: Genesis, scheme: SignatureScheme) {
    chain = genesis.chain
    genesisTime = genesis.time
    self.scheme = scheme
    // Its own: it takes no node's word.
    self.scheme.proofs = SharedProofs().proofs
  }

  func count(_ invariant: Invariant) { checks[invariant, default: 0] += 1 }

  func violated(_ invariant: Invariant, at now: Instant, _ node: SimulatedNode, _ text: String) {
    guard violations.count < Self.violationLimit else { return }
    violations.append(
      Violation(
        invariant: invariant,
        atMilliseconds: now.nanoseconds / 1_000_000,
        node: node.name,
        text: text
      )
    )
  }

  var highest: Height { Height(decisions.count) }

  // MARK: Commits

  /// A node's commit is on its disk.
  func committed(_ commit: Commit, by node: SimulatedNode, at now: Instant) {
    let height = commit.tip.height
    count(.agreement)
    count(.stateRoots)
    if height <= highest {
      let known = decisions[Int(height) - 1]
      if known.block != commit.tip.block {
        violated(
          .agreement,
          at: now,
          node,
          "height \(height) is \(known.block) elsewhere, \(commit.tip.block) here"
        )
      }
      if known.stateRoot != commit.tip.stateRoot {
        violated(
          .stateRoots,
          at: now,
          node,
          "the state root at height \(height) is \(known.stateRoot) elsewhere, \(commit.tip.stateRoot) here"
        )
      }
    } else if height == highest + 1 {
      decisions.append(Decision(block: commit.tip.block, stateRoot: commit.tip.stateRoot))
      first(commit, by: node, at: now)
    } else {
      violated(
        .agreement,
        at: now,
        node,
        "height \(height) is committed, \(highest) is the highest before it"
      )
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
        return violated(
          .certificates,
          at: now,
          node,
          "the certificate of height \(commit.tip.height) is for another block"
        )
      }
      // Nodes that were served by one another have equal ones.
      try scheme.verify(certificate, by: commit.tip.lastValidators, chain: chain)
    } catch {
      violated(
        .certificates,
        at: now,
        node,
        "the certificate of height \(commit.tip.height) proves nothing: \(error)"
      )
    }
  }

  private func first(_ commit: Commit, by node: SimulatedNode, at now: Instant) {
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
    signed = signed.filter { $0.key.height + 2 >= height }
    if height.isMultiple(of: Self.auditInterval) { audit(node.store, node, now) }
  }

  private func executed(_ action: Action, at height: Height, _ node: SimulatedNode, _ now: Instant) {
    switch action {
    case .agreeLease(let agreement):
      agreements += 1
      count(.ordersAgreedOnce)
      if let earlier = agreedOrders.updateValue(height, forKey: agreement.order.identifier) {
        violated(
          .ordersAgreedOnce,
          at: now,
          node,
          "order \(agreement.order.identifier) is agreed at height \(earlier) and again at \(height)"
        )
      }
    case .closeDeployment, .closeLease: closes += 1
    default: break
    }
  }

  /// A proposal that is repeated keeps its time, so the past is bounded by how long the height took: only the future
  /// is checked.
  private func checkTime(of commit: Commit, _ node: SimulatedNode, _ now: Instant) {
    count(.blockTime)
    let truth = genesisTime.advanced(byMilliseconds: now.nanoseconds / 1_000_000)
    let ahead = commit.tip.time.milliseconds(since: truth)
    if ahead > Self.timeToleranceMilliseconds {
      violated(.blockTime, at: now, node, "block \(commit.tip.height) is \(ahead) ms in the future")
    }
  }

  func audit(_ store: SimulatedStore, _ node: SimulatedNode, _ now: Instant) {
    for report in LedgerQuery(state: store).audit() {
      count(.conservation)
      if !report.isConserved {
        violated(
          .conservation,
          at: now,
          node,
          "\(report.denomination) does not add up: accounts \(report.accounts), escrow \(report.escrow), deposits \(report.leaseDeposits), stake \(report.stake), pools \(report.pools), supply \(report.supply), escrow records \(report.escrowRecords)"
        )
      }
    }
  }

  // MARK: Signatures

  /// An honest node lets a message of its own key out.
  func released(_ message: SignedMessage, by node: SimulatedNode, _ key: PublicKey, at now: Instant) {
    let place: SigningPlace
    let body: [UInt8]
    switch message {
    case .proposal(let proposal):
      place = SigningPlace(key: key, height: proposal.height, round: proposal.round, kind: .proposal)
      body = proposal.signBody
    case .vote(let vote):
      place = SigningPlace(
        key: key,
        height: vote.height,
        round: vote.round,
        kind: vote.kind == .prevote ? .prevote : .precommit
      )
      body = vote.signBody
      checkLock(vote, by: node, key, at: now)
    }
    count(.singleSigning)
    if let known = signed[place] {
      if known != body {
        violated(
          .singleSigning,
          at: now,
          node,
          "two different messages are signed as \(place.kind) of height \(place.height) round \(place.round)"
        )
      }
    } else {
      signed[place] = body
    }
  }

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
      violated(
        .lockRule,
        at: now,
        node,
        "locked in round \(lock.round) of height \(lock.height), prevotes for another block in round \(vote.round)"
      )
    }
  }
}
