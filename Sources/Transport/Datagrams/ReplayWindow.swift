/// The window of the last 2,048 counters of a direction: a ring of bits, set for received counters (RFC
/// 6479).
struct ReplayWindow: Sendable {
  static let size: UInt64 = 2_048
  /// One word more than the window needs, so that the word that is cleared next holds no counter inside the window.
  private static let words: UInt64 = size / 64 + 1

  private var bits = [UInt64](repeating: 0, count: Int(words))
  /// The highest received counter plus one; 0 when no datagram was received.
  private(set) var end: UInt64 = 0

  /// Whether the counter is neither marked nor too old. Does not depend on whether its datagram is authentic.
  func admits(_ counter: UInt64) -> Bool {
    if counter >= end { return counter < .max }
    guard end - counter <= Self.size else { return false }
    return bits[word(counter)] & bit(counter) == 0
  }

  /// Marks a counter as received. Call it only for authentic datagrams: a forged one with a high counter would move the
  /// window, and genuine datagrams would be refused as too old.
  mutating func mark(_ counter: UInt64) {
    if counter >= end {
      let newest = end == 0 ? 0 : (end - 1) / 64
      let steps = min(counter / 64 - newest, Self.words)
      for step in 0..<steps { bits[Int((newest + 1 + step) % Self.words)] = 0 }
      end = counter + 1
    }
    bits[word(counter)] |= bit(counter)
  }

  private func word(_ counter: UInt64) -> Int { Int((counter / 64) % Self.words) }

  private func bit(_ counter: UInt64) -> UInt64 { 1 << (counter % 64) }
}
