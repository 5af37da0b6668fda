import Cryptography
import Primitives
import Testing
import Vectors

private struct AddressVectors: Decodable {
  struct Module: Decodable {
    let name: String
    let hex: String
    let address: String
  }

  struct Decode: Decodable {
    let text: String
    let valid_account: Bool
    let bytes_len: Int?
    let why: String
  }

  let prefixes: [String: String]
  let module_accounts: [Module]
  let decode: [Decode]
}

@Suite struct AddressTests {
  @Test func `module accounts have the addresses that the reference gives them`() throws {
    let vectors = try Vectors.decode("market/bech32_addresses.json", as: AddressVectors.self)
    #expect(vectors.module_accounts.count >= 8)
    for module in vectors.module_accounts {
      let address = Address.module(module.name)
      #expect(Hex.encode(address.bytes) == module.hex, "\(module.name)")
      #expect(address.text() == module.address, "\(module.name)")
      #expect(try Address(text: module.address) == address, "\(module.name)")
    }
    #expect(vectors.prefixes["account"] == Address.accountPrefix)
    #expect(vectors.prefixes["validator_operator"] == Address.operatorPrefix)
    #expect(vectors.prefixes["consensus_node"] == Address.consensusPrefix)
  }

  @Test func `texts decode under the account's prefix exactly when the reference says so`() throws {
    let vectors = try Vectors.decode("market/bech32_addresses.json", as: AddressVectors.self)
    #expect(vectors.decode.count >= 10)
    for vector in vectors.decode {
      let decoded = try? Bech32.decode(vector.text)
      let isAccount = decoded?.prefix == Address.accountPrefix
      #expect(isAccount == vector.valid_account, "\(vector.why)")
      if let count = vector.bytes_len { #expect(decoded?.bytes.count == count, "\(vector.why)") }
    }
  }

  // The reference takes any length from 1 to 255; an address of ours has the 20 bytes that a key gives.
  @Test func `an address has 20 bytes: the reference's case of 4 bytes is refused with its count`() throws {
    let vectors = try Vectors.decode("market/bech32_addresses.json", as: AddressVectors.self)
    for vector in vectors.decode {
      let expected = vector.valid_account && vector.bytes_len == 20
      #expect(
        ((try? Address(text: vector.text)) != nil)
          == (expected || vector.valid_account && vector.bytes_len == nil)
      )
    }
    #expect(throws: AddressError.length(4)) { try Address(text: "akash1dp5ks6g0szu53") }
  }

  @Test(
    arguments: [
      ("", AddressError.empty),
      ("hello", .missingSeparator),
      ("1qqqqqqq", .emptyPrefix),
      ("akash1qqqqq", .tooShort),
      ("akash1qtqpdszzakz7ugkey7ka2cmss95z26ygar2mgq", .checksum),
      ("akash1qtQPDSZZAKZ7UGKEY7KA2CMSS95Z26YGAR2MGR", .mixedCase),
      ("cosmos1qyqszqgpqyqszqgpqyqszqgpqyqszqgpjnp7du", .prefix(found: "cosmos", expected: "akash")),
      (
        "akashvaloper1qyqszqgpqyqszqgpqyqszqgpqyqszqgp42zlyv",
        .prefix(found: "akashvaloper", expected: "akash")
      ),
      ("akash1bqqqqqqqqqq", .invalidCharacter(offset: 6)),
      ("aka sh1qqqqqqqqq", .invalidCharacter(offset: 3)),
      ("akash1é", .invalidCharacter(offset: 6)),
      ("akash1" + String(repeating: "q", count: 85), .tooLong(91)),
    ]
  )
  func `each refusal says what is wrong`(text: String, error: AddressError) {
    #expect(throws: error) { try Address(text: text) }
  }

  @Test(
    arguments: [
      "A12UEL5L", "a12uel5l",
      "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
      "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "?1ezyfcl",
      "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
    ]
  )
  func `the valid texts of BIP-173 have a valid checksum`(text: String) throws {
    do {
      let (prefix, bytes) = try Bech32.decode(text)
      #expect(Bech32.encode(prefix: prefix, bytes) == text.lowercased())
    } catch {
      // Their data need not be whole bytes.
      #expect(error == .padding)
    }
  }

  @Test(
    arguments: [
      "\u{20}1nwldj5", "\u{7F}1axkwrx", "\u{80}1eym55h", "pzry9x0s0muk", "1pzry9x0s0muk", "x1b4n0q5v",
      "li1dgmt3",
      "de1lg7wt\u{FF}", "A1G7SGD8", "10a06t8", "1qzzfhee",
      "an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1569pvx",
    ]
  )
  func `the invalid texts of BIP-173 are refused`(text: String) {
    #expect(throws: AddressError.self) { try Bech32.decode(text) }
  }

  @Test(
    arguments: ["akash1ppppppppppppppppppppppppppppppppq0kmk9u", "akash1pp262xdm", "akash1rkq3tnw"]
  )
  func `bits that belong to no byte are refused: a character too many, a set bit at the end, half a byte`(
    text: String
  ) {
    #expect(throws: AddressError.padding) { try Bech32.decode(text) }
  }

  @Test(
    arguments: UInt64(1)...10
  )
  func `any address reads back under any prefix, and one wrong character never does`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l")
    for prefix in [Address.accountPrefix, Address.operatorPrefix, "test"] {
      let address = try #require(Address(generator.bytes(20)))
      let text = address.text(prefix: prefix)
      #expect(try Address(text: text, prefix: prefix) == address, "seed \(seed)")
      #expect(try Address(text: text, prefix: nil) == address, "seed \(seed)")
      #expect(try Address(text: text.uppercased(), prefix: prefix) == address, "seed \(seed)")
      for offset in prefix.count + 1..<text.count {
        var characters = Array(text)
        let wrong = alphabet[Int(generator.next(below: 32))]
        guard characters[offset] != wrong else { continue }
        characters[offset] = wrong
        #expect(throws: AddressError.checksum, "seed \(seed)") {
          try Address(text: String(characters), prefix: prefix)
        }
      }
    }
  }

  @Test(arguments: UInt64(1)...10)
  func `any bytes read back from bech32`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for count in 0...40 {
      let bytes = generator.bytes(count)
      let (prefix, decoded) = try Bech32.decode(Bech32.encode(prefix: "x", bytes))
      #expect(prefix == "x" && decoded == bytes, "seed \(seed)")
    }
  }

  @Test func `a key's address is the first 20 bytes of its SHA-256; order is that of the bytes`() throws {
    let key = try #require(PublicKey([UInt8](repeating: 9, count: 32)))
    #expect(Address(key).bytes == Array(Digest.sha256(key.bytes).bytes.prefix(20)))
    #expect(Address([UInt8](repeating: 0, count: 19)) == nil)
    let low = try #require(Address([UInt8](repeating: 0, count: 19) + [1]))
    let high = try #require(Address([1] + [UInt8](repeating: 0, count: 19)))
    #expect(low < high)
    #expect(high.description == high.text(prefix: "akash"))
  }
}
