import CSodium

/// SipHash-2-4, a keyed hash of 8 bytes. Nobody can find collisions on purpose without the key.
///
/// It is for short identifiers on a connection and for hash tables with keys from peers. It is too short for
/// anything that must stay unique for long.
public struct ShortHash: Hashable, Sendable {
  private let key: [UInt8]

  /// Nil unless there are exactly 16 bytes.
  public init?(key: some Collection<UInt8>) {
    guard key.count == 16 else { return nil }
    self.key = Array(key)
  }

  /// Uses the first 16 bytes of `derived` as the key.
  public init(_ derived: Digest) { key = Array(derived.bytes.prefix(16)) }

  public func callAsFunction(_ bytes: some Collection<UInt8>) -> UInt64 {
    Sodium.start()
    var number: UInt64 = 0
    withContiguous(bytes) { input in
      unsafe withUnsafeMutableBytes(of: &number) { output in
        guard let base = unsafe output.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        unsafe _ = crypto_shorthash_siphash24(base, input.base, UInt64(input.count), key)
      }
    }
    return UInt64(littleEndian: number)
  }

  /// The hash of a digest, without an allocation.
  public func callAsFunction(_ digest: Digest) -> UInt64 {
    digest.storage.withPointer { unsafe self(UnsafeBufferPointer(start: $0, count: 32)) }
  }
}
