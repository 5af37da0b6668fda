import Primitives
import Testing

@testable import Ledger

@Suite struct StateTests {
  /// The obvious implementation.
  private struct Model {
    var entries: [[UInt8]: [UInt8]] = [:]

    func range(_ from: [UInt8], _ to: [UInt8], _ limit: Int) -> [[UInt8]] {
      let keys = entries.keys.filter {
        !$0.lexicographicallyPrecedes(from) && $0.lexicographicallyPrecedes(to)
      }
      return Array(keys.sorted { $0.lexicographicallyPrecedes($1) }.prefix(limit))
    }
  }

  private func key(_ generator: inout SeededGenerator) -> [UInt8] {
    let table = UInt8(generator.next(below: 3))
    return [table] + (0..<generator.next(below: 3)).map { _ in UInt8(generator.next(below: 12)) }
  }

  @Test(arguments: 1...20) func `an overlay answers as its writes say and rolls back`(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var model = Model()
    var changes: [StateChange] = []
    for _ in 0..<300 {
      let key = key(&generator)
      model.entries[key] = [1]
      changes.append(StateChange(key: key, value: [1]))
    }
    var committed = MemoryState(applying: changes)
    #expect(committed.count == model.entries.count)
    for _ in 0..<5 {
      let overlay = StateOverlay(committed)
      for _ in 0..<40 {
        let before = model
        let checkpoint = overlay.checkpoint()
        for _ in 0..<generator.next(below: 6) {
          let key = key(&generator)
          let value: [UInt8]? =
            generator.chance(partsPerMillion: 400_000) ? nil : [UInt8(generator.next(below: 250))]
          overlay.set(key, to: value)
          model.entries[key] = value
        }
        if generator.chance(partsPerMillion: 500_000) {
          overlay.rollBack(to: checkpoint)
          model = before
        }
        let from = key(&generator)
        let to = key(&generator)
        let limit = Int(generator.next(below: 30))
        #expect(overlay.entries(from: from, to: to, limit: limit).map(\.key) == model.range(from, to, limit))
        #expect(overlay.value(for: from) == model.entries[from])
      }
      let changes = overlay.changes()
      #expect(changes.map(\.key) == changes.map(\.key).sorted { $0.lexicographicallyPrecedes($1) })
      committed.apply(changes)
      #expect(committed.count == model.entries.count)
      #expect(
        committed.entries(from: [], to: [255], limit: 10_000).map(\.key) == model.range([], [255], 10_000)
      )
    }
  }

  @Test func `what is written back is no change`() {
    let overlay = StateOverlay(MemoryState(applying: [StateChange(key: [1], value: [5])]))
    overlay.set([1], to: [6])
    overlay.set([1], to: [5])
    overlay.set([2], to: [7])
    overlay.set([2], to: nil)
    #expect(overlay.changes().isEmpty)
  }

  @Test func `a memory state of many pieces keeps its order`() {
    var generator = SeededGenerator(seed: 3)
    var state = MemoryState()
    var model = Model()
    for _ in 0..<20_000 {
      let key = (0..<3).map { _ in UInt8(generator.next(below: 40)) }
      let value: [UInt8]? = generator.chance(partsPerMillion: 300_000) ? nil : [1]
      state.apply([StateChange(key: key, value: value)])
      model.entries[key] = value
    }
    #expect(state.entries(from: [], to: [255], limit: .max).map(\.key) == model.range([], [255], .max))
    #expect(state.entries(from: [7, 3], to: [9], limit: 100).map(\.key) == model.range([7, 3], [9], 100))
  }

  @Test func `a prefix ends after all its keys`() {
    #expect(KeyOrder.end(of: [1, 2]) == [1, 3])
    #expect(KeyOrder.end(of: [1, 255]) == [2])
    #expect(KeyOrder.end(of: [255, 255]) == nil)
  }
}
