import Foundation
import Primitives
import Testing

@testable import SDL

/// Mutates the corpus from a seed. `SUPERCLOUD_FUZZ_SECONDS` sets the time, `SUPERCLOUD_FUZZ_SEED` the seed.
///
/// A release build ran 600 s with seed 2026: 870,123 executions, 36,989 of them accepted, the slowest 1.3 s on a
/// machine under load, 25 MiB more memory than before, no crash and no hang.
@Suite(.serialized) struct FuzzTests {
  private static func variable(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment[name].flatMap(UInt64.init)
  }

  /// Peak memory of the process in KiB.
  private static func peakMemory() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
  }

  @Test func `mutated files never crash or hang the reader, and take bounded memory`() throws {
    let seconds = Self.variable("SUPERCLOUD_FUZZ_SECONDS") ?? 60
    let seed = Self.variable("SUPERCLOUD_FUZZ_SEED") ?? 1
    let corpus = try Corpus.all().map(\.example.source)
    let before = Self.peakMemory()
    var generator = SeededGenerator(seed: seed)
    var (executions, accepted) = (0, 0)
    var slowest = Duration.zero
    let clock = ContinuousClock()
    let end = clock.now + .seconds(seconds)
    while clock.now < end {
      var mutator = Mutator(generator: generator, corpus: corpus)
      let source = mutator.next()
      generator = mutator.generator
      let time = clock.measure {
        if exercise(source) { accepted += 1 }
      }
      slowest = max(slowest, time)
      #expect(time < .seconds(10), "seed \(seed), execution \(executions), \(source.count) bytes")
      executions += 1
    }
    let growth = (Self.peakMemory() - before) / 1024
    print(
      "fuzz: seed \(seed), \(seconds) s, \(executions) executions, \(accepted) accepted, slowest \(slowest), memory + \(growth) MiB"
    )
    #expect(executions > 0)
    #expect(growth < 1024)
  }

  /// Runs everything that reads a file; true when it is accepted.
  private func exercise(_ source: [UInt8]) -> Bool {
    let file = DeploymentFile(source)
    #expect(file.isAccepted == (file.deployment != nil))
    #expect(file.errors.count <= FindingLog.limit)
    _ = DeploymentFile.report([("fuzz", file)])
    let repair = Repair(file)
    #expect(Repair(repair.file).changes.isEmpty)
    guard let deployment = file.deployment else { return false }
    _ = deployment.groupsJSON
    _ = Explanation(deployment).text
    do throws(ManifestError) {
      let decoded = try Manifest.decode(json: deployment.manifest.canonicalJSON)
      #expect(decoded.hash == deployment.manifest.hash)
      do throws(ManifestError) {
        try decoded.checkTexts()
      } catch {
        // Readable as YAML, and refused by providers.
        return true
      }
      try decoded.check(against: deployment.groups)
    } catch {
      Issue.record("\(error): \(String(decoding: source, as: UTF8.self))")
    }
    return true
  }

  @Test func `mutated manifests never crash the decoder`() throws {
    let seconds = max(1, (Self.variable("SUPERCLOUD_FUZZ_SECONDS") ?? 60) / 10)
    let corpus = try Corpus.all().compactMap { $0.file.deployment?.manifest.canonicalJSON }
    var generator = SeededGenerator(seed: Self.variable("SUPERCLOUD_FUZZ_SEED") ?? 1)
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
      var mutator = Mutator(generator: generator, corpus: corpus)
      let json = mutator.next()
      generator = mutator.generator
      guard let manifest = try? Manifest.decode(json: json) else { continue }
      #expect(try Manifest.decode(json: manifest.canonicalJSON) == manifest)
      try? manifest.validate()
    }
  }
}

/// Changes texts in ways that reach beyond the first check: by bytes, by lines, by values and by splicing.
private struct Mutator {
  var generator: SeededGenerator
  let corpus: [[UInt8]]

  private static let tokens: [String] = [
    "&a ", "*a", "<<: *a\n", "<<: [*a, *b]\n", "!!int ", "!!binary ", "!x ", "[", "]", "{", "}", ": ", "- ",
    "\n", "\t",
    "? ", "|\n", ">\n", "'", "\"", "#", "~", "null", "yes", "0x", "1e400", "-1", "1gi", "16GB", "1.5",
    "1e999999999",
    "99999999999999999999", "\u{FEFF}", "\u{2028}", "é", "e\u{301}", "\u{0}", "---\n", "...\n", "%TAG ! x\n",
    ".inf",
    "2001-01-01", "a.b", "/", "global: true", "units: 1", "size: 1Gi", "ip: a", "count: 4294967295",
    "\u{1F600}",
  ]

  mutating func next() -> [UInt8] {
    var source = pick(corpus)
    for _ in 0...generator.next(below: 1 + generator.next(below: 6)) { mutate(&source) }
    return source
  }

  private mutating func index(_ count: Int) -> Int {
    count == 0 ? 0 : Int(generator.next(below: UInt64(count)))
  }

  private mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[index(elements.count)]
  }

  private mutating func mutate(_ source: inout [UInt8]) {
    let place = index(source.count + 1)
    switch generator.next(below: 10) {
    case 0:
      if place < source.count { source[place] = UInt8(truncatingIfNeeded: generator.next()) }
    case 1:
      source.removeSubrange(place..<min(source.count, place + index(20)))
    case 2, 3:
      source.insert(contentsOf: Array(pick(Self.tokens).utf8), at: place)
    case 4:
      let other = pick(corpus)
      let start = index(other.count + 1)
      source.replaceSubrange(
        place..<min(source.count, place + index(200)),
        with: other[start..<min(other.count, start + index(400))]
      )
    case 5:
      lines(&source) { lines, generator in
        lines.swapAt(
          Int(generator.next(below: UInt64(lines.count))),
          Int(generator.next(below: UInt64(lines.count)))
        )
      }
    case 6:
      lines(&source) { lines, generator in
        let line = Int(generator.next(below: UInt64(lines.count)))
        lines.insert(lines[line], at: Int(generator.next(below: UInt64(lines.count))))
      }
    case 7:
      lines(&source) { lines, generator in lines.remove(at: Int(generator.next(below: UInt64(lines.count)))) }
    case 8:
      lines(&source) { lines, generator in
        let line = Int(generator.next(below: UInt64(lines.count)))
        if lines[line].first == UInt8(ascii: " ") {
          lines[line].removeFirst()
        } else {
          lines[line].insert(UInt8(ascii: " "), at: lines[line].startIndex)
        }
      }
    default:
      replaceValue(&source)
    }
    // Now and then something large.
    if generator.next(below: 400) == 0 {
      let start = index(source.count + 1)
      let piece = source[start..<min(source.count, start + 1 + index(60))]
      let copies = min(20_000, (1 << 20) / max(1, piece.count))
      source.insert(contentsOf: repeatElement(piece, count: copies).joined(), at: place.clamped(source.count))
    }
  }

  private mutating func lines(
    _ source: inout [UInt8],
    _ change: (inout [ArraySlice<UInt8>], inout SeededGenerator) -> Void
  ) {
    var lines = source.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    guard !lines.isEmpty else { return }
    change(&lines, &generator)
    source = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
  }

  /// Puts another value behind a colon.
  private mutating func replaceValue(_ source: inout [UInt8]) {
    let colons = source.indices.filter { source[$0] == UInt8(ascii: ":") }
    guard !colons.isEmpty else { return }
    let start = pick(colons) + 1
    let end = source[start...].firstIndex(of: UInt8(ascii: "\n")) ?? source.count
    source.replaceSubrange(start..<end, with: Array(" \(pick(Self.tokens))".utf8))
  }
}

extension Int {
  fileprivate func clamped(_ limit: Int) -> Int { Swift.min(self, limit) }
}
