import Primitives
import Testing

@Suite struct SeededGeneratorTests {
  private static let published: [(seed: UInt64, numbers: [UInt64])] = [
    (0, [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F, 0xF88B_B8A8_724C_81EC]),
    (
      1_234_567,
      [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ]
    ),
  ]

  @Test(arguments: published)
  func `the numbers are those of the published SplitMix64`(seed: UInt64, numbers: [UInt64]) {
    var generator = SeededGenerator(seed: seed)
    #expect(numbers.map { _ in generator.next() } == numbers)
  }

  @Test func `a copy goes on as the original does`() {
    var original = SeededGenerator(seed: 7)
    _ = original.next()
    var copy = original
    #expect(copy == original)
    #expect((0..<10).map { _ in copy.next() } == (0..<10).map { _ in original.next() })
  }

  @Test(arguments: UInt64(1)...5)
  func `bounded numbers stay below the bound and reach all of it`(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var seen: Set<UInt64> = []
    for _ in 0..<1_000 { seen.insert(generator.next(below: 10)) }
    #expect(seen == Set(0..<10), "seed \(seed)")
    #expect(generator.next(below: 1) == 0)
  }

  @Test func `a bound of zero stops the program`() async {
    await #expect(processExitsWith: .failure) {
      var generator = SeededGenerator(seed: 1)
      _ = generator.next(below: 0)
    }
  }

  @Test(arguments: UInt64(1)...5)
  func `chance is never at zero, always at a million, and near its share between`(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let hits = (0..<10_000).count { _ in generator.chance(partsPerMillion: 250_000) }
    #expect((2_300...2_700).contains(hits), "seed \(seed)")
    #expect((0..<1_000).allSatisfy { _ in !generator.chance(partsPerMillion: 0) })
    #expect((0..<1_000).allSatisfy { _ in generator.chance(partsPerMillion: 1_000_000) })
  }
}
