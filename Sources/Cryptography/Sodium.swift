import CSodium

/// libsodium, initialised once for the process.
enum Sodium {
  private static let initialised: Bool = sodium_init() >= 0

  /// Must be called before any function of libsodium. It chooses the fastest code for the processor and opens
  /// the source of random numbers.
  static func start() { precondition(initialised, "libsodium could not be initialised") }
}

/// Bytes that are passed to a C function. The pointer is never null, even for no bytes.
@unsafe struct BorrowedBytes {
  let base: UnsafePointer<UInt8>
  let count: Int
}

/// Calls `body` with the bytes in contiguous memory; they are copied only when the collection does not store
/// them like that.
@safe func withContiguous<Result>(_ bytes: some Collection<UInt8>, _ body: (BorrowedBytes) -> Result)
  -> Result
{
  func borrow(_ buffer: UnsafeBufferPointer<UInt8>) -> Result {
    if let base = buffer.baseAddress { return unsafe body(BorrowedBytes(base: base, count: buffer.count)) }
    let nothing: UInt8 = 0
    return unsafe withUnsafePointer(to: nothing) { unsafe body(BorrowedBytes(base: $0, count: 0)) }
  }
  if let result = bytes.withContiguousStorageIfAvailable({ unsafe borrow($0) }) { return result }
  return unsafe Array(bytes).withUnsafeBufferPointer { unsafe borrow($0) }
}

/// Makes an array of `count` bytes that `fill` writes completely.
@safe func filledArray(count: Int, _ fill: (UnsafeMutablePointer<UInt8>) -> Void) -> [UInt8] {
  guard count > 0 else { return [] }
  return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialised in
    guard let base = buffer.baseAddress else { return }
    unsafe fill(base)
    initialised = count
  }
}

/// Random numbers of the operating system, for secrets and seeds. The deterministic parts of a node do not
/// call this; they get seeds from outside.
public enum SecureRandom {
  public static func bytes(_ count: Int) -> [UInt8] {
    Sodium.start()
    return filledArray(count: count) { unsafe randombytes_buf($0, count) }
  }

  public static func uint64() -> UInt64 {
    Sodium.start()
    var number: UInt64 = 0
    unsafe randombytes_buf(&number, 8)
    return number
  }
}
