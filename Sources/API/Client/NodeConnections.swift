import AsyncHTTPClient
import NIOCore
import NIOPosix
import Synchronization

/// The HTTP connections of this process. After an answer, a connection is kept for the next request to the
/// same node. A node has several connections only while several requests to it are open. Event streams have
/// connections of their own.
enum NodeConnections {
  private struct Clients {
    var requests: HTTPClient?
    var streams: HTTPClient?
  }

  private static let clients = Mutex(Clients())

  /// The most requests to one node at once; further ones wait. A node accepts at least as many from one
  /// address.
  private static let concurrent = 64

  /// The HTTP client for event streams, or the one for all other requests.
  static func client(isStream: Bool) -> HTTPClient {
    clients.withLock { clients in
      let place = isStream ? \Clients.streams : \Clients.requests
      if let client = clients[keyPath: place] { return client }
      let client = make(isStream: isStream)
      clients[keyPath: place] = client
      return client
    }
  }

  private static func make(isStream: Bool) -> HTTPClient {
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow,
      // A stream without data for the time of three heartbeats has ended. A request has its own timeout.
      timeout: .init(connect: .seconds(5), read: isStream ? .seconds(30) : nil),
      // A node keeps idle connections longer than this, so it does not close one while a request is on its
      // way.
      connectionPool: .init(
        idleTimeout: .seconds(10),
        concurrentHTTP1ConnectionsPerHostSoftLimit: concurrent
      ),
      decompression: .disabled
    )
    configuration.httpVersion = .http1Only
    // If a node does not run, the first failed attempt is reported at once and not repeated.
    configuration.connectionPool.retryConnectionEstablishment = false
    let group = MultiThreadedEventLoopGroup.singleton
    return HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
  }

  /// Closes all connections. Requests that wait for an answer fail.
  static func close() async {
    let open = clients.withLock { clients in
      defer { clients = Clients() }
      return [clients.requests, clients.streams].compactMap(\.self)
    }
    // A shutdown fails only when the client is shut down already.
    for client in open { try? await client.shutdown() }
  }
}
