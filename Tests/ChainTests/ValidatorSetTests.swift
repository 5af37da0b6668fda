import Chain
import Cryptography
import Foundation
import Testing

/// Helpers that make validators from small numbers.
func validator(_ number: UInt8, power: Int64) -> Validator {
  Validator(address: address(number), key: key(number), power: power)
}

func address(_ number: UInt8) -> Address { Address(Array(repeating: number, count: 20))! }

func key(_ number: UInt8) -> PublicKey { PublicKey(Array(repeating: number, count: 32))! }

@Suite struct ValidatorSetTests {
  @Test func `the first set gives its first turn at once`() throws {
    let set = try ValidatorSet([validator(3, power: 100), validator(1, power: 100), validator(2, power: 100)])
    #expect(set.members.map(\.address) == [address(1), address(2), address(3)])
    #expect(set.members.map(\.priority) == [-200, 100, 100])
    #expect(set.proposer == 0)
    #expect(set.proposer(round: 0) == 0)
  }

  @Test func `members stand by power, then by address`() throws {
    let set = try ValidatorSet([validator(1, power: 5), validator(9, power: 7), validator(4, power: 5)])
    #expect(set.members.map(\.address) == [address(9), address(1), address(4)])
    #expect(set.index(ofAddress: address(4)) == 2)
    #expect(set.index(ofKey: key(9)) == 0)
    #expect(set.index(ofKey: key(77)) == nil)
    #expect(set[3] == nil)
  }

  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 10, 100, 101, Int64.max / 8] as [Int64])
  func `thresholds are exact in integers`(total: Int64) throws {
    let set = try ValidatorSet([validator(1, power: total)])
    let (quorum, honest, tolerable) = (
      Int128(set.quorumPower), Int128(set.honestThreshold), Int128(set.tolerablePower)
    )
    let wide = Int128(total)
    #expect(3 * quorum > 2 * wide && 3 * (quorum - 1) <= 2 * wide)
    #expect(3 * honest > wide && 3 * (honest - 1) <= wide)
    #expect(3 * tolerable < wide && 3 * (tolerable + 1) >= wide)
    #expect(set.isQuorum(set.quorumPower) && !set.isQuorum(set.quorumPower - 1))
    #expect(
      set.meetsHonestThreshold(set.honestThreshold) && !set.meetsHonestThreshold(set.honestThreshold - 1)
    )
  }

  @Test func `ten cycles give everybody turns in proportion to power`() throws {
    let powers: [Int64] = [1, 2, 3, 5, 9]
    var set = try ValidatorSet(powers.enumerated().map { validator(UInt8($0 + 1), power: $1) })
    var turns: [Address: Int64] = [:]
    for _ in 0..<200 {
      set.advance()
      turns[set.members[Int(set.proposer)].address, default: 0] += 1
    }
    for member in set.members { #expect(turns[member.address] == member.power * 10) }
  }

  @Test func `a schedule of rounds agrees with proposer(round:)`() throws {
    var set = try ValidatorSet((1...7).map { validator($0, power: Int64($0) * 3) })
    for _ in 0..<40 {
      var schedule = ProposerSchedule(set)
      for round: Round in [5, 0, 3, 1, 2, 9, 4] {
        #expect(schedule.proposer(round: round) == set.proposer(round: round))
      }
      set.advance()
    }
  }

  @Test func `leaving and coming back never pays`() throws {
    let set = try ValidatorSet([validator(1, power: 50), validator(2, power: 50)])
    let left = try set.applying([ValidatorUpdate(address: address(1), key: key(1), power: 0)])
    #expect(left.members.map(\.address) == [address(2)])
    let back = try left.applying([ValidatorUpdate(address: address(1), key: key(1), power: 50)])
    #expect(try #require(back[0]).priority < back[1]!.priority)
  }

  @Test func `a wrong update changes nothing and says what is wrong`() throws {
    let set = try ValidatorSet([validator(1, power: 10), validator(2, power: 10)])
    func update(_ number: UInt8, _ power: Int64) -> ValidatorUpdate {
      ValidatorUpdate(address: address(number), key: key(number), power: power)
    }
    #expect(throws: ValidatorSetError.duplicateAddress(address(3))) {
      try set.applying([update(3, 1), update(3, 2)])
    }
    #expect(throws: ValidatorSetError.unknownValidator(address(3))) { try set.applying([update(3, 0)]) }
    #expect(throws: ValidatorSetError.empty) { try set.applying([update(1, 0), update(2, 0)]) }
    #expect(throws: ValidatorSetError.powerOutOfRange(address(1))) { try set.applying([update(1, -1)]) }
    #expect(throws: ValidatorSetError.powerOutOfRange(address(1))) { try set.applying([update(1, .max)]) }
    #expect(throws: ValidatorSetError.totalPowerOutOfRange) {
      try set.applying([update(1, ValidatorSet.maximumTotalPower)])
    }
    #expect(throws: ValidatorSetError.duplicateKey(key(2))) {
      try set.applying([ValidatorUpdate(address: address(3), key: key(2), power: 1)])
    }
    #expect(throws: ValidatorSetError.empty) { try ValidatorSet([]) }
    #expect(throws: ValidatorSetError.powerOutOfRange(address(1))) {
      try ValidatorSet([validator(1, power: 0)])
    }
    #expect(try set.applying([]) == set)
  }

  @Test func `the hash covers priorities and the turn`() throws {
    let set = try ValidatorSet((1...4).map { validator($0, power: 10) })
    var next = set
    next.advance()
    #expect(next.hash != set.hash)
    #expect(try ValidatorSet((1...4).map { validator($0, power: 10) }).hash == set.hash)
  }

  @Test func `encoding and decoding give the same set; anything else is refused`() throws {
    var set = try ValidatorSet((1...5).map { validator($0, power: Int64($0)) })
    set.advance(3)
    let bytes = set.encoded
    #expect(try ValidatorSet(decoding: bytes) == set)
    for count in 0..<bytes.count {
      #expect(throws: (any Error).self) { try ValidatorSet(decoding: Array(bytes.prefix(count))) }
    }
    #expect(throws: (any Error).self) { try ValidatorSet(decoding: bytes + [0]) }
    // Neither garbage nor single changed bytes trap; what decodes has one encoding.
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 0x81
      if let other = try? ValidatorSet(decoding: changed) { #expect(other.encoded == changed) }
    }
  }
}
