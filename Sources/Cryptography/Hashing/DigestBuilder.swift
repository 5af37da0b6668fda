import CSodium

/// Hashes input that comes in pieces or is too large for memory.
///
/// The result equals that of `Digest.blake2b` over all the pieces in order.
@safe public struct DigestBuilder: ~Copyable, @unchecked Sendable {
  // `@unchecked` is safe: only the single owner reaches the memory, and only `init` and `update` write it.

  private let state: UnsafeMutableRawPointer

  private static let stateBytes = crypto_generichash_blake2b_statebytes()
  private static let stateAlignment = 64

  public init() {
    Sodium.start()
    unsafe state = .allocate(byteCount: Self.stateBytes, alignment: Self.stateAlignment)
    unsafe _ = crypto_generichash_blake2b_init(OpaquePointer(state), nil, 0, 32)
  }

  public mutating func update(_ bytes: some Collection<UInt8>) {
    withContiguous(bytes) { input in
      unsafe _ = crypto_generichash_blake2b_update(OpaquePointer(state), input.base, UInt64(input.count))
    }
  }

  /// The hash of the input so far; `update` may be called again afterwards.
  public func finalize() -> Digest {
    // The final step changes the state, so it works on a copy.
    unsafe withUnsafeTemporaryAllocation(byteCount: Self.stateBytes, alignment: Self.stateAlignment) { copy in
      unsafe copy.copyMemory(from: UnsafeRawBufferPointer(start: state, count: Self.stateBytes))
      guard let base = copy.baseAddress else { return .zero }
      return Digest(
        storage: Bytes32 { output in
          unsafe _ = crypto_generichash_blake2b_final(OpaquePointer(base), output, 32)
        }
      )
    }
  }

  deinit { unsafe state.deallocate() }
}
