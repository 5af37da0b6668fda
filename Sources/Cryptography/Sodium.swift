import CSodium

/// libsodium, initialised once for the process.
enum Sodium {
  private static let initialised: Bool = sodium_init() >= 0

  /// Every entry to libsodium passes here first: it picks the processor's fastest code and opens the random
  /// source.
  static func start() {
    precondition(initialised, "libsodium could not be initialised")
  }
}

/// Bytes lent to a C function: never null, even where there are none.
@unsafe
struct LentBytes {
  let base: UnsafePointer<UInt8>
  let count: Int
}

/// Calls `body` with the bytes in one piece, copying them only when the collection does not store them so.
@safe
func withContiguous<Result>(
  _ bytes: some Collection<UInt8>,
  _ body: (LentBytes) -> Result
) -> Result {
  func lend(_ buffer: UnsafeBufferPointer<UInt8>) -> Result {
    if let base = buffer.baseAddress { return unsafe body(LentBytes(base: base, count: buffer.count)) }
    let nothing: UInt8 = 0
    return unsafe withUnsafePointer(to: nothing) { unsafe body(LentBytes(base: $0, count: 0)) }
  }
  if let result = bytes.withContiguousStorageIfAvailable({ unsafe lend($0) }) { return result }
  return unsafe Array(bytes).withUnsafeBufferPointer { unsafe lend($0) }
}

/// Makes an array of `count` bytes that `fill` writes completely.
@safe
func filledArray(count: Int, _ fill: (UnsafeMutablePointer<UInt8>) -> Void) -> [UInt8] {
  guard count > 0 else { return [] }
  return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialised in
    guard let base = buffer.baseAddress else { return }
    unsafe fill(base)
    initialised = count
  }
}
