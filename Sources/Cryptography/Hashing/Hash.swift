import CSodium

/// SHA-512 and HMAC-SHA-512, which the key standards BIP-39 and SLIP-0010 use.
public enum Hash {
  public static func sha512(_ bytes: some Collection<UInt8>) -> [UInt8] {
    Sodium.start()
    return withContiguous(bytes) { input in
      filledArray(count: 64) { output in
        unsafe _ = crypto_hash_sha512(output, input.base, UInt64(input.count))
      }
    }
  }

  /// HMAC (RFC 2104) over SHA-512 with a key of any length.
  public static func hmacSHA512(key: some Collection<UInt8>, message: some Collection<UInt8>) -> [UInt8] {
    var state = HMACSHA512(key: key)
    state.update(message)
    return state.finalize()
  }

  /// Compares secrets in a time that depends only on their length.
  public static func areEqualInConstantTime(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    guard !left.isEmpty else { return true }
    return unsafe sodium_memcmp(left, right, left.count) == 0
  }
}

/// HMAC-SHA-512 in steps. A copy of the value keeps the keyed state, so that PBKDF2 can start 2,048 times
/// from it.
struct HMACSHA512 {
  private var state = crypto_auth_hmacsha512_state()

  init(key: some Collection<UInt8>) {
    Sodium.start()
    withContiguous(key) { key in unsafe _ = crypto_auth_hmacsha512_init(&state, key.base, key.count) }
  }

  mutating func update(_ bytes: some Collection<UInt8>) {
    withContiguous(bytes) { input in
      unsafe _ = crypto_auth_hmacsha512_update(&state, input.base, UInt64(input.count))
    }
  }

  consuming func finalize() -> [UInt8] {
    var state = state
    return filledArray(count: 64) { output in unsafe _ = crypto_auth_hmacsha512_final(&state, output) }
  }
}
