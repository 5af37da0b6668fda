import Primitives

/// The bytes of hex that a test spells.
func hex(_ text: String) -> [UInt8] {
  Hex.decode(text)!
}

extension SeededGenerator {
  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }
}
