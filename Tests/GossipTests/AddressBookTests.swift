import Chain
import Cryptography
import Gossip
import Primitives
import Testing

@Suite struct AddressBookTests {
  private func book(_ change: (inout AddressBook.Settings) -> Void = { _ in }) -> AddressBook {
    var generator = SeededGenerator(seed: 1)
    var settings = AddressBook.Settings()
    change(&settings)
    return AddressBook(settings: settings, generator: &generator)
  }

  private func insert(
    _ object: SignedObject,
    into book: inout AddressBook,
    source: String = "10.0.0.1:1"
  ) throws -> AddressBook.Insertion {
    book.insert(
      object,
      try NodeRecord(decoding: object.body),
      source: AddressGroup(address: source),
      time: .start
    )
  }

  @Test func `the newest record of a key wins`() throws {
    var book = book()
    #expect(try insert(record(by: key(1), sequence: 2, addresses: ["10.0.0.1:1/1"]), into: &book) == .added)
    #expect(try insert(record(by: key(1), sequence: 1, addresses: ["10.0.0.2:1/1"]), into: &book) == .stale)
    #expect(try insert(record(by: key(1), sequence: 2, addresses: ["10.0.0.3:1/1"]), into: &book) == .stale)
    #expect(try insert(record(by: key(1), sequence: 3, addresses: ["10.0.0.4:1/1"]), into: &book) == .updated)
    #expect(book[key(1).publicKey]?.address == "10.0.0.4:1/1")
    #expect(book.count == 1)
    #expect(try insert(record(by: key(2), addresses: [], expiresAt: .start), into: &book) == .expired)
  }

  @Test func `a tried entry with a new address has to prove it`() throws {
    var book = book()
    _ = try insert(record(by: key(1), sequence: 1, addresses: ["10.0.0.1:1/1"]), into: &book)
    book.succeeded(key(1).publicKey, at: .zero)
    _ = try insert(record(by: key(1), sequence: 2, addresses: ["10.0.0.1:1/1"]), into: &book)
    #expect(book[key(1).publicKey]?.isTried == true)
    _ = try insert(record(by: key(1), sequence: 3, addresses: ["10.9.9.9:1/1"]), into: &book)
    #expect(book[key(1).publicKey]?.isTried == false)
    #expect(book.triedCount == 0)
  }

  @Test func `one source fills only its share of the table`() throws {
    var book = book {
      $0.newBuckets = 64
      $0.bucketsPerSource = 4
      $0.bucketSize = 8
    }
    for number in 1...400 {
      _ = try insert(
        record(by: key(UInt64(number)), addresses: ["10.\(number % 200).0.\(number % 250):1/1"]),
        into: &book,
        source: "66.6.0.1:1"
      )
    }
    #expect(book.count <= 32)
    let before = book.count
    for number in 500...520 {
      _ = try insert(
        record(by: key(UInt64(number)), addresses: ["20.\(number - 500).0.1:1/1"]),
        into: &book,
        source: "77.\(number - 500).0.1:1"
      )
    }
    #expect(book.count > before + 10)
  }

  @Test func `an entry that failed again and again makes room, others do not`() throws {
    var book = book {
      $0.newBuckets = 1
      $0.bucketsPerSource = 1
      $0.bucketSize = 2
    }
    for number in 1...2 {
      _ = try insert(record(by: key(UInt64(number)), addresses: ["10.0.0.1:1/1"]), into: &book)
    }
    #expect(try insert(record(by: key(3), addresses: ["10.0.0.1:1/1"]), into: &book) == .full)
    for _ in 0..<3 { book.failed(key(1).publicKey, at: .zero) }
    #expect(try insert(record(by: key(3), addresses: ["10.0.0.1:1/1"]), into: &book) == .added)
    #expect(book[key(1).publicKey] == nil && book[key(2).publicKey] != nil)
  }

  @Test func `a tried entry is tested before it gives way`() throws {
    var book = book {
      $0.triedBuckets = 1
      $0.bucketsPerGroup = 1
      $0.bucketSize = 2
    }
    for number in 1...3 {
      _ = try insert(record(by: key(UInt64(number)), addresses: ["10.\(number).0.1:1/1"]), into: &book)
    }
    for number in 1...3 {
      book.succeeded(key(UInt64(number)).publicKey, at: .at(milliseconds: UInt64(number)))
    }
    #expect(book[key(3).publicKey]?.isTried == false)
    // The oldest answers: it stays. Challenged again it fails: it goes.
    book.succeeded(key(1).publicKey, at: .at(milliseconds: 10))
    #expect(book[key(1).publicKey]?.isTried == true)
    book.succeeded(key(3).publicKey, at: .at(milliseconds: 20))
    book.failed(key(2).publicKey, at: .at(milliseconds: 30))
    #expect(book[key(2).publicKey]?.isTried == false && book[key(3).publicKey]?.isTried == true)
    #expect(book.triedCount == 2)
  }

  @Test func `records expire by consensus time`() throws {
    var book = book()
    let object = record(by: key(1), addresses: ["10.0.0.1:1/1"], expiresAt: .start + 10)
    _ = try insert(object, into: &book)
    #expect(book.expire(at: .start + 9) == [])
    #expect(book.expire(at: .start + 10) == [object.identifier])
    #expect(book.count == 0)
  }

  @Test func `the book survives a restart, and a damaged one is refused`() throws {
    var book = book()
    for number in 1...20 {
      _ = try insert(record(by: key(UInt64(number)), addresses: ["10.\(number).0.1:1/1"]), into: &book)
      if number.isMultiple(of: 3) { book.succeeded(key(UInt64(number)).publicKey, at: .zero) }
    }
    let bytes = book.encoded
    var restored = self.book()
    try restored.restore(bytes, chain: chain, time: .start, at: .zero)
    #expect(restored.encoded == bytes)
    #expect(restored.triedCount == 6)
    for length in stride(from: 0, to: bytes.count, by: 11) {
      var damaged = self.book()
      #expect(throws: DecodingError.self) {
        try damaged.restore(Array(bytes.prefix(length)), chain: chain, time: .start, at: .zero)
      }
    }
  }

  @Test(arguments: [
    ("10.2.3.4:1/2", "v4:10.2"), ("127.0.0.1:9", "loopback"), ("localhost:1/1", "loopback"),
    ("[2001:db8::1]:9/9", "v6:2001:db8"), ("2001:db8::1", "v6:2001:db8"), ("[::1]:3", "loopback"),
    ("a.node.example:9", "name:node.example"), ("10.2.3.400:1", "name:3.400"),
  ]) func `addresses fall into groups`(address: String, group: String) {
    #expect(AddressGroup(address: address).text == group)
  }
}
