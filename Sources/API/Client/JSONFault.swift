public import Foundation
import Primitives

/// An error in a JSON document: the place and the problem. It explains Foundation's decoding errors in plain
/// words.
public struct JSONFault: CustomStringConvertible, Sendable {
  /// The place, such as `steps[3].amount`; empty when the document is not JSON at all.
  public private(set) var path = ""
  public private(set) var text: String

  public var description: String { path.isEmpty ? text : "`\(path)`: \(text)" }

  /// `data` is the document; if it is given and is not valid JSON, the text names the place of the syntax
  /// error. With `snakeCase`, keys are shown in snake_case, as the document spells them.
  public init(_ error: Swift.DecodingError, in data: Data? = nil, snakeCase: Bool = false) {
    var keys: [any CodingKey]
    switch error {
    case .typeMismatch(let type, let context):
      (keys, text) = (context.codingPath, "this must be \(Self.word(for: type))")
    case .valueNotFound(_, let context): (keys, text) = (context.codingPath, "this must not be null")
    case .keyNotFound(let key, let context):
      (keys, text) = (context.codingPath + [key], "this field is missing")
    case .dataCorrupted(let context): (keys, text) = (context.codingPath, Self.corruption(context, in: data))
    @unknown default: (keys, text) = ([], "this cannot be decoded")
    }
    for key in keys {
      if let index = key.intValue {
        path += "[\(index)]"
      } else {
        path +=
          (path.isEmpty ? "" : ".") + (snakeCase ? Spelling.snakeCase(key.stringValue) : key.stringValue)
      }
    }
  }

  private static func word(for type: any Any.Type) -> String {
    switch type {
    case is String.Type: "a text"
    case is Bool.Type: "true or false"
    case is any FixedWidthInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    case is [Any].Type: "a list"
    case is [String: Any].Type: "an object"
    default: "of another type"
    }
  }

  /// The text for a `dataCorrupted` error. For a number out of range, it is a text of this type. Another error
  /// keeps its text if it has a place in the document. Otherwise the text is Foundation's description of the
  /// syntax error; if the document is valid JSON, the cause is a number out of range.
  private static func corruption(_ context: Swift.DecodingError.Context, in data: Data?) -> String {
    let text = context.debugDescription
    if text.hasPrefix("Parsed JSON number") || text.contains("not representable") {
      return "the number is out of range"
    }
    guard context.codingPath.isEmpty else { return text }
    let detail = (context.underlyingError as NSError?)?.userInfo["NSDebugDescription"] as? String
    guard detail == nil, let data else { return detail ?? text }
    do {
      _ = try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)
      // The document is valid JSON. Foundation reports a number that its type cannot hold this way, without a
      // place.
      return "a number is out of range"
    } catch {
      return (error as NSError).userInfo["NSDebugDescription"] as? String ?? text
    }
  }
}
