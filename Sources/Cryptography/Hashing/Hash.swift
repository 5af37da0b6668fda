import CSodium

/// HMAC-SHA-512, which the key standards BIP-39 and SLIP-0010 use.
public enum Hash {
  /// HMAC (RFC 2104) over SHA-512 with a key of any length.
  public static func hmacSHA512(key: some Collection<UInt8>, message: some Collection<UInt8>) -> [UInt8] {
    var state = HMACSHA512(key: key)
    state.update(message)
    return state.finalize()
  }
}

/// HMAC-SHA-512 in steps. A copy of the value keeps the keyed state, so that PBKDF2 hashes the key only once
/// and not in each of its 2,048 rounds.
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
