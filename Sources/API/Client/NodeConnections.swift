import AsyncHTTPClient
import NIOCore
import NIOPosix
import Synchronization

/// The HTTP connections of this process. After an answer, one is kept for the next request to the same node; there are
/// more only while several requests to it are open at once. Streams of events have connections of their own.
enum NodeConnections {
  private struct Clients {
    var requests: HTTPClient?
    var streams: HTTPClient?
  }

  private static let clients = Mutex(Clients())

  /// How many requests to one node are open at once; further ones wait. A node accepts as many from one address.
  private static let concurrent = 64

  /// The client for streams of events, or for all else.
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
      // A stream on which nothing comes for three heartbeats has ended; a request has its own timeout.
      timeout: .init(connect: .seconds(5), read: isStream ? .seconds(30) : nil),
      // Shorter than a node keeps idle connections, so that it does not close one while a request is on its way.
      connectionPool: .init(
        idleTimeout: .seconds(10),
        concurrentHTTP1ConnectionsPerHostSoftLimit: concurrent
      ),
      decompression: .disabled
    )
    configuration.httpVersion = .http1Only
    // A node that does not run is reported at once, not after several attempts.
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
