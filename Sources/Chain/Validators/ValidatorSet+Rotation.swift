import Cryptography

/// Selects proposers by weighted round robin, and applies changes of power.
extension ValidatorSet {
  /// Advances the rotation by `times` turns. Afterwards `proposer` is the validator of the last turn.
  ///
  /// The set of height h + 1 is the set of height h with its updates applied, advanced by one. Rescaling and
  /// centring are done once per call, so `advance(2)` can differ from two calls of `advance()`.
  public mutating func advance(_ times: Int = 1) {
    guard times > 0, !members.isEmpty else { return }
    rescale()
    centre()
    for _ in 0..<times { selectNextProposer() }
  }

  /// The proposer of `round`. The time is proportional to `round`, so the caller must bound it.
  public func proposer(round: Round) -> ValidatorIndex {
    guard round > 0 else { return proposer }
    var copy = self
    copy.advance(Int(round))
    return copy.proposer
  }

  /// Returns the set with all `updates` applied; when it throws, this set is unchanged. Advance the result by
  /// one to get the next height's set.
  ///
  /// Priorities of unchanged validators stay, except for rescaling and centring. A new validator starts with
  /// the priority −1.125 × total power, below all others, so that leaving and joining again gives no
  /// advantage.
  public func applying(_ updates: [ValidatorUpdate]) throws(ValidatorSetError) -> ValidatorSet {
    var copy = self
    try copy.apply(updates)
    guard !copy.members.isEmpty else { throw .empty }
    return copy
  }

  mutating func apply(_ updates: [ValidatorUpdate]) throws(ValidatorSetError) {
    guard !updates.isEmpty else { return }
    let proposing = self[proposer]?.address
    let joining = try joiningPriority(updates)
    var positions: [Address: Int] = [:]
    for (position, member) in members.enumerated() { positions[member.address] = position }
    for update in updates {
      if let position = positions[update.address] {
        members[position].power = update.power
        members[position].key = update.key
      } else {
        members.append(
          Validator(address: update.address, key: update.key, power: update.power, priority: joining)
        )
      }
    }
    members.removeAll { $0.power == 0 }
    guard members.count <= Self.maximumCount else { throw .tooMany(limit: Self.maximumCount) }
    var keys: Set<PublicKey> = []
    for member in members where !keys.insert(member.key).inserted { throw .duplicateKey(member.key) }
    members.sort(by: Self.precedes)
    totalPower = members.reduce(0) { $0 + $1.power }
    rescale()
    centre()
    proposer = proposing.flatMap { index(ofAddress: $0) } ?? next ?? 0
  }

  /// Checks the updates and returns the priority of new validators, computed from the total power before
  /// removals.
  private func joiningPriority(_ updates: [ValidatorUpdate]) throws(ValidatorSetError) -> Int64 {
    var powers: [Address: Int64] = [:]
    for member in members { powers[member.address] = member.power }
    var seen: Set<Address> = []
    var total = Int128(totalPower)
    for update in updates {
      guard seen.insert(update.address).inserted else { throw .duplicateAddress(update.address) }
      guard update.power >= 0, update.power <= Self.maximumTotalPower else {
        throw .powerOutOfRange(update.address)
      }
      if update.power == 0 {
        guard powers[update.address] != nil else { throw .unknownValidator(update.address) }
      } else {
        total += Int128(update.power) - Int128(powers[update.address] ?? 0)
      }
    }
    guard total <= Int128(Self.maximumTotalPower), let exact = Int64(exactly: total) else {
      throw .totalPowerOutOfRange
    }
    return -(exact + exact >> 3)
  }

  /// Divides priorities, truncating toward zero, until their spread is at most twice the total power.
  mutating func rescale() {
    guard let least = members.map(\.priority).min(), let most = members.map(\.priority).max() else { return }
    let window = Int128(totalPower) * 2
    let spread = Int128(most) - Int128(least)
    guard window > 0, spread > window else { return }
    let ratio = (spread + window - 1) / window
    for index in members.indices {
      members[index].priority = Int64(clamping: Int128(members[index].priority) / ratio)
    }
  }

  /// Subtracts the mean from all priorities. The mean is rounded down, also when it is negative.
  mutating func centre() {
    guard !members.isEmpty else { return }
    let sum = members.reduce(Int128(0)) { $0 + Int128($1.priority) }
    let (quotient, remainder) = sum.quotientAndRemainder(dividingBy: Int128(members.count))
    let mean = remainder < 0 ? quotient - 1 : quotient
    for index in members.indices {
      members[index].priority = Int64(clamping: Int128(members[index].priority) - mean)
    }
  }

  mutating func selectNextProposer() {
    for index in members.indices {
      members[index].priority = Int64(
        clamping: Int128(members[index].priority) + Int128(members[index].power)
      )
    }
    guard let next else { return }
    proposer = next
    let turn = Int(next)
    members[turn].priority = Int64(clamping: Int128(members[turn].priority) - Int128(totalPower))
  }

  /// The validator with the largest priority; among equals the one with the smallest address.
  private var next: ValidatorIndex? {
    let best = members.indices.max { left, right in
      let (left, right) = (members[left], members[right])
      return left.priority == right.priority ? left.address > right.address : left.priority < right.priority
    }
    return best.map { ValidatorIndex($0) }
  }
}

/// The proposers of the rounds of one height, computed when first asked for.
public struct ProposerSchedule: Sendable {
  private var set: ValidatorSet
  private var proposers: [ValidatorIndex]

  public init(_ validators: ValidatorSet) {
    set = validators
    proposers = [validators.proposer]
    // `advance(r)` also rescales and centres once, for any number of turns.
    set.rescale()
    set.centre()
  }

  /// The same as the set's `proposer(round:)`, but rounds that were asked for before take no time.
  public mutating func proposer(round: Round) -> ValidatorIndex {
    while proposers.count <= Int(round) {
      set.selectNextProposer()
      proposers.append(set.proposer)
    }
    return proposers[Int(round)]
  }
}
