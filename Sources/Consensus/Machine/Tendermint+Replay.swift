import Chain
public import Cryptography
public import Primitives

/// Restores the machine after a restart from the inputs in the log.
extension Tendermint {
  /// Makes the machine that has consumed `records`, with the state that it had after the last of them.
  ///
  /// The replay drops all effects. `resume` repeats those that are still needed.
  public static func replay(_ records: [LogRecord], configuration: TendermintConfiguration) -> Tendermint {
    var machine = Tendermint(configuration: configuration)
    machine.isReplaying = true
    var turn = Turn(at: .zero)
    for record in records {
      machine.step(record.input, &turn)
      turn.effects.removeAll(keepingCapacity: true)
    }
    machine.isReplaying = false
    machine.lastHeightStartedAt = nil
    return machine
  }

  /// Repeats every request that has no answer yet: blocks, validations and signatures. Timers start again
  /// with their full intervals.
  ///
  /// The signing guard answers a request that it has signed before with the same signature, and refuses one
  /// that contradicts an earlier one.
  public mutating func resume(_ turn: inout Turn) {
    guard start != nil else { return }
    lastHeightStartedAt = turn.now
    if let commit = voteSet.commit, machine.step == .decided {
      turn.effects.append(.decide(height, commit.round, block: commit.block, certificate: commit))
      return
    }
    for (block, state) in sortedBlocks {
      if state == .proposed { turn.effects.append(.validateBlock(block)) }
      if state == .fetching { turn.effects.append(.fetchBlock(block, height)) }
    }
    for timer in activeTimers { turn.effects.append(.schedule(timer, after: interval(of: timer))) }
    turn.effects.append(.schedule(Timer(.status, height: height), after: configuration.statusInterval))
    if isAwaitingBlock { turn.effects.append(.requestBlock(height, machine.round)) }
    for request in pendingSignatures { turn.effects.append(.sign(request)) }
    turn.effects.append(.broadcastStatus(status))
    if let alarm { turn.effects.append(.alarm(alarm)) }
    while let next = nextDeferredInput() { consume(next, &turn) }
  }

  private func interval(of timer: Timer) -> Interval {
    switch timer.kind {
    case .propose, .prevote, .precommit: configuration.timeouts.interval(timer.kind, round: timer.round)
    case .maximumBlockInterval: configuration.maximumBlockInterval
    case .minimumBlockInterval: configuration.minimumBlockInterval
    case .status: configuration.statusInterval
    }
  }

  var sortedBlocks: [(Digest, BlockState)] {
    blocks.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
  }

  /// The BLAKE2b digest of all state that decides what the node signs. Machines that consumed equal logs have
  /// equal fingerprints.
  public var fingerprint: Digest {
    var writer = ByteWriter(capacity: 1_024)
    writer.write(height)
    writer.write(start.map { $0.validators.hash } ?? .zero)
    encodeRound(&writer)
    writer.write(UInt32(voteSet.rounds.count))
    for round in voteSet.rounds {
      writer.write(round.round)
      encode(round.prevotes, &writer)
      encode(round.precommits, &writer)
    }
    writer.write(UInt32(voteSet.polkas.count))
    for polka in voteSet.polkas { writer.writeCounted(polka.encoded) }
    writer.writeCounted(voteSet.commit?.encoded ?? [])
    writer.write(UInt32(proposals.entries.count))
    for entry in proposals.entries {
      writer.writeCounted(entry.proposal.encoded)
      writer.write(entry.isTimely)
    }
    writer.write(UInt32(blocks.count))
    for (block, state) in sortedBlocks {
      writer.write(block)
      writer.write(state.rawValue)
    }
    return Digest.blake2b(writer.bytes)
  }

  private func encodeRound(_ writer: inout ByteWriter) {
    writer.write(machine.round)
    writer.write(machine.step.rawValue)
    for polka in [machine.locked, machine.valid] {
      writer.write(polka != nil)
      writer.write(polka?.block ?? .zero)
      writer.write(polka?.round ?? 0)
    }
    writer.write(machine.otherLockRound.map { $0 + 1 } ?? 0)
    for flag in [
      machine.progress.waitsForPrevotes, machine.progress.waitsForPrecommits, machine.progress.sawPolka,
      isAwake, hasWork, isAwaitingBlock, alarm != nil,
    ] { writer.write(flag) }
    writer.write(certifiedHeight)
    writer.write(ownBlock?.block ?? .zero)
    writer.write(UInt32(pendingSignatures.count))
    for request in pendingSignatures {
      writer.write(request.kind.rawValue)
      writer.write(request.round)
      writer.writeCounted(request.signBody)
    }
    writer.write(UInt32(activeTimers.count))
    for timer in activeTimers {
      writer.write(timer.kind.rawValue)
      writer.write(timer.round)
    }
  }

  private func encode(_ tally: VoteTally, _ writer: inout ByteWriter) {
    writer.write(UInt32(tally.choices.count))
    for count in tally.choices {
      writer.write(count.choice.block != nil)
      writer.write(count.choice.block ?? .zero)
      writer.write(count.choice.validRound.map { $0 + 1 } ?? 0)
      writer.write(UInt64(bitPattern: count.power))
    }
    writer.write(UInt32(tally.slots.count))
    for slot in tally.slots {
      writer.write(slot.map { UInt32($0.choice) + 1 } ?? 0)
      if let slot { writer.write(slot.signature) }
    }
  }
}
