import Primitives
import Testing

@Suite struct NetworkAddressTests {
  @Test(
    arguments: [
      ("192.0.2.1:26656", "192.0.2.1", 26_656), ("node.example:80", "node.example", 80), ("a:0", "a", 0),
      ("[2001:db8::1]:65535", "2001:db8::1", 65_535), ("[::ffff:192.0.2.1]:1", "::ffff:192.0.2.1", 1),
      ("[fe80::1%eth0]:1", "fe80::1%eth0", 1),
    ] as [(String, String, UInt16)]
  )
  func `an address is read, and written as it was read`(_ text: String, _ host: String, _ port: UInt16) throws
  {
    let address = try NetworkAddress(parsing: text)
    #expect(address == NetworkAddress(host: host, port: port))
    #expect(address.description == text)
  }

  @Test(arguments: [
    ("", "names no port"), ("a", "names no port"), (":1", "names no host"), ("[::]x:1", "without brackets"),
    ("a:", "not a port"), ("a:70000", "`70000`"), ("a:-1", "`-1`"), ("a:+1", "`+1`"), ("a:1/2", "`1/2`"),
    ("2001:db8::1:1", "without brackets"), ("[192.0.2.1]:1", "not an IPv6 address"),
    ("[[::1]]:1", "a character that none has"), ("a b:1", "a character that none has"),
    ("http://a:1", "without brackets"), ("key@a:1", "a character that none has"),
    (String(repeating: "a", count: 254) + ":1", "more than 253 bytes"),
  ])
  func `what is no address is refused in words`(_ text: String, _ words: String) {
    #expect(NetworkAddress(text) == nil)
    let error = #expect(throws: NetworkAddress.Malformed.self) { try NetworkAddress(parsing: text) }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test func `brackets around a host are no part of it`() {
    #expect(NetworkAddress(host: "[::1]", port: 1) == NetworkAddress(host: "::1", port: 1))
  }

  @Test func `a record's address has a UDP port too`() {
    for text in ["[::1]:7", "[::1]:7/8"] { #expect(NetworkAddress(record: text)?.description == "[::1]:7") }
    for text in ["a:1/", "a:1/x", "a:1/2/3", "a:1/+2", "/1", "a/1", ""] {
      #expect(NetworkAddress(record: text) == nil, "\(text)")
    }
  }
}
