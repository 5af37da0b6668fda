/// 32 bytes as four big-endian words: cheap to compare, hash and copy, with no allocation.
struct Bytes32: Hashable, Comparable, Sendable {
  let word0: UInt64
  let word1: UInt64
  let word2: UInt64
  let word3: UInt64

  static let zero = Bytes32(0, 0, 0, 0)

  init(_ word0: UInt64, _ word1: UInt64, _ word2: UInt64, _ word3: UInt64) {
    self.word0 = word0
    self.word1 = word1
    self.word2 = word2
    self.word3 = word3
  }

  init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == 32 else { return nil }
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    var index = 0
    for byte in bytes {
      switch index >> 3 {
      case 0: words.0 = words.0 << 8 | UInt64(byte)
      case 1: words.1 = words.1 << 8 | UInt64(byte)
      case 2: words.2 = words.2 << 8 | UInt64(byte)
      default: words.3 = words.3 << 8 | UInt64(byte)
      }
      index += 1
    }
    self.init(words.0, words.1, words.2, words.3)
  }

  /// The 32 bytes that `fill` writes.
  @safe
  init(filledBy fill: (UnsafeMutablePointer<UInt8>) -> Void) {
    var raw: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    unsafe withUnsafeMutableBytes(of: &raw) { buffer in
      guard let base = buffer.baseAddress else { return }
      unsafe fill(base.assumingMemoryBound(to: UInt8.self))
    }
    self.init(
      UInt64(bigEndian: raw.0),
      UInt64(bigEndian: raw.1),
      UInt64(bigEndian: raw.2),
      UInt64(bigEndian: raw.3)
    )
  }

  @safe
  func withPointer<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
    let raw = (word0.bigEndian, word1.bigEndian, word2.bigEndian, word3.bigEndian)
    return unsafe withUnsafePointer(to: raw) { pointer in
      unsafe pointer.withMemoryRebound(to: UInt64.self, capacity: 4) { words in
        unsafe body(UnsafeRawPointer(words).assumingMemoryBound(to: UInt8.self))
      }
    }
  }

  var bytes: [UInt8] {
    filledArray(count: 32) { target in
      withPointer { source in unsafe target.update(from: source, count: 32) }
    }
  }

  static func < (left: Bytes32, right: Bytes32) -> Bool {
    if left.word0 != right.word0 { return left.word0 < right.word0 }
    if left.word1 != right.word1 { return left.word1 < right.word1 }
    if left.word2 != right.word2 { return left.word2 < right.word2 }
    return left.word3 < right.word3
  }
}
