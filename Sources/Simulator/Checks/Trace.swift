import Cryptography
import Primitives

/// A hash over everything that happened, in order; equal for equal seeds, on every machine.
final class Trace {
  private var builder = DigestBuilder(.blake2b)
  private var buffer: [UInt8] = []
  private(set) var events: UInt64 = 0

  /// Notable things for a reader, the newest last.
  private(set) var story: [(at: Instant, text: String)] = []
  /// How many are kept.
  var storyLimit = 400

  func record(at instant: Instant, node: Int, tag: UInt8, _ first: UInt64, _ second: UInt64 = 0) {
    events += 1
    append(instant.nanoseconds)
    append(UInt64(truncatingIfNeeded: node) << 8 | UInt64(tag))
    append(first)
    append(second)
    if buffer.count >= 1 << 15 { flush() }
  }

  func record(_ digest: Digest) {
    buffer.append(contentsOf: digest.bytes)
  }

  /// For people, not for the hash.
  func tell(at instant: Instant, _ text: @autoclosure () -> String) {
    guard storyLimit > 0 else { return }
    if story.count >= 2 * storyLimit { story.removeFirst(storyLimit) }
    story.append((instant, text()))
  }

  /// The stories of several traces as one, with the time before each line.
  static func story(of traces: [Trace]) -> [String] {
    let lines = traces.flatMap(\.story).enumerated()
    return lines.sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map { line in
      let milliseconds = line.element.at.nanoseconds / 1_000_000
      let fraction = String(milliseconds % 1_000)
      let zeros = String(repeating: "0", count: 3 - fraction.count)
      return "\(milliseconds / 1_000).\(zeros)\(fraction) s  \(line.element.text)"
    }
  }

  var digest: Digest {
    flush()
    return builder.finalize()
  }

  private func flush() {
    builder.update(buffer)
    buffer.removeAll(keepingCapacity: true)
  }

  private func append(_ value: UInt64) {
    var value = value.bigEndian
    for _ in 0..<8 {
      buffer.append(UInt8(truncatingIfNeeded: value))
      value >>= 8
    }
  }
}
