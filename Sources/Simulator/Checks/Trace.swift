import Cryptography
import Primitives

/// The hash of all events of a run in their order, and a readable log of the notable ones. Equal scenarios
/// give equal hashes on every machine.
final class Trace {
  private var builder = DigestBuilder()
  private var buffer: [UInt8] = []
  /// The number of recorded events.
  private(set) var events: UInt64 = 0

  /// Lines for a reader, the newest last. They are not part of the hash.
  private(set) var eventLog: [(at: Instant, text: String)] = []
  /// At least this many of the newest lines are kept, and at most twice as many.
  private static let eventLogLimit = 400

  /// Adds an event of the kind `tag` to the hash; `first` and `second` are details that depend on the kind.
  func record(at instant: Instant, node: Int, tag: UInt8, _ first: UInt64, _ second: UInt64 = 0) {
    events += 1
    append(instant.nanoseconds)
    append(UInt64(truncatingIfNeeded: node) << 8 | UInt64(tag))
    append(first)
    append(second)
    if buffer.count >= 1 << 15 { flush() }
  }

  /// Adds the hash of a block to the trace's hash.
  func record(_ digest: Digest) { buffer.append(contentsOf: digest.bytes) }

  /// Adds a line for a reader. It does not change the hash.
  func log(at instant: Instant, _ text: String) {
    if eventLog.count >= 2 * Self.eventLogLimit { eventLog.removeFirst(Self.eventLogLimit) }
    eventLog.append((instant, text))
  }

  /// The lines of several traces in the order of time, each with its virtual time in seconds in front.
  static func eventLog(of traces: [Trace]) -> [String] {
    let lines = traces.flatMap(\.eventLog).enumerated()
    return lines.sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map { line in
      let milliseconds = line.element.at.nanoseconds / 1_000_000
      let fraction = String(milliseconds % 1_000)
      let zeros = String(repeating: "0", count: 3 - fraction.count)
      return "\(milliseconds / 1_000).\(zeros)\(fraction) s  \(line.element.text)"
    }
  }

  /// The hash of all events recorded so far.
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
