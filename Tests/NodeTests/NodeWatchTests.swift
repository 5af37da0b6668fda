import Primitives
import Testing

@testable import Node

/// What an operator is told, and that each is told once.
@Suite struct NodeWatchTests {
  private static let genesis = Timestamp(milliseconds: 1_000_000)

  private func reading(
    _ seconds: UInt64,
    height: UInt64 = 5,
    claimed: UInt64 = 0,
    peers: Int = 3,
    wall: Timestamp = Timestamp(milliseconds: 2_000_000),
    validator: NodeWatch.Validator? = nil
  ) -> NodeWatch.Reading {
    NodeWatch.Reading(
      now: seconds * 1_000,
      wall: wall,
      genesisTime: Self.genesis,
      height: height,
      claimedHeight: claimed,
      peers: peers,
      hasOthers: true,
      longestInterval: 6_000,
      validator: validator
    )
  }

  private func told(_ readings: [NodeWatch.Reading], _ watch: inout NodeWatch) -> [String] {
    readings.flatMap { watch.update($0) }.map(\.text)
  }

  @Test func `a node in step is told nothing about`() {
    var watch = NodeWatch()
    let readings = (0..<100).map { reading($0, height: 5 + $0, claimed: 6 + $0) }
    #expect(told(readings, &watch).isEmpty && watch.problems.isEmpty)
  }

  @Test func `a standstill is told once, stays a problem while it lasts, and its end is told`() {
    var watch = NodeWatch()
    let texts = told((0...150).map { reading($0) }, &watch)
    #expect(texts.count == 1 && texts[0].hasPrefix("no block for 30 s: the chain stands still at height 5"))
    #expect(watch.problems == ["no block for 150 s: the chain stands still at height 5"])
    #expect(told([reading(151, height: 6)], &watch) == ["the chain goes on, at height 6"])
    #expect(watch.problems.isEmpty)
  }

  @Test func `a node without peers is told once`() {
    var watch = NodeWatch()
    let texts = told((0...20).map { reading($0, height: 5 + $0, peers: 0) }, &watch)
    #expect(texts.count == 1 && texts[0].hasPrefix("no peer is connected"))
    #expect(watch.problems.count == 1)
    #expect(told([reading(21, height: 26)], &watch) == ["a peer is connected again"])
    #expect(watch.problems.isEmpty)
  }

  @Test func `catching up shows its beginning, its progress and its end`() {
    var watch = NodeWatch()
    let texts = told((0...25).map { reading($0, height: $0 * 100, claimed: 3_000) }, &watch)
    #expect(
      texts == [
        "catching up: at height 0 of 3000", "catching up: at height 1000 of 3000, 100 blocks a second",
        "catching up: at height 2000 of 3000, 100 blocks a second",
      ]
    )
    #expect(
      told([reading(26, height: 3_000, claimed: 3_000)], &watch) == ["caught up at height 3000, from 0"]
    )
  }

  @Test func `before the genesis time a node waits, and that is no standstill`() {
    var watch = NodeWatch()
    let early = Timestamp(milliseconds: Self.genesis.milliseconds - 90_000)
    let texts = told((0...60).map { reading($0, height: 0, wall: early) }, &watch)
    #expect(texts.count == 1 && texts[0].contains("in 90 s: this node waits until then"))
    #expect(watch.problems.count == 1 && watch.problems[0].hasPrefix("the chain begins at"))
    let begun = told([reading(61, height: 0)], &watch)
    #expect(begun == ["the genesis time is over: the chain begins"] && watch.problems.isEmpty)
  }

  @Test func `what happens to the validator is told once each: misses by quarters, jail, its end, tombstone`()
  {
    var watch = NodeWatch()
    var validator = NodeWatch.Validator()
    validator.allowedMisses = 40
    var height: UInt64 = 0
    func next(_ change: (inout NodeWatch.Validator) -> Void) -> [String] {
      change(&validator)
      height += 1
      return told([reading(height, height: height, validator: validator)], &watch)
    }
    #expect(next { _ in }.isEmpty)
    #expect(next { $0.missedBlocks = 1 }.first?.contains("missed 1 blocks") == true)
    #expect(next { $0.missedBlocks = 9 }.isEmpty)
    #expect(next { $0.missedBlocks = 10 }.first?.contains("with more than 40 it is jailed") == true)
    #expect(next { $0.missedBlocks = 11 }.isEmpty)
    let jailed = next {
      $0.isJailed = true
      $0.isInSet = false
      $0.jailedUntil = "noon"
    }
    #expect(jailed.count == 2 && jailed[0].contains("jailed until noon; then: `supercloud validator unjail"))
    #expect(watch.problems.first?.contains("jailed until noon") == true)
    #expect(next { _ in }.isEmpty)
    let free = next {
      $0.isJailed = false
      $0.isInSet = true
      $0.missedBlocks = 0
    }
    #expect(free.count == 2 && watch.problems.isEmpty)
    #expect(next { $0.isTombstoned = true }.first?.contains("tombstoned") == true)
    #expect(next { _ in }.isEmpty && watch.problems.count == 1)
  }
}
