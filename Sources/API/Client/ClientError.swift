import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Foundation
import NIOPosix
import Primitives

/// Why a request to a node failed.
public enum ClientError: Error, CustomStringConvertible, Sendable {
  case invalidAddress(String, reason: String)
  /// The connection could not be opened, it ended before the answer, or nothing came on it for 30 s. All other
  /// errors of the HTTP client that have no case of their own are reported as this one too.
  case unreachable(address: String, reason: String)
  /// The connection is open, but the whole answer did not come in time.
  case timedOut(address: String, seconds: Double)
  /// The server at the address does not speak HTTP.
  case notHTTP(address: String)
  case answerTooLarge
  /// The answer does not have the expected form.
  case unexpectedAnswer(path: String, detail: String)
  /// The node or the network ended a stream of events.
  case streamEnded(reason: String)
  /// The node refused the request.
  case refused(status: Int, Answer.Failure)

  public var description: String {
    switch self {
    case .invalidAddress(let text, let reason):
      "`\(text)` is not an address such as 127.0.0.1:26657: it \(reason)"
    case .unreachable(let address, let reason): "the node at \(address) does not answer: \(reason)"
    case .timedOut(let address, let seconds):
      "\(address) did not answer within \(((seconds * 10).rounded() / 10).formatted()) s"
    case .notHTTP(let address): "what answers at \(address) does not speak HTTP"
    case .answerTooLarge: "the answer is larger than \(NodeClient.answerLimit >> 20) MiB"
    case .unexpectedAnswer(let path, let detail): "the node answered \(path) with something else: \(detail)"
    case .streamEnded(let reason): "the node's stream of events ended: \(reason)"
    case .refused(_, let failure): failure.message
    }
  }
}

extension ClientError {
  /// Converts an error of the HTTP client in a request to `address`.
  init(_ error: any Error, at address: NetworkAddress) {
    switch error {
    case let error as ClientError: self = error
    case is NIOTooManyBytesError: self = .answerTooLarge
    case is HTTPParserError: self = .notHTTP(address: "\(address)")
    default: self = .unreachable(address: "\(address)", reason: Self.words(error))
    }
  }

  /// Describes a connection's error in plain words.
  static func words(_ error: any Error) -> String {
    switch error {
    case let error as NIOConnectionError: words(error)
    case let error as HTTPClientError: words(error)
    case let error as IOError: words(error)
    default: "\(error)"
    }
  }

  private static func words(_ error: HTTPClientError) -> String {
    switch error {
    case .remoteConnectionClosed:
      "it closed the connection without an answer; perhaps this port is not for HTTP"
    case .readTimeout: "nothing came for 30 s"
    case .connectTimeout: "no connection came about within 5 s"
    default: error.shortDescription
    }
  }

  private static func words(_ error: NIOConnectionError) -> String {
    let failures = error.connectionErrors.map(\.error)
    if failures.isEmpty, error.dnsAError != nil || error.dnsAAAAError != nil {
      return "the name \(error.host) is not known"
    }
    guard let failure = failures.first as? IOError else {
      return failures.first.map { "\($0)" } ?? "no connection came about"
    }
    return words(failure)
  }

  private static func words(_ error: IOError) -> String {
    error.errnoCode == ECONNREFUSED
      ? "nothing listens there; the node does not run, or its HTTP port is another"
      : String(cString: strerror(error.errnoCode))
  }
}
