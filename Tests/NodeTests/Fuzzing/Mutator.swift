import Primitives

/// Damages real messages, joins parts of two, and makes up protobuf.
struct Mutator: Sendable {
  private var generator: SeededGenerator
  private var corpus: [[UInt8]]

  init(seed: UInt64, corpus: [[UInt8]]) {
    generator = SeededGenerator(seed: seed)
    self.corpus = corpus
  }

  mutating func next() -> [UInt8] {
    guard !corpus.isEmpty, below(4) > 0 else {
      return below(8) == 0 ? bytes(below(300)) : message(depth: 0)
    }
    var input = corpus[below(corpus.count)]
    for _ in 0...below(4) { damage(&input) }
    return input
  }

  private mutating func below(_ bound: Int) -> Int { Int(generator.next(below: UInt64(max(1, bound)))) }

  private mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }

  private mutating func damage(_ input: inout [UInt8]) {
    guard !input.isEmpty else { return input = bytes(8) }
    let place = below(input.count)
    switch below(8) {
    case 0: input[place] ^= 1 << UInt8(below(8))
    case 1: input[place] = [0, 1, 0x7F, 0x80, 0xFF][below(5)]
    case 2: input.removeLast(below(input.count))
    case 3: input.insert(contentsOf: bytes(1 + below(8)), at: place)
    case 4: input.remove(at: place)
    case 5:
      // A length or number of ten bytes, as large as they come.
      input.replaceSubrange(
        place..<place + 1,
        with: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]
      )
    case 6:
      let end = min(input.count, place + 1 + below(40))
      input.insert(contentsOf: input[place..<end], at: below(input.count))
    default:
      let other = corpus[below(corpus.count)]
      input = Array(input[..<place]) + Array(other.dropFirst(below(other.count + 1)))
    }
  }

  /// Fields 1 to 16 of every type, nested up to four deep.
  private mutating func message(depth: Int) -> [UInt8] {
    var output: [UInt8] = []
    for _ in 0..<below(6) {
      let field = UInt8(1 + below(15))
      switch below(5) {
      case 0:
        output.append(field << 3)
        output += varint(generator.next() >> UInt64(below(64)))
      case 1: output += [field << 3 | 1] + bytes(8)
      case 2: output += [field << 3 | 5] + bytes(4)
      default:
        let payload: [UInt8]
        switch below(4) {
        case 0 where depth < 4: payload = message(depth: depth + 1)
        case 1: payload = bytes([20, 32, 64][below(3)])
        case 2: payload = Array("uakt".utf8)
        default: payload = bytes(below(40))
        }
        output.append(field << 3 | 2)
        output += varint(UInt64(payload.count)) + payload
      }
    }
    return output
  }

  private func varint(_ value: UInt64) -> [UInt8] {
    var output: [UInt8] = []
    var rest = value
    while rest >= 0x80 {
      output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return output + [UInt8(rest)]
  }
}
