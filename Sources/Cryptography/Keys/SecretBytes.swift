import CSodium

/// Secret bytes with a single owner, wiped when the owner's lifetime ends.
///
/// The bytes stay at one address, so moving the value does not leave a copy.
@safe public struct SecretBytes: ~Copyable, @unchecked Sendable {
  // `@unchecked` is safe: the memory is written only inside `init`, before anything else can hold the value;
  // afterwards it is only read, and the single owner frees it once.

  enum Protection {
    /// Memory that is never swapped to disk and has guard pages and a canary; read-only after `init`. An
    /// allocation takes about 60 µs, so it is for keys that live long.
    case guarded
    /// Ordinary memory that is wiped when the owner's lifetime ends, for secrets of a handshake or a session.
    case wiped
  }

  public let count: Int
  private let protection: Protection
  private let pointer: UnsafeMutablePointer<UInt8>

  @safe init(count: Int, _ protection: Protection, filledBy fill: (UnsafeMutablePointer<UInt8>) -> Void) {
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

  init(copying bytes: some Collection<UInt8>, _ protection: Protection) {
    let count = bytes.count
    self.init(count: count, protection) { target in
      withContiguous(bytes) { unsafe target.update(from: $0.base, count: $0.count) }
    }
  }

  /// A copy in ordinary memory, which is not wiped, for export and for deriving keys.
  public var bytes: [UInt8] { unsafe Array(UnsafeBufferPointer(start: pointer, count: count)) }

  @safe func withPointer<Result: ~Copyable>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
    unsafe body(UnsafePointer(pointer))
  }

  deinit {
    switch protection {
    case .guarded: unsafe sodium_free(pointer)
    case .wiped:
      unsafe sodium_memzero(pointer, count)
      unsafe pointer.deallocate()
    }
  }
}
