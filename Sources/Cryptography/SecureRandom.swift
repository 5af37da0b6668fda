import CSodium

/// Random numbers of the operating system, for secrets and seeds. The deterministic parts of a node do not
/// call this; they get seeds from outside.
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
