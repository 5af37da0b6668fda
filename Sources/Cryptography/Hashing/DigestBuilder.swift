import CSodium

/// Hashes input that comes in pieces or is too large for memory.
///
/// The result equals that of `Digest.blake2b` or `Digest.sha256` over all the pieces in order.
@safe public struct DigestBuilder: ~Copyable, @unchecked Sendable {
  // `@unchecked` is safe: only the single owner reaches the memory, and only `init` and `update` write it.

  public enum Function: Hashable, Sendable {
    case blake2b
    case sha256
  }

  private let function: Function
  private let state: UnsafeMutableRawPointer

  private static let stateBytes = max(
    crypto_generichash_blake2b_statebytes(),
    MemoryLayout<crypto_hash_sha256_state>.size
  )
  private static let stateAlignment = 64

  public init(_ function: Function = .blake2b) {
    Sodium.start()
    self.function = function
    unsafe state = .allocate(byteCount: Self.stateBytes, alignment: Self.stateAlignment)
    switch function {
    case .blake2b: unsafe _ = crypto_generichash_blake2b_init(OpaquePointer(state), nil, 0, 32)
    case .sha256:
      unsafe _ = crypto_hash_sha256_init(state.bindMemory(to: crypto_hash_sha256_state.self, capacity: 1))
    }
  }

  public mutating func update(_ bytes: some Collection<UInt8>) {
    withContiguous(bytes) { input in
      switch function {
      case .blake2b:
        unsafe _ = crypto_generichash_blake2b_update(OpaquePointer(state), input.base, UInt64(input.count))
      case .sha256:
        let state = unsafe state.assumingMemoryBound(to: crypto_hash_sha256_state.self)
        unsafe _ = crypto_hash_sha256_update(state, input.base, UInt64(input.count))
      }
    }
  }

  /// The hash of the input so far; `update` may be called again afterwards.
  public func finalize() -> Digest {
    // The last step changes the state, so it works on a copy.
    unsafe withUnsafeTemporaryAllocation(byteCount: Self.stateBytes, alignment: Self.stateAlignment) { copy in
      unsafe copy.copyMemory(from: UnsafeRawBufferPointer(start: state, count: Self.stateBytes))
      guard let base = copy.baseAddress else { return .zero }
      return Digest(
        storage: Bytes32 { output in
          switch function {
          case .blake2b: unsafe _ = crypto_generichash_blake2b_final(OpaquePointer(base), output, 32)
          case .sha256:
            let state = unsafe base.bindMemory(to: crypto_hash_sha256_state.self, capacity: 1)
            unsafe _ = crypto_hash_sha256_final(state, output)
          }
        }
      )
    }
  }

  deinit { unsafe state.deallocate() }
}
