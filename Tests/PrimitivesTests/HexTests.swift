import Primitives
import Testing

@Suite struct HexTests {
  @Test func `bytes are written in lower case and read in either`() {
    #expect(Hex.encode([0x00, 0x9F, 0xAB]) == "009fab")
    #expect(Hex.decode("009fab") == [0x00, 0x9F, 0xAB])
    #expect(Hex.decode("009FaB") == [0x00, 0x9F, 0xAB])
    #expect(Hex.encode([]) == "")
    #expect(Hex.decode("") == [])
  }

  @Test(
    arguments: ["0", "abc", "0g", "g0", "0x00", " 00", "00 ", "é"]
  )
  func `odd counts and other characters are refused`(text: String) {
    #expect(Hex.decode(text) == nil)
  }

  @Test func `every byte reads back`() {
    let bytes = (UInt8.min...UInt8.max).map { $0 }
    #expect(Hex.decode(Hex.encode(bytes)) == bytes)
  }
}
