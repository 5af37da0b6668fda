import CSodium

/// The state of one direction of a stream. Its memory is wiped when its owner's lifetime ends.
@safe private struct StreamState: ~Copyable, @unchecked Sendable {
  // `@unchecked` is safe: only the single owner reaches the memory, and only its mutating functions write it.
  let pointer: UnsafeMutablePointer<crypto_secretstream_xchacha20poly1305_state>

  init() {
    Sodium.start()
    unsafe pointer = .allocate(capacity: 1)
    unsafe pointer.initialize(to: crypto_secretstream_xchacha20poly1305_state())
  }

  deinit {
    unsafe sodium_memzero(pointer, MemoryLayout<crypto_secretstream_xchacha20poly1305_state>.size)
    unsafe pointer.deallocate()
  }
}

/// The sending side of a stream of messages (libsodium's `secretstream`, XChaCha20-Poly1305).
///
/// The opener notices every message that was changed, reordered, repeated or dropped.
public struct StreamSealer: ~Copyable, Sendable {
  /// The number of bytes by which sealing makes a message longer.
  public static let overhead = 17
  public static let headerCount = 24

  /// The 24 bytes that the opener needs first. They are not secret.
  public let header: [UInt8]
  private let state: StreamState

  public init(key: Digest) {
    let state = StreamState()
    header = filledArray(count: Self.headerCount) { header in
      key.storage.withPointer { key in
        unsafe _ = crypto_secretstream_xchacha20poly1305_init_push(state.pointer, header, key)
      }
    }
    self.state = state
  }

  /// Seals the next message, making it 17 bytes longer.
  ///
  /// `final` marks the last message, so that the opener can tell the end of the stream from a cut connection.
  /// `rekey` changes the key after this message; both sides then erase the old one.
  public mutating func seal(_ plaintext: some Collection<UInt8>, final: Bool = false, rekey: Bool = false)
    -> [UInt8]
  {
    let tag: Int32 =
      final
      ? Int32(crypto_secretstream_xchacha20poly1305_tag_final())
      : rekey ? Int32(crypto_secretstream_xchacha20poly1305_tag_rekey()) : 0
    return withContiguous(plaintext) { plaintext in
      unsafe filledArray(count: plaintext.count + Self.overhead) { output in
        unsafe _ = crypto_secretstream_xchacha20poly1305_push(
          state.pointer,
          output,
          nil,
          plaintext.base,
          UInt64(plaintext.count),
          nil,
          0,
          UInt8(tag)
        )
      }
    }
  }
}

/// The receiving side of a stream of messages.
public struct StreamOpener: ~Copyable, Sendable {
  private let state: StreamState
  private var hasEnded = false

  /// Throws `length` unless `header` has 24 bytes.
  public init(key: Digest, header: [UInt8]) throws(CryptographyError) {
    guard header.count == StreamSealer.headerCount else { throw .length(header.count) }
    let state = StreamState()
    key.storage.withPointer { key in
      unsafe _ = crypto_secretstream_xchacha20poly1305_init_pull(state.pointer, header, key)
    }
    self.state = state
  }

  /// Decrypts the next message. `isFinal` is true for the last message of the stream.
  ///
  /// After an error the stream must be closed.
  public mutating func open(
    _ ciphertext: some Collection<UInt8>
  ) throws(CryptographyError) -> (bytes: [UInt8], isFinal: Bool) {
    guard !hasEnded else { throw .streamEnded }
    let count = ciphertext.count - StreamSealer.overhead
    guard count >= 0 else { throw .truncated }
    var tag: UInt8 = 0
    var status: Int32 = -1
    let plaintext = withContiguous(ciphertext) { ciphertext in
      filledArray(count: max(count, 1)) { output in
        unsafe output[0] = 0
        status = unsafe crypto_secretstream_xchacha20poly1305_pull(
          state.pointer,
          output,
          nil,
          &tag,
          ciphertext.base,
          UInt64(ciphertext.count),
          nil,
          0
        )
        if status != 0 { unsafe sodium_memzero(output, max(count, 1)) }
      }
    }
    guard status == 0 else { throw .notAuthentic }
    hasEnded = tag == crypto_secretstream_xchacha20poly1305_tag_final()
    return (count == 0 ? [] : plaintext, hasEnded)
  }
}
