import Chain
import Primitives
import Testing

@testable import SDL

@Suite struct OrderTests {
  @Test func `a proper comparison sorts stably, at every length`() {
    var generator = SeededGenerator(seed: 7)
    for count in [0, 1, 2, 19, 20, 21, 40, 41, 100, 333] {
      let elements = (0..<count).map { (key: generator.next(below: 10), index: $0) }
      var sorted = elements
      GoStableSort.sort(&sorted) { $0.key < $1.key }
      let expected = elements.sorted { ($0.key, $0.index) < ($1.key, $1.index) }
      #expect(sorted.map(\.index) == expected.map(\.index), "\(count)")
    }
  }

  @Test func `volumes of one size that do not persist come out in reverse`() throws {
    let volumes = ["a", "b", "c", "d"].map { "{name: \($0), size: 1Gi}" }.joined(separator: ", ")
    let text = try Sample.replacing(
      "        storage:\n          size: 1Gi",
      with: "        storage: [\(volumes)]"
    )
    let resources = try #require(DeploymentFile(text: text).deployment?.groups[0].units[0].resources)
    #expect(resources.volumes.map(\.name) == ["d", "c", "b", "a"])
  }
}
