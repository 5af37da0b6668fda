/// Converts the parser's character offsets into byte offsets. The offsets must be requested in ascending
/// order.
struct CharacterCursor {
  private let source: [UInt8]
  private var character = 0
  private var byte: Int

  init(_ source: [UInt8]) {
    self.source = source
    byte = source.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  mutating func offset(ofCharacter index: Int) -> Int {
    while character < index, byte < source.count {
      byte += 1
      // Bytes 10xxxxxx continue a UTF-8 character.
      while byte < source.count, source[byte] & 0xC0 == 0x80 { byte += 1 }
      character += 1
    }
    return byte
  }
}
