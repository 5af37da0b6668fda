import Primitives
import Testing

@testable import Transport

@Suite struct ReplayWindowTests {
  @Test func `counters are admitted once and not after the window has passed them`() {
    var window = ReplayWindow()
    for counter: UInt64 in [0, 5, 3, 2_047, 1] {
      #expect(window.admits(counter))
      window.mark(counter)
      #expect(!window.admits(counter))
    }
    window.mark(2_048)
    #expect(!window.admits(0))
    #expect(window.admits(2))
    window.mark(1_000_000)
    #expect(!window.admits(1_000_000 - 2_048))
    #expect(window.admits(1_000_000 - 2_047))
    #expect(!window.admits(.max))
  }

  @Test func `the window agrees with a set of all counters seen`() {
    var random = SeededGenerator(seed: 11)
    var window = ReplayWindow()
    var seen: Set<UInt64> = []
    var highest: UInt64 = 0
    for _ in 0..<50_000 {
      let forward = random.chance(partsPerMillion: 10_000) ? random.next(below: 5_000) : random.next(below: 4)
      let back = random.next(below: 2_500)
      let counter = highest + forward >= back ? highest + forward - back : 0
      let expected =
        !seen.contains(counter) && (counter > highest || highest - counter < 2_048 || seen.isEmpty)
      #expect(window.admits(counter) == expected)
      if window.admits(counter) {
        window.mark(counter)
        seen.insert(counter)
        highest = max(highest, counter)
      }
    }
  }
}
