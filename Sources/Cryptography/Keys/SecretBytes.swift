import CSodium

/// Secret bytes with one owner, wiped when the owner goes.
///
/// The bytes stay at one address, so moving the value leaves no copy behind.
@safe
public struct SecretBytes: ~Copyable, @unchecked Sendable {
  // `@unchecked`: the memory is written only inside `init`, before anything else can hold the value;
  // afterwards it is read only, and freed once by the single owner.

  enum Protection {
    /// Guard pages, a canary, never swapped, read-only. About 60 µs to make: for keys that live long.
    case guarded
    /// Ordinary memory, wiped at the end: for secrets of a handshake or a session.
    case wiped
  }

  public let count: Int
  private let protection: Protection
  private let pointer: UnsafeMutablePointer<UInt8>

  @safe
  init(count: Int, _ protection: Protection, filledBy fill: (UnsafeMutablePointer<UInt8>) -> Void) {
    Sodium.start()
    self.count = count
    self.protection = protection
    switch protection {
    case .guarded:
      guard let memory = unsafe sodium_malloc(count) else { preconditionFailure("no memory for a secret") }
      unsafe pointer = memory.assumingMemoryBound(to: UInt8.self)
      unsafe fill(pointer)
      unsafe _ = sodium_mprotect_readonly(pointer)
    case .wiped:
      unsafe pointer = .allocate(capacity: count)
      unsafe fill(pointer)
    }
  }

  /// Copies `bytes` into guarded memory; what the caller holds stays the caller's to forget.
  public init(_ bytes: some Collection<UInt8>) {
    self.init(copying: bytes, .guarded)
  }

  init(copying bytes: some Collection<UInt8>, _ protection: Protection) {
    let count = bytes.count
    self.init(count: count, protection) { target in
      withContiguous(bytes) { unsafe target.update(from: $0.base, count: $0.count) }
    }
  }

  /// A copy in ordinary memory, which nobody wipes: for export and for feeding a derivation.
  public var bytes: [UInt8] {
    unsafe Array(UnsafeBufferPointer(start: pointer, count: count))
  }

  @safe
  func withPointer<Result: ~Copyable>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
    unsafe body(UnsafePointer(pointer))
  }

  deinit {
    switch protection {
    case .guarded:
      unsafe sodium_free(pointer)
    case .wiped:
      unsafe sodium_memzero(pointer, count)
      unsafe pointer.deallocate()
    }
  }
}
