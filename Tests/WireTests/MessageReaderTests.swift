import Primitives
import Testing
import Wire

@Suite struct MessageReaderTests {
  /// The fields as text, `number:value`; nil where the bytes are refused.
  private func fields(_ hex: String) -> String? {
    var reader = MessageReader("test.Message", (Hex.decode(hex) ?? [])[...])
    var texts: [String] = []
    do throws(DecodingError) {
      while let field = try reader.next() {
        switch field.value {
        case .number(let number): texts.append("\(field.number):\(number)")
        case .bytes(let bytes): texts.append("\(field.number):[\(Hex.encode(bytes))]")
        }
      }
    } catch {
      #expect(error == .invalid(field: "test.Message"))
      return nil
    }
    return texts.joined(separator: " ")
  }

  @Test(
    arguments: [
      ("", ""), ("0800", "1:0"), ("08ac02", "1:300"), ("0a00", "1:[]"), ("0a020102", "1:[0102]"),
      ("fa3f017b", "1023:[7b]"), ("0801" + "1202aabb" + "0802", "1:1 2:[aabb] 1:2"),
      ("08ffffffffffffffffff01", "1:18446744073709551615"),
      // Cut off, too long for 64 bits, needlessly long.
      ("08", nil), ("0880", nil), ("0a", nil), ("0a0201", nil), ("08ffffffffffffffffff02", nil),
      ("08ffffffffffffffffffff01", nil), ("088000", nil), ("0a8000", nil), ("888000", nil),
      // A length near the end of the range.
      ("0affffffffffffffffff01", nil),
      // Fixed widths, groups, types that do not exist.
      ("090000000000000000", nil), ("0d00000000", nil), ("0b0c", nil), ("0e", nil), ("0f", nil),
    ] as [(String, String?)]
  )
  func `numbers in their shortest form and counted bytes are read, everything else is refused`(
    hex: String,
    expected: String?
  ) {
    #expect(fields(hex) == expected, "\(hex)")
  }

  @Test func `a field that may occur once may not occur twice or be spelled out as its default`() throws {
    var reader = MessageReader("test.Message", [])
    #expect(throws: DecodingError.self) { try reader.once(1, 0) }
    #expect(try reader.once(1, 7) == 7)
    #expect(throws: DecodingError.self) { try reader.once(1, 7) }
    #expect(throws: DecodingError.self) { try reader.once(2, []) }
    #expect(try reader.once(2, [1]) == [1])
    #expect(try reader.onceText(3, [0xc3, 0xa9]) == "é")
    #expect(throws: DecodingError.self) { try reader.onceText(4, [0xc3]) }
    #expect(try reader.onceMessage(5, []) == [])
    #expect(throws: DecodingError.self) { try reader.onceMessage(5, []) }
  }
}
