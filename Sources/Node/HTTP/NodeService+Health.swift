import API
import Chain
import Cryptography
import Dispatch
import Foundation
import Ledger
import Logging
import Primitives
import Replication
import Synchronization

/// Whether the node does what its operator expects of it.
extension NodeService {
  /// The time between two looks, in milliseconds.
  private static let interval: Int64 = 2_000

  /// Looks every few seconds, until the task is cancelled, and logs what has begun and what is over.
  func watch() async {
    while !Task.isCancelled {
      let reading = await reading()
      let notices = state.withLock { $0.update(reading) }
      for notice in notices { parts.logger.log(level: notice.level, "\(notice.text)") }
      try? await Task.sleep(for: .milliseconds(Self.interval))
    }
  }

  /// What is wrong now, in words; empty when all is well.
  func health() async -> [String] {
    var problems = state.withLock { $0.problems }
    if let signing = parts.standing.answer, !signing.signs {
      problems.insert("this node signs nothing: \(signing.reason ?? ""); \(signing.fix ?? "")", at: 0)
    }
    return problems
  }

  /// Logs slashes of this node's validator.
  func reportSlashes(in commit: Commit) {
    guard let key = parts.keys.validator else { return }
    for event in commit.outcome.events + commit.outcome.receipts.flatMap(\.events) {
      guard case .validatorSlashed(let address, let coin, let reason) = event,
        commit.tip.lastValidators.index(ofKey: key).flatMap({ commit.tip.lastValidators[$0] })?.address
          == address
          || commit.tip.validators.index(ofKey: key).flatMap({ commit.tip.validators[$0] })?.address
            == address
      else { continue }
      parts.logger.critical(
        "this node's validator was slashed",
        metadata: ["height": "\(commit.tip.height)", "lost": "\(coin)", "reason": "\(reason)"]
      )
    }
  }

  func addHealth(to metrics: inout PrometheusText) async {
    let sinceBlock = state.withLock { $0.sinceBlock } / 1_000
    metrics.add("supercloud_seconds_since_block", .gauge, "Seconds since the newest block.", sinceBlock)
    let problems = await health().count
    metrics.add("supercloud_problems", .gauge, "What is wrong, as /health says it.", problems)
    if let signing = parts.standing.answer {
      metrics.add("supercloud_signing", .gauge, "1 while the node signs.", signing.signs ? 1 : 0)
    }
    guard let validator = await reading().validator else { return }
    metrics.add("supercloud_validator_jailed", .gauge, "1 while jailed.", validator.isJailed ? 1 : 0)
    metrics.add("supercloud_validator_tombstoned", .gauge, "1 for ever.", validator.isTombstoned ? 1 : 0)
    metrics.add("supercloud_validator_in_set", .gauge, "1 while it votes.", validator.isInSet ? 1 : 0)
    metrics.add("supercloud_validator_missed_blocks", .gauge, "In the window.", validator.missedBlocks)
  }

  private func reading() async -> NodeWatch.Reading {
    let key = parts.keys.validator
    let own = parts.keys.node.publicKey
    let hasSeeds = parts.runtime.definition.seeds.contains { $0.key != own }
    let offset = parts.runtime.clockOffset
    return await host.read { replica in
      let query = LedgerQuery(state: replica.view)
      let set = replica.tip.validators
      return NodeWatch.Reading(
        now: DispatchTime.now().uptimeNanoseconds / 1_000_000,
        wall: .now(offsetBy: offset),
        genesisTime: replica.configuration.genesis.time,
        height: replica.tip.height,
        claimedHeight: replica.claimedHeight,
        peers: replica.peerCount,
        hasOthers: hasSeeds || set.members.contains { $0.key != key },
        longestInterval: query.parameters[.maximumBlockInterval],
        validator: key.flatMap { key in
          query.validatorAddress(ofKey: key).flatMap { query.validator($0) }.map { record in
            NodeWatch.Validator(record, isInSet: set.index(ofKey: key) != nil, query.parameters)
          }
        }
      )
    }
  }
}

extension NodeWatch.Validator {
  init(_ record: ValidatorRecord, isInSet: Bool, _ parameters: Parameters) {
    let window = parameters[.signedBlocksWindow]
    let mustSign = window * parameters[.minimumSignedPerWindow] / 10_000
    self.init(
      isJailed: record.isJailed,
      jailedUntil: record.jailedUntil.text,
      isTombstoned: record.isTombstoned,
      isInSet: isInSet,
      missedBlocks: UInt64(record.missedBlocks),
      allowedMisses: window - min(mustSign, window)
    )
  }
}
