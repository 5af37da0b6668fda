import Cryptography
import Primitives
import Testing

@Suite struct MnemonicTests {
  /// Entropy, words, and the seed with passphrase `TREZOR`: the vectors that BIP-39 names.
  static let vectors: [(String, String, String)] = [
    (
      "00000000000000000000000000000000",
      "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
        + "about",
      "c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e5349553"
        + "1f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04"
    ),
    (
      "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
      "legal winner thank year wave sausage worth useful legal winner thank yellow",
      "2e8905819b8723fe2c1d161860e5ee1830318dbf49a83bd451cfb8440c28bd6f"
        + "a457fe1296106559a3c80937a1c1069be3a3a5bd381ee6260e8d9739fce1f607"
    ),
    (
      "80808080808080808080808080808080",
      "letter advice cage absurd amount doctor acoustic avoid letter advice cage above",
      "d71de856f81a8acc65e6fc851a38d4d7ec216fd0796d0a6827a3ad6ed5511a30"
        + "fa280f12eb2e47ed2ac03b5c462a0358d18d69fe4f985ec81778c1b370b652a8"
    ),
    (
      "ffffffffffffffffffffffffffffffff",
      "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong",
      "ac27495480225222079d7be181583751e86f571027b0497b5b5d11218e0a8a13"
        + "332572917f0f8e5a589620c6f15b11c61dee327651a14c34e18231052e48c069"
    ),
    (
      "000000000000000000000000000000000000000000000000",
      "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
        + "abandon abandon abandon abandon abandon abandon agent",
      "035895f2f481b1b0f01fcf8c289c794660b289981a78f8106447707fdd9666ca"
        + "06da5a9a565181599b79f53b844d8a71dd9f439c52a3d7b3e8a79c906ac845fa"
    ),
    (
      "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
      "legal winner thank year wave sausage worth useful legal winner thank year wave sausage "
        + "worth useful legal will",
      "f2b94508732bcbacbcc020faefecfc89feafa6649a5491b8c952cede496c214a"
        + "0c7b3c392d168748f2d4a612bada0753b52a1c7ac53c1e93abd5c6320b9e95dd"
    ),
    (
      "808080808080808080808080808080808080808080808080",
      "letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount "
        + "doctor acoustic avoid letter always",
      "107d7c02a5aa6f38c58083ff74f04c607c2d2c0ecc55501dadd72d025b751bc2"
        + "7fe913ffb796f841c49b1d33b610cf0e91d3aa239027f5e99fe4ce9e5088cd65"
    ),
    (
      "ffffffffffffffffffffffffffffffffffffffffffffffff",
      "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo when",
      "0cd6e5d827bb62eb8fc1e262254223817fd068a74b5b449cc2f667c3f1f985a7"
        + "6379b43348d952e2265b4cd129090758b3e3c2c49103b5051aac2eaeb890a528"
    ),
    (
      "0000000000000000000000000000000000000000000000000000000000000000",
      "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
        + "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
        + "abandon art",
      "bda85446c68413707090a52022edd26a1c9462295029f2e60cd7c4f2bbd30971"
        + "70af7a4d73245cafa9c3cca8d561a7c3de6f5d4a10be8ed2a5e608d68f92fcc8"
    ),
    (
      "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
      "legal winner thank year wave sausage worth useful legal winner thank year wave sausage "
        + "worth useful legal winner thank year wave sausage worth title",
      "bc09fca1804f7e69da93c2f2028eb238c227f2e9dda30cd63699232578480a40"
        + "21b146ad717fbb7e451ce9eb835f43620bf5c514db0f8add49f5d121449d3e87"
    ),
    (
      "8080808080808080808080808080808080808080808080808080808080808080",
      "letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount "
        + "doctor acoustic avoid letter advice cage absurd amount doctor acoustic bless",
      "c0c519bd0e91a2ed54357d9d1ebef6f5af218a153624cf4f2da911a0ed8f7a09"
        + "e2ef61af0aca007096df430022f7a2b6fb91661a9589097069720d015e4e982f"
    ),
    (
      "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo "
        + "zoo vote",
      "dd48c104698c30cfe2b6142103248622fb7bb0ff692eebb00089b32d22484e16"
        + "13912f0a5b694407be899ffd31ed3992c456cdf60f5d4564b8ba3f05a69890ad"
    ),
    (
      "9e885d952ad362caeb4efe34a8e91bd2",
      "ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic",
      "274ddc525802f7c828d8ef7ddbcdc5304e87ac3535913611fbbfa986d0c9e547"
        + "6c91689f9c8a54fd55bd38606aa6a8595ad213d4c9c9f9aca3fb217069a41028"
    ),
    (
      "6610b25967cdcca9d59875f5cb50b0ea75433311869e930b",
      "gravity machine north sort system female filter attitude volume fold club stay feature "
        + "office ecology stable narrow fog",
      "628c3827a8823298ee685db84f55caa34b5cc195a778e52d45f59bcf75aba68e"
        + "4d7590e101dc414bc1bbd5737666fbbef35d1f1903953b66624f910feef245ac"
    ),
    (
      "68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c",
      "hamster diagram private dutch cause delay private meat slide toddler razor book happy "
        + "fancy gospel tennis maple dilemma loan word shrug inflict delay length",
      "64c87cde7e12ecf6704ab95bb1408bef047c22db4cc7491c4271d170a1b213d2"
        + "0b385bc1588d9c7b38f1b39d415665b8a9030c9ec653d75e65f847d8fc1fc440"
    ),
    (
      "c0ba5a8e914111210f2bd131f3d5e08d",
      "scheme spot photo card baby mountain device kick cradle pact join borrow",
      "ea725895aaae8d4c1cf682c1bfd2d358d52ed9f0f0591131b559e2724bb234fc"
        + "a05aa9c02c57407e04ee9dc3b454aa63fbff483a8b11de949624b9f1831a9612"
    ),
    (
      "f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f",
      "void come effort suffer camp survey warrior heavy shoot primary clutch crush open amazing "
        + "screen patrol group space point ten exist slush involve unfold",
      "01f5bced59dec48e362f2c45b5de68b9fd6c92c6634f44d6d40aab69056506f0"
        + "e35524a518034ddc1192e1dacd32c1ed3eaa3c3b131c88ed8e7e54c49a5d0998"
    ),
  ]

  @Test(arguments: vectors)
  func `words and seeds are those of BIP-39's vectors`(entropy: String, phrase: String, seed: String) throws {
    let words = phrase.split(separator: " ").map(String.init)
    #expect(Mnemonic.words(entropy: hex(entropy)) == words)
    #expect(try Mnemonic.check(words) == hex(entropy))
    #expect(Hex.encode(try Mnemonic.seed(words, passphrase: "TREZOR")) == seed)
  }

  @Test func `generated mnemonics have 24 words that belong together and differ each time`() throws {
    let words = Mnemonic.generate()
    #expect(words.count == 24)
    #expect(try Mnemonic.check(words).count == 32)
    #expect(Mnemonic.generate() != words)
    #expect(try Mnemonic.seed(words).count == 64)
    #expect(try Mnemonic.seed(words) != Mnemonic.seed(words, passphrase: "x"))
  }

  @Test(arguments: UInt64(1)...10)
  func `any entropy reads back from its words, and a wrong word seldom passes`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for count in [16, 20, 24, 28, 32] {
      let entropy = generator.bytes(count)
      var words = try #require(Mnemonic.words(entropy: entropy))
      #expect(try Mnemonic.check(words) == entropy, "seed \(seed)")
      words.swapAt(0, 1)
      if words[0] != words[1] { #expect((try? Mnemonic.check(words)) != entropy, "seed \(seed)") }
    }
  }

  @Test func `what is not a mnemonic is refused with the reason`() {
    let words = [String](repeating: "abandon", count: 11)
    #expect(throws: MnemonicError.wordCount(11)) { try Mnemonic.check(words) }
    #expect(throws: MnemonicError.wordCount(0)) { try Mnemonic.check([]) }
    #expect(throws: MnemonicError.wordCount(27)) { try Mnemonic.check([String](repeating: "zoo", count: 27)) }
    #expect(throws: MnemonicError.checksum) { try Mnemonic.check(words + ["abandon"]) }
    #expect(throws: MnemonicError.unknownWord(index: 11)) { try Mnemonic.check(words + ["aboot"]) }
    #expect(throws: MnemonicError.unknownWord(index: 0)) {
      try Mnemonic.check(["Abandon"] + words.dropFirst() + ["about"])
    }
    #expect(throws: MnemonicError.passphraseNotASCII) {
      try Mnemonic.seed(words + ["about"], passphrase: "é")
    }
    #expect(Mnemonic.words(entropy: [1, 2, 3]) == nil)
    #expect(Mnemonic.words(entropy: [UInt8](repeating: 0, count: 33)) == nil)
  }

  @Test(
    arguments: [
      (
        "m", "2b4be7f19ee27bbf30c667b642d5f4aa69fd169872f8fc3059c08ebae2eb19e7",
        "a4b2856bfec510abab89753fac1ac0e1112364e7d250545963f135f2a33188ed"
      ),
      (
        "m/0'", "68e0fe46dfb67e368c75379acec591dad19df3cde26e63b93a8e704f1dade7a3",
        "8c8a13df77a28f3445213a0f432fde644acaa215fc72dcdf300d5efaa85d350c"
      ),
      (
        "m/0'/1'", "b1d0bad404bf35da785a64ca1ac54b2617211d2777696fbffaf208f746ae84f2",
        "1932a5270f335bed617d5b935c80aedb1a35bd9fc1e31acafd5372c30f5c1187"
      ),
      (
        "m/0'/1'/2'", "92a5b23c0b8a99e37d07df3fb9966917f5d06e02ddbd909c7e184371463e9fc9",
        "ae98736566d30ed0e9d2f4486a64bc95740d89c7db33f52121f8ea8f76ff0fc1"
      ),
      (
        "m/0'/1'/2'/2'", "30d1dc7e5fc04c31219ab25a27ae00b50f6fd66622f6e9c913253d6511d1e662",
        "8abae2d66361c879b900d204ad2cc4984fa2aa344dd7ddc46007329ac76c429c"
      ),
      (
        "m/0'/1'/2'/2'/1000000000'", "8f94d394a8e8fd6b1bc2f3f49f5c47e385281d5c17e65324b0f62483e37e8793",
        "3c24da049451555d51a7014a37337aa4e12d41e485abccfa46b47dfb2af54b7a"
      ),
    ]
  )
  func `derived keys are those of SLIP-0010's vectors`(path: String, seed: String, publicKey: String) throws {
    try check(master: Array(0...15), path, seed, publicKey)
  }

  @Test(
    arguments: [
      (
        "m", "171cb88b1b3c1db25add599712e36245d75bc65a1a5c9e18d76f9f2b1eab4012",
        "8fe9693f8fa62a4305a140b9764c5ee01e455963744fe18204b4fb948249308a"
      ),
      (
        "m/0'", "1559eb2bbec5790b0c65d8693e4d0875b1747f4970ae8b650486ed7470845635",
        "86fab68dcb57aa196c77c5f264f215a112c22a912c10d123b0d03c3c28ef1037"
      ),
      (
        "m/0'/2147483647'", "ea4f5bfe8694d8bb74b7b59404632fd5968b774ed545e810de9c32a4fb4192f4",
        "5ba3b9ac6e90e83effcd25ac4e58a1365a9e35a3d3ae5eb07b9e4d90bcf7506d"
      ),
      (
        "m/0'/2147483647'/1'/2147483646'/2'",
        "551d333177df541ad876a60ea71f00447931c0a9da16f227c11ea080d7391b8d",
        "47150c75db263559a70d5778bf36abbab30fb061ad69f69ece61a72b0cfa4fc0"
      ),
    ]
  )
  func `derived keys are those of SLIP-0010's vectors with a 64-byte seed`(
    path: String,
    seed: String,
    publicKey: String
  ) throws {
    let master = hex(
      "fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a2"
        + "9f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542"
    )
    try check(master: master, path, seed, publicKey)
  }

  private func check(master: [UInt8], _ path: String, _ seed: String, _ publicKey: String) throws {
    let derived = try HDKey.derive(seed: master, path: path)
    #expect(Hex.encode(derived) == seed)
    #expect(try #require(SigningKey(seed: derived)).publicKey.description == publicKey)
  }

  @Test(
    arguments: [
      ("", HDKeyError.missingRoot), ("0'", .missingRoot), ("M/0'", .missingRoot), ("m/0", .step(index: 0)),
      ("m/44'/118", .step(index: 1)), ("m/", .step(index: 0)), ("m/'", .step(index: 0)),
      ("m/+1'", .step(index: 0)),
      ("m/2147483648'", .step(index: 0)), ("m//0'", .step(index: 0)), ("m/99999999999999'", .step(index: 0)),
      ("m" + String(repeating: "/0'", count: 17), .tooDeep),
    ]
  )
  func `paths that Ed25519 cannot follow are refused`(path: String, error: HDKeyError) {
    #expect(throws: error) { try HDKey.derive(seed: Array(0...15), path: path) }
  }

  @Test func `seeds shorter than 16 or longer than 64 bytes are refused`() throws {
    for count in [0, 15, 65] {
      #expect(throws: HDKeyError.seedLength(count)) {
        try HDKey.derive(seed: [UInt8](repeating: 1, count: count), path: "m")
      }
    }
    #expect(HDKey.accountPath(3) == "m/44'/118'/3'/0'/0'")
    #expect(try HDKey.derive(seed: Array(0...15), path: HDKey.accountPath()).count == 32)
  }
}
