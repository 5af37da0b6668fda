import CSodium
import Primitives

/// A 32-byte hash. Digests are compared by their bytes.
public struct Digest: Hashable, Comparable, Sendable, CustomStringConvertible {
  let storage: Bytes32

  init(storage: Bytes32) { self.storage = storage }

  /// Nil unless there are exactly 32 bytes.
  public init?(_ bytes: some Collection<UInt8>) {
    guard let storage = Bytes32(bytes) else { return nil }
    self.storage = storage
  }

  public static let zero = Digest(storage: .zero)

  public var bytes: [UInt8] { storage.bytes }

  /// The bytes as four big-endian words.
  public var words: SIMD4<UInt64> { SIMD4(storage.word0, storage.word1, storage.word2, storage.word3) }

  public static func < (left: Digest, right: Digest) -> Bool { left.storage < right.storage }

  #if DEBUG
    /// Called with every input of `sha256` and unkeyed `blake2b` in a task, for tests. Only in debug builds.
    @TaskLocal static var observer: (@Sendable (_ input: [UInt8]) -> Void)?
  #endif

  public static func sha256(_ bytes: some Collection<UInt8>) -> Digest {
    #if DEBUG
      observer?(Array(bytes))
    #endif
    Sodium.start()
    return withContiguous(bytes) { input in
      Digest(
        storage: Bytes32 { output in unsafe _ = crypto_hash_sha256(output, input.base, UInt64(input.count)) }
      )
    }
  }

  /// BLAKE2b (RFC 7693) with 256 bits of output.
  public static func blake2b(_ bytes: some Collection<UInt8>) -> Digest {
    #if DEBUG
      observer?(Array(bytes))
    #endif
    Sodium.start()
    return withContiguous(bytes) { input in unsafe blake2b(unsafePointer: input.base, count: input.count) }
  }

  /// Keyed BLAKE2b with 256 bits of output, for use as a message authentication code or pseudo-random
  /// function.
  public static func blake2b(_ bytes: some Collection<UInt8>, key: Digest) -> Digest {
    Sodium.start()
    return withContiguous(bytes) { input in
      key.storage.withPointer { key in
        Digest(
          storage: Bytes32 { output in
            unsafe _ = crypto_generichash_blake2b(output, 32, input.base, UInt64(input.count), key, 32)
          }
        )
      }
    }
  }

  /// BLAKE2b of `count` bytes at `input`. The caller must have called `Sodium.start()`.
  static func blake2b(unsafePointer input: UnsafePointer<UInt8>, count: Int) -> Digest {
    Digest(
      storage: Bytes32 { output in
        unsafe _ = crypto_generichash_blake2b(output, 32, input, UInt64(count), nil, 0)
      }
    )
  }

  /// 64 lower-case hex digits.
  public var description: String { Hex.encode(bytes) }
}
