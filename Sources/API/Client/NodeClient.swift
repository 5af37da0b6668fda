import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
public import Primitives

/// An HTTP client for a node's API. All clients of a process share its connections.
public struct NodeClient: Sendable {
  public let address: NetworkAddress
  /// The limit for the time until a whole answer has arrived, also one that waits for a block; nil: 60 s for a
  /// query and 120 s for a submission. A request can name another one.
  public var timeout: Duration?

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

  /// The largest accepted answer, in bytes; a larger one is an error.
  static let answerLimit = 64 << 20

  /// Closes the connections that this process keeps to nodes. Call it before the program ends.
  public static func closeConnections() async {
    await NodeConnections.close()
  }

  /// Sends a query and decodes its answer.
  ///
  /// `timeout`: the limit for the time until the whole answer has arrived; nil for the client's.
  ///
  /// - Throws: `ClientError`, or `CancellationError`.
  public func get<Value: Decodable & Sendable>(
    _ path: String,
    _ query: [(String, String?)] = [],
    timeout: Duration? = nil,
    as type: Value.Type = Value.self
  ) async throws -> Value {
    let target = Self.target(path, query)
    let limit = timeout ?? self.timeout ?? .seconds(60)
    return try Self.decode(try await exchange(.GET, target, timeout: limit), path: target)
  }

  /// Sends a query whose answer is plain text.
  ///
  /// - Throws: As `get`.
  public func text(_ path: String, timeout: Duration? = nil) async throws -> String {
    let limit = timeout ?? self.timeout ?? .seconds(60)
    let response = try await exchange(.GET, Self.target(path, []), timeout: limit)
    guard response.status == 200 else {
      throw ClientError.unexpectedAnswer(path: path, detail: "status \(response.status)")
    }
    return String(decoding: response.body.readableBytesView, as: UTF8.self)
  }

  /// Posts `body` and decodes the answer.
  ///
  /// `timeout`: the limit for the time until the whole answer has arrived, including any wait for a block; nil
  /// for the client's.
  ///
  /// - Throws: As `get`.
  public func post<Value: Decodable & Sendable>(
    _ path: String,
    _ query: [(String, String?)] = [],
    body: [UInt8],
    timeout: Duration? = nil,
    as type: Value.Type = Value.self
  ) async throws -> Value {
    let target = Self.target(path, query)
    let limit = timeout ?? self.timeout ?? .seconds(120)
    return try Self.decode(try await exchange(.POST, target, body: body, timeout: limit), path: target)
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
    let response = try await reaching { try await start(.GET, target, accept: "text/event-stream") }
    guard response.status == .ok else {
      let bytes = try await reaching { try await response.body.collect(upTo: Self.answerLimit) }
      throw Self.refusal(Response(status: Int(response.status.code), body: bytes), path: target)
    }
    var reader = EventReader()
    var pieces = response.body.makeAsyncIterator()
    while true {
      let piece: ByteBuffer?
      do {
        piece = try await pieces.next()
      } catch {
        try Task.checkCancellation()
        throw ClientError.streamEnded(reason: "the connection broke: \(ClientError.words(error))")
      }
      try Task.checkCancellation()
      guard let piece else { throw ClientError.streamEnded(reason: "the connection ended") }
      for event in try reader.read(Array(piece.readableBytesView)) {
        guard event.name != "end" else {
          let failure = try? Self.decoder.decode(Answer.Failure.self, from: Data(event.data))
          throw ClientError.streamEnded(reason: failure?.message ?? "the node gives no reason")
        }
        let value = try Self.decode(event.data, as: Value.self, path: target)
        guard try await body(value) else { return }
      }
    }
  }

  // MARK: HTTP

  private struct Response: Sendable {
    var status: Int
    var body: ByteBuffer

    var data: Data { Data(body.readableBytesView) }
  }

  /// Sends a request and waits for the whole answer.
  private func exchange(
    _ method: HTTPMethod,
    _ target: String,
    body: [UInt8] = [],
    timeout: Duration
  ) async throws -> Response {
    try await withThrowingTaskGroup(of: Response.self) { group in
      group.addTask {
        try await reaching {
          let response = try await start(method, target, body: body)
          let bytes = try await response.body.collect(upTo: Self.answerLimit)
          return Response(status: Int(response.status.code), body: bytes)
        }
      }
      group.addTask {
        try await Task.sleep(for: timeout)
        throw ClientError.timedOut(address: "\(address)", seconds: timeout / .seconds(1))
      }
      defer { group.cancelAll() }
      // The group has two tasks, so there is a first result.
      guard let first = try await group.next() else { throw CancellationError() }
      return first
    }
  }

  private func start(
    _ method: HTTPMethod,
    _ target: String,
    body: [UInt8] = [],
    accept: String = "application/json"
  ) async throws -> HTTPClientResponse {
    var request = HTTPClientRequest(url: "http://\(address)\(target)")
    request.method = method
    request.headers.add(name: "accept", value: accept)
    if !body.isEmpty { request.body = .bytes(ByteBuffer(bytes: body)) }
    let client = NodeConnections.client(isStream: accept == "text/event-stream")
    return try await client.execute(request, deadline: .distantFuture)
  }

  /// Runs `body` and converts errors of the HTTP client to `ClientError`.
  private func reaching<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch {
      try Task.checkCancellation()
      throw ClientError(error, at: address)
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
    let place = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path
    return pairs.isEmpty ? place : place + "?" + pairs.joined(separator: "&")
  }

  private static func decode<Value: Decodable>(_ response: Response, path: String) throws -> Value {
    guard (200..<300).contains(response.status) else { throw refusal(response, path: path) }
    return try decode(response.body.readableBytesView, as: Value.self, path: path)
  }

  private static func decode<Value: Decodable>(_ bytes: some Sequence<UInt8>, as: Value.Type, path: String)
    throws
    -> Value
  {
    do {
      return try decoder.decode(Value.self, from: Data(bytes))
    } catch {
      throw ClientError.unexpectedAnswer(path: path, detail: "\(error)")
    }
  }

  private static func refusal(_ response: Response, path: String) -> ClientError {
    guard let failure = try? decoder.decode(Answer.Failure.self, from: response.data) else {
      return .unexpectedAnswer(path: path, detail: "status \(response.status)")
    }
    return .refused(status: response.status, failure)
  }
}
