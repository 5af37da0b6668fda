import Foundation
import NIOHTTP1
public import Primitives

/// An HTTP client for a node's API.
public struct NodeClient: Sendable {
  public let address: NetworkAddress

  /// `address`: `host:port`, with or without `http://`.
  ///
  /// - Throws: `ClientError.invalidAddress`, which says why.
  public init(_ address: String) throws {
    var text = Substring(address)
    if text.hasPrefix("http://") { text = text.dropFirst(7) }
    if text.hasSuffix("/") { text = text.dropLast() }
    do {
      self.address = try NetworkAddress(parsing: String(text))
    } catch {
      throw ClientError.invalidAddress(address, reason: "\(error)")
    }
    guard self.address.port > 0 else {
      throw ClientError.invalidAddress(address, reason: "has port 0, where nothing can be reached")
    }
  }

  /// Sends a query and decodes its answer.
  public func get<Value: Decodable & Sendable>(
    _ path: String,
    _ query: [(String, String?)] = [],
    as type: Value.Type = Value.self
  ) async throws -> Value {
    let target = Self.target(path, query)
    let response = try await HTTPConnection.with(address) { exchange in
      try await exchange.send(.GET, target)
      return try await exchange.receive()
    }
    return try Self.decode(response, path: target)
  }

  /// Sends a query whose answer is plain text.
  public func text(_ path: String) async throws -> String {
    let response = try await HTTPConnection.with(address) { exchange in
      try await exchange.send(.GET, path)
      return try await exchange.receive()
    }
    guard response.status == 200 else {
      throw ClientError.unexpectedAnswer(path: path, detail: "status \(response.status)")
    }
    return String(decoding: response.body, as: UTF8.self)
  }

  /// Posts `body` and decodes the answer.
  public func post<Value: Decodable & Sendable>(
    _ path: String,
    _ query: [(String, String?)] = [],
    body: [UInt8],
    as type: Value.Type = Value.self
  ) async throws -> Value {
    let target = Self.target(path, query)
    let response = try await HTTPConnection.with(address) { exchange in
      try await exchange.send(.POST, target, body: body)
      return try await exchange.receive()
    }
    return try Self.decode(response, path: target)
  }

  /// Posts many bodies over one connection, each after the answer to the one before. `next` returns the next
  /// body, or nil to end.
  public func postEach(
    _ path: String,
    _ next: @Sendable () async -> [UInt8]?,
    answered: @Sendable (Int, [UInt8]) async -> Void
  ) async throws {
    try await HTTPConnection.with(address) { exchange in
      while let body = await next() {
        try await exchange.send(.POST, path, body: body)
        let response = try await exchange.receive()
        await answered(response.status, response.body)
      }
    }
  }

  /// Calls `body` for each event of a stream until it returns false.
  ///
  /// - Throws: `ClientError.streamEnded` when the node ends the stream, the connection breaks, or nothing
  ///   arrives for three heartbeats.
  public func events<Value: Decodable & Sendable>(
    _ path: String,
    _ query: [(String, String?)] = [],
    as type: Value.Type = Value.self,
    _ body: @Sendable (Value) async throws -> Bool
  ) async throws {
    let target = Self.target(path, query)
    try await HTTPConnection.with(address, silence: .seconds(30)) { exchange in
      try await exchange.send(.GET, target, accept: "text/event-stream")
      let status = try await exchange.receiveStatus()
      guard status == 200 else {
        let answer = try await exchange.receive(into: .init(status: status, body: []))
        let _: Value = try Self.decode(answer, path: target)
        return
      }
      var reader = EventReader()
      while let piece = try await Self.piece(exchange) {
        for event in try reader.read(piece) {
          let data = Data(event.data)
          guard event.name != "end" else {
            let failure = try? Self.decoder.decode(Answer.Failure.self, from: data)
            throw ClientError.streamEnded(reason: failure?.message ?? "the node gives no reason")
          }
          let value: Value
          do {
            value = try Self.decoder.decode(Value.self, from: data)
          } catch {
            throw ClientError.unexpectedAnswer(path: target, detail: "\(error)")
          }
          guard try await body(value) else { return }
        }
      }
      throw ClientError.streamEnded(reason: "the connection ended")
    }
  }

  /// The next piece of a stream. Every error of the connection is reported as the end of the stream.
  private static func piece(_ exchange: HTTPConnection.Exchange) async throws -> [UInt8]? {
    do {
      return try await exchange.receivePiece()
    } catch let error as CancellationError {
      throw error
    } catch {
      throw ClientError.streamEnded(reason: "the connection broke: \(error)")
    }
  }

  private static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return decoder
  }

  private static func target(_ path: String, _ query: [(String, String?)]) -> String {
    let allowed = CharacterSet(charactersIn: "-._~").union(.alphanumerics)
    let pairs = query.compactMap { name, value in
      value.map { "\(name)=\($0.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")" }
    }
    return pairs.isEmpty ? path : path + "?" + pairs.joined(separator: "&")
  }

  private static func decode<Value: Decodable>(_ response: HTTPConnection.Response, path: String) throws
    -> Value
  {
    let data = Data(response.body)
    guard (200..<300).contains(response.status) else {
      if let failure = try? decoder.decode(Answer.Failure.self, from: data) {
        throw ClientError.refused(status: response.status, failure)
      }
      throw ClientError.unexpectedAnswer(path: path, detail: "status \(response.status)")
    }
    do {
      return try decoder.decode(Value.self, from: data)
    } catch {
      throw ClientError.unexpectedAnswer(path: path, detail: "\(error)")
    }
  }
}
