/// 32 bytes as four big-endian words: fast to compare, hash and copy, without an allocation.
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

  /// Nil unless there are exactly 32 bytes.
  init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == 32 else { return nil }
    self = withContiguous(bytes) { unsafe Bytes32(at: $0.base) }
  }

  /// The 32 bytes at `source`, which need no alignment.
  init(at source: UnsafePointer<UInt8>) {
    let raw = unsafe UnsafeRawPointer(source)
    self.init(
      UInt64(bigEndian: unsafe raw.loadUnaligned(as: UInt64.self)),
      UInt64(bigEndian: unsafe raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
      UInt64(bigEndian: unsafe raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
      UInt64(bigEndian: unsafe raw.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
    )
  }

  /// The 32 bytes that `fill` writes.
  @safe init(filledBy fill: (UnsafeMutablePointer<UInt8>) -> Void) {
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

  /// Writes the 32 bytes to `target`, which needs no alignment.
  func store(at target: UnsafeMutablePointer<UInt8>) {
    let raw = UnsafeMutableRawPointer(target)
    unsafe raw.storeBytes(of: word0.bigEndian, as: UInt64.self)
    unsafe raw.storeBytes(of: word1.bigEndian, toByteOffset: 8, as: UInt64.self)
    unsafe raw.storeBytes(of: word2.bigEndian, toByteOffset: 16, as: UInt64.self)
    unsafe raw.storeBytes(of: word3.bigEndian, toByteOffset: 24, as: UInt64.self)
  }

  @safe func withPointer<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
    let raw = (word0.bigEndian, word1.bigEndian, word2.bigEndian, word3.bigEndian)
    return unsafe withUnsafePointer(to: raw) { pointer in
      unsafe pointer.withMemoryRebound(to: UInt64.self, capacity: 4) { words in
        unsafe body(UnsafeRawPointer(words).assumingMemoryBound(to: UInt8.self))
      }
    }
  }

  var bytes: [UInt8] { filledArray(count: 32) { unsafe store(at: $0) } }

  static func < (left: Bytes32, right: Bytes32) -> Bool {
    if left.word0 != right.word0 { return left.word0 < right.word0 }
    if left.word1 != right.word1 { return left.word1 < right.word1 }
    if left.word2 != right.word2 { return left.word2 < right.word2 }
    return left.word3 < right.word3
  }
}
