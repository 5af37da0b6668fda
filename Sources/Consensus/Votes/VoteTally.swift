import Chain
import Cryptography

/// The choice that a vote makes. Prevotes for the same block with different justifications are different
/// choices, and a quorum must agree on both.
///
/// Therefore a validator that precommits a block and later prevotes another without a newer polka (amnesia)
/// has signed the proof of it. In the paper prevotes carry no justification and cannot prove amnesia.
struct Choice: Hashable, Sendable {
  var block: Digest?
  var validRound: Round?
}

/// The votes of one kind in one round: a slot for each validator, and the sum of power for each choice.
struct VoteTally: Sendable {
  struct Slot: Hashable, Sendable {
    /// The index of the choice in `choices`.
    var choice: Int
    var signature: Signature
  }

  /// A choice, and the sum of the voting power of the validators that made it.
  struct ChoicePower: Hashable, Sendable {
    var choice: Choice
    var power: Int64
  }

  let kind: Vote.Kind
  /// The slots by validator index; empty until the first vote.
  private(set) var slots: [Slot?] = []
  /// The power of each choice, in the order of the first votes.
  private(set) var choices: [ChoicePower] = []
  /// The power of all validators that voted.
  private(set) var power: Int64 = 0

  init(_ kind: Vote.Kind) { self.kind = kind }

  var isEmpty: Bool { slots.isEmpty }

  func slot(_ index: ValidatorIndex) -> Slot? { Int(index) < slots.count ? slots[Int(index)] : nil }

  func choice(of index: ValidatorIndex) -> Choice? { slot(index).map { choices[$0.choice].choice } }

  func power(of choice: Choice) -> Int64 { choices.first { $0.choice == choice }?.power ?? 0 }

  /// The largest power of a choice that has a block.
  var largestBlockPower: Int64 { choices.reduce(0) { $1.choice.block == nil ? $0 : max($0, $1.power) } }

  /// Fills the slot of the vote's author, which must be empty. `weight` is the author's power, `count` the
  /// size of the validator set.
  ///
  /// - Returns: The new power of the choice.
  mutating func add(_ vote: Vote, power weight: Int64, count: Int) -> Int64 {
    if slots.isEmpty { slots = Array(repeating: nil, count: count) }
    let choice = Choice(block: vote.block, validRound: vote.validRound)
    let position = choices.firstIndex { $0.choice == choice } ?? choices.count
    if position == choices.count { choices.append(ChoicePower(choice: choice, power: 0)) }
    choices[position].power += weight
    power += weight
    slots[Int(vote.validator)] = Slot(choice: position, signature: vote.signature)
    return choices[position].power
  }

  /// The vote of a validator; nil when it has not voted.
  func vote(of index: ValidatorIndex, height: Height, round: Round) -> Vote? {
    guard let slot = slot(index) else { return nil }
    let choice = choices[slot.choice].choice
    return Vote(
      kind: kind,
      height: height,
      round: round,
      validRound: choice.validRound,
      block: choice.block,
      validator: index,
      signature: slot.signature
    )
  }

  /// The votes of validators that are not in `known`. Stops once the votes have at least `limit` power.
  func votes(
    height: Height,
    round: Round,
    missingFrom known: SignerSet? = nil,
    validators: ValidatorSet,
    until limit: Int64 = .max
  ) -> [Vote] {
    var votes: [Vote] = []
    var sum: Int64 = 0
    for index in slots.indices.map({ ValidatorIndex($0) }) {
      guard sum < limit, known.map({ !$0.contains(index) }) ?? true,
        let vote = vote(of: index, height: height, round: round)
      else { continue }
      votes.append(vote)
      sum += validators[index]?.power ?? 0
    }
    return votes
  }

  /// A certificate of all votes for `choice`, also when they are no quorum. Nil when `choice` has no block.
  func certificate(for choice: Choice, height: Height, round: Round) -> Certificate? {
    guard let block = choice.block else { return nil }
    var signers = SignerSet(count: slots.count)
    var signatures: [Signature] = []
    for (position, slot) in slots.enumerated() {
      guard let slot, choices[slot.choice].choice == choice else { continue }
      signers.insert(ValidatorIndex(position))
      signatures.append(slot.signature)
    }
    return Certificate(
      kind: kind,
      height: height,
      round: round,
      validRound: choice.validRound,
      block: block,
      signers: signers.bytes,
      signatures: signatures
    )
  }

  /// The validators that voted, as a set of `count` places.
  func voters(count: Int) -> SignerSet {
    var voters = SignerSet(count: count)
    for (position, slot) in slots.enumerated() where slot != nil { voters.insert(ValidatorIndex(position)) }
    return voters
  }
}

extension Certificate {
  /// The votes that the certificate consists of.
  var votes: [Vote] {
    guard let signers = SignerSet(bytes: signers, count: signers.count * 8) else { return [] }
    return zip(signers.indices, signatures).map { index, signature in
      Vote(
        kind: kind,
        height: height,
        round: round,
        validRound: validRound,
        block: block,
        validator: index,
        signature: signature
      )
    }
  }
}
