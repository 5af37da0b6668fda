import CSodium

/// A hash of input that arrives in pieces or is too large to hold.
///
/// The result equals that of `Digest.blake2b` or `Digest.sha256` over all the pieces in order.
@safe
public struct DigestBuilder: ~Copyable, @unchecked Sendable {
  // `@unchecked`: the memory is reached only through the single owner, and written only by `init` and
  // `update`.

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
    case .blake2b:
      unsafe _ = crypto_generichash_blake2b_init(OpaquePointer(state), nil, 0, 32)
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

  /// The hash of what was given so far; more may follow.
  public func finalize() -> Digest {
    // The last step destroys the state, so it is done on a copy.
    unsafe withUnsafeTemporaryAllocation(byteCount: Self.stateBytes, alignment: Self.stateAlignment) { copy in
      unsafe copy.copyMemory(from: UnsafeRawBufferPointer(start: state, count: Self.stateBytes))
      guard let base = copy.baseAddress else { return .zero }
      return Digest(
        storage: Bytes32 { output in
          switch function {
          case .blake2b:
            unsafe _ = crypto_generichash_blake2b_final(OpaquePointer(base), output, 32)
          case .sha256:
            let state = unsafe base.bindMemory(to: crypto_hash_sha256_state.self, capacity: 1)
            unsafe _ = crypto_hash_sha256_final(state, output)
          }
        }
      )
    }
  }

  deinit {
    unsafe state.deallocate()
  }
}
