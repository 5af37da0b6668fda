import Cryptography
import Logging
import NIOCore
import Primitives
import Synchronization

/// Why a request to a provider got no response.
public enum LeaseError: Error, Hashable, Sendable {
  case dial(DialFailure)
  /// The session ended before the response came.
  case closed(DisconnectReason)
  /// The message exceeds the size limit of its type.
  case tooLarge
  /// No response came in time; the session stays open.
  case timedOut
  /// The caller's task was cancelled.
  case cancelled
}

/// A message of the provider on a lease session.
public struct LeaseFrame: Hashable, Sendable {
  public let type: UInt8
  public let bytes: [UInt8]
}

/// A tenant's connection to a provider: requests with responses, and messages that the provider pushes.
///
/// The handshake proves the account keys of both ends. So the provider knows whose lease a request is about, and the tenant
/// that the manifest goes to the right provider.
public final class LeaseConnection: Sendable {
  /// The provider's account key.
  public let provider: PublicKey
  /// Messages that the provider pushes. One task must consume them: while more than 1 MiB of them waits, the
  /// connection is not read, so responses do not arrive either.
  public let pushes: LeasePushes
  private let client: LeaseClient

  private init(client: LeaseClient, provider: PublicKey) {
    self.client = client
    self.provider = provider
    pushes = LeasePushes(client: client)
  }

  /// Connects to the provider's node, at the port on which it listens for peers and tenants.
  ///
  /// `provider` is the expected provider, by key or by account address. `frames` is the largest payload per frame type, in
  /// either direction. Throws `dial` when no session comes about.
  public static func connect(
    to address: NetworkAddress,
    provider: ExpectedPeer,
    account: SigningKey,
    network: NetworkIdentity,
    frames: FrameLimits,
    timing: TransportTiming = TransportTiming(),
    on group: any EventLoopGroup,
    logger: Logger = Endpoint.silentLogger
  ) async throws(LeaseError) -> LeaseConnection {
    var configuration = TransportConfiguration(
      network: network,
      // The node key is not used: this endpoint neither listens nor dials peers.
      identity: LocalIdentity(node: account, account: account),
      listen: nil,
      frames: FrameLimits([:])
    )
    configuration.leaseFrames = frames
    configuration.timing = timing
    configuration.datagrams = nil
    configuration.acknowledgesEvents = true
    let client = LeaseClient(frameLimits: frames)
    do {
      let endpoint = try await Endpoint.start(configuration, on: group, logger: logger) { events in
        client.handle(events)
      }
      client.attach(endpoint)
    } catch {
      throw .dial(.unreachable("\(error)"))
    }
    do throws(LeaseError) {
      let key = try await client.open(address, provider)
      return LeaseConnection(client: client, provider: key)
    } catch {
      await client.shutdown()
      throw error
    }
  }

  /// Sends a request and waits for its response. After a timeout the session can still be used.
  public func request(
    type: UInt8,
    bytes: [UInt8],
    timeout: Interval = .seconds(30)
  ) async throws(LeaseError) -> LeaseFrame {
    try await client.request(type: type, bytes: bytes, timeout: timeout)
  }

  /// Sends a message that has no response.
  public func send(type: UInt8, bytes: [UInt8]) throws(LeaseError) {
    try client.send(type: type, bytes: bytes)
  }

  /// Ends the session and closes its socket. Requests under way fail with `closed`.
  public func close() async { await client.shutdown() }
}

/// The messages that a provider pushes, in order. The sequence ends when the session ends.
public struct LeasePushes: AsyncSequence, AsyncIteratorProtocol, Sendable {
  fileprivate let client: LeaseClient

  public func makeAsyncIterator() -> LeasePushes { self }

  public func next() async -> LeaseFrame? { await client.nextPush() }

  public func next(isolation actor: isolated (any Actor)?) async -> LeaseFrame? { await client.nextPush() }
}
