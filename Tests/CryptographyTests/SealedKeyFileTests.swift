import Cryptography
import Testing

@Suite struct SealedKeyFileTests {
  private static let cheap = SealedKeyFile.Cost(passes: 1, memory: 8_192)!

  @Test func `a secret opens with its password and no other`() throws {
    let secret = SecureRandom.bytes(32)
    let file = try SealedKeyFile.seal(secret, password: "pass ü", cost: Self.cheap)
    #expect(try SealedKeyFile.open(file, password: "pass ü") == secret)
    #expect(throws: SealedKeyFileError.passwordOrContent) { try SealedKeyFile.open(file, password: "pass") }
    #expect(throws: SealedKeyFileError.passwordOrContent) { try SealedKeyFile.open(file, password: "") }
    #expect(try SealedKeyFile.seal(secret, password: "pass ü", cost: Self.cheap) != file)
  }

  @Test func `the default cost is libsodium's interactive one and is written in the header`() throws {
    let file = try SealedKeyFile.seal([1, 2, 3], password: "p")
    #expect(file[5..<17] == [0, 0, 0, 2, 0, 0, 0, 0, 4, 0, 0, 0])
    #expect(try SealedKeyFile.open(file, password: "p") == [1, 2, 3])
  }

  @Test func `a file with any byte changed, or cut anywhere, is refused`() throws {
    let file = try SealedKeyFile.seal([1, 2, 3, 4], password: "p", cost: Self.cheap)
    for index in file.indices {
      // The high bytes of the cost would ask for a lot of work; that they are bounded is tested below.
      if (5..<17).contains(index) { continue }
      var changed = file
      changed[index] ^= 1
      #expect(throws: SealedKeyFileError.self) { try SealedKeyFile.open(changed, password: "p") }
    }
    for count in 0..<file.count {
      #expect(throws: SealedKeyFileError.self) {
        try SealedKeyFile.open(Array(file[..<count]), password: "p")
      }
    }
    #expect(throws: SealedKeyFileError.passwordOrContent) {
      try SealedKeyFile.open(file + [0], password: "p")
    }
  }

  @Test func `another kind of file, a newer version and an unreasonable cost are refused before any work`()
    throws
  {
    let file = try SealedKeyFile.seal([1], password: "p", cost: Self.cheap)
    #expect(throws: SealedKeyFileError.format) { try SealedKeyFile.open([], password: "p") }
    #expect(throws: SealedKeyFileError.format) {
      try SealedKeyFile.open([0] + file.dropFirst(), password: "p")
    }
    var newer = file
    newer[4] = 2
    #expect(throws: SealedKeyFileError.version(2)) { try SealedKeyFile.open(newer, password: "p") }
    for index in [5, 6, 7, 9, 10, 11, 12] {
      var dear = file
      dear[index] = 0x80
      #expect(throws: SealedKeyFileError.cost) { try SealedKeyFile.open(dear, password: "p") }
    }
    var free = file
    free.replaceSubrange(5..<9, with: [0, 0, 0, 0])
    #expect(throws: SealedKeyFileError.cost) { try SealedKeyFile.open(free, password: "p") }
    #expect(SealedKeyFile.Cost(passes: 17, memory: 8_192) == nil)
    #expect(SealedKeyFile.Cost(passes: 1, memory: 8_191) == nil)
    #expect(SealedKeyFile.Cost(passes: 1, memory: 1 << 30 + 1) == nil)
  }

  @Test func `secrets have 1 to 4,096 bytes`() throws {
    #expect(throws: SealedKeyFileError.secretLength(0)) { try SealedKeyFile.seal([], password: "p") }
    let long = [UInt8](repeating: 1, count: 4_097)
    #expect(throws: SealedKeyFileError.secretLength(4_097)) { try SealedKeyFile.seal(long, password: "p") }
    let file = try SealedKeyFile.seal(Array(long.dropLast()), password: "p", cost: Self.cheap)
    #expect(try SealedKeyFile.open(file, password: "p").count == 4_096)
    #expect(throws: SealedKeyFileError.secretLength(4_097)) {
      try SealedKeyFile.open(file + [1], password: "p")
    }
  }
}
