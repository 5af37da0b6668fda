import API
import Chain
import Consensus
import Cryptography
import Foundation
import Gossip
import Primitives
import Replication
import Testing
import Transport

/// What errors say to people is a sentence: no name of a Swift case and no value as Swift writes it.
@Suite struct ErrorTextTests {
  static let texts: [String] = [
    "\(Primitives.DecodingError.invalid(field: "price"))", "\(Primitives.DecodingError.truncated)",
    "\(ArithmeticError.overflow)", "\(AddressError.mixedCase)", "\(AddressError.length(19))",
    "\(MnemonicError.unknownWord(index: 3))", "\(HDKeyError.tooDeep)",
    "\(SealedKeyFileError.passwordOrContent)", "\(CryptographyError.notAuthentic)",
    "\(LightError.certificate(.insufficientPower(1, needed: 3)))", "\(ValidatorSetError.empty)",
    "\(TransactionError.malformed(.trailingBytes))",
    "\(TransactionError.tooManyMessages(limit: 16))",
    "\(LeaseError.dial(.handshake(.refused(.wrongNetwork))))",
    "\(Transport.DisconnectReason.violation(.tooLarge))", "\(CloseReason.banned(seconds: 60))",
    "\(SnapshotJoin.InvalidPart.header(7))",
  ]

  @Test(arguments: texts) func `an error is a sentence of plain words`(_ text: String) {
    #expect(text.split(separator: " ").count >= 3)
    #expect(text.first?.isUppercase == false && !text.contains("("))
  }

  private struct Document: Decodable {
    struct Item: Decodable { var basisPoints: UInt8 }

    var name: String
    var items: [Item]
  }

  @Test(arguments: [
    (#"{"items": []}"#, "`name`: this field is missing"),
    (#"{"name": 5, "items": []}"#, "`name`: this must be a text"),
    (
      #"{"name": "a", "items": [{"basis_points": 1}, {"basis_points": "x"}]}"#,
      "`items[1].basis_points`: this must be a whole number"
    ),
    (
      #"{"name": "a", "items": [{"basis_points": 300}]}"#,
      "a number is out of range"
    ),
  ])
  func `a fault of a JSON document names its place and what must stand there`(
    _ json: String,
    _ text: String
  ) {
    let data = Data(json.utf8)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      _ = try decoder.decode(Document.self, from: data)
      Issue.record("it was decoded")
    } catch let error as Swift.DecodingError {
      #expect(JSONFault(error, in: data, snakeCase: true).description == text)
    } catch {
      Issue.record(error)
    }
  }
}
