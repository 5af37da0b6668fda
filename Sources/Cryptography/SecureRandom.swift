import CSodium

/// The operating system's randomness, for secrets and seeds. Cores receive theirs from a shell.
public enum SecureRandom {
  public static func bytes(_ count: Int) -> [UInt8] {
    Sodium.start()
    return filledArray(count: count) { unsafe randombytes_buf($0, count) }
  }

  public static func uint64() -> UInt64 {
    Sodium.start()
    var number: UInt64 = 0
    unsafe randombytes_buf(&number, 8)
    return number
  }
}
