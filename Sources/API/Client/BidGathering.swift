public import Cryptography
public import Foundation

/// Follows the bids on an order at a node until there are enough.
///
/// The node tells first what bids it has, so none is missed, whenever the stream begins. When the stream ends, it is
/// opened again.
public struct BidGathering {
  public struct Result: Sendable {
    /// Those that are live.
    public internal(set) var bids: [Answer.Bid] = []
    public internal(set) var firstBidAt: Date?
    /// False: the time was over before.
    public internal(set) var isComplete = false
    /// Why the node could not be followed last.
    public internal(set) var interruption: String?
  }

  private let client: NodeClient
  private let order: Digest
  private let timeout: Duration
  private let wait: Duration
  private let isComplete: ([Answer.Bid]) -> Bool

  /// `timeout`: how long to wait for a complete set of bids. `wait`: how much longer to wait for cheaper ones.
  public init(
    client: NodeClient,
    order: Digest,
    timeout: Duration,
    wait: Duration,
    isComplete: @escaping ([Answer.Bid]) -> Bool
  ) {
    self.client = client
    self.order = order
    self.timeout = timeout
    self.wait = wait
    self.isComplete = isComplete
  }

  private enum Step: Sendable {
    case connected
    case event(Answer.MarketEvent)
    case interrupted(String)
    case failed(ClientError)
    case gathered
    case timeUp
  }

  /// The pause before a stream that has ended is opened again.
  private static let pause = Duration.milliseconds(100)

  /// `arrived`: told each bid once, when it comes. `interrupted`: told why a stream ended, before it is opened again.
  ///
  /// - Throws: `Failure` when the order leaves the node's book or the node refuses the stream.
  public func run(arrived: (Answer.Bid) -> Void, interrupted: (String) -> Void) async throws -> Result {
    let (steps, sink) = AsyncStream<Step>.makeStream()
    let (client, order, timeout, wait) = (client, order, timeout, wait)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      defer { group.cancelAll() }
      group.addTask { await Self.follow(order, client, sink) }
      group.addTask {
        try await Task.sleep(for: timeout)
        sink.yield(.timeUp)
      }
      var progress = Progress()
      for await step in steps {
        switch step {
        case .connected: progress.begin()
        case .event(let event):
          if let bid = try progress.take(event) { arrived(bid) }
        case .interrupted(let reason):
          if progress.result.interruption != reason { interrupted(reason) }
          progress.result.interruption = reason
        case .failed(let error): throw Failure(error)
        case .gathered:
          progress.result.isComplete = true
          return progress.result
        case .timeUp: return progress.result
        }
        if !progress.isWaiting, progress.isCurrent, isComplete(progress.result.bids) {
          progress.isWaiting = true
          group.addTask {
            if wait > .zero { try await Task.sleep(for: wait) }
            sink.yield(.gathered)
          }
        }
      }
      throw CancellationError()
    }
  }

  private static func follow(_ order: Digest, _ client: NodeClient, _ sink: AsyncStream<Step>.Continuation)
    async
  {
    while !Task.isCancelled {
      sink.yield(.connected)
      do {
        try await client.events(
          "/v1/market/events",
          [("order", order.description)],
          as: Answer.MarketEvent.self
        ) { event in
          sink.yield(.event(event))
          return true
        }
      } catch let error as ClientError {
        switch error {
        case .streamEnded, .unreachable: sink.yield(.interrupted("\(error)"))
        case .refused(503, _): sink.yield(.interrupted("\(error)"))
        default: sink.yield(.failed(error))
        }
      } catch {
        if !Task.isCancelled { sink.yield(.interrupted("\(error)")) }
      }
      try? await Task.sleep(for: pause)
    }
  }

  /// What is known of the order's bids.
  private struct Progress {
    var result = Result()
    /// The node has told all that it had when the stream began.
    private(set) var isCurrent = false
    var isWaiting = false
    /// What a new stream has told until it was current.
    private var fresh: [Answer.Bid] = []
    private var known: Set<String> = []

    mutating func begin() {
      isCurrent = false
      fresh = []
    }

    /// The bid that the event brings for the first time.
    mutating func take(_ event: Answer.MarketEvent) throws -> Answer.Bid? {
      switch event {
      case .caughtUp:
        isCurrent = true
        result.bids = fresh
        result.interruption = nil
      case .bidAdded(let bid):
        fresh.removeAll { $0.identifier == bid.identifier }
        fresh.append(bid)
        if result.firstBidAt == nil { result.firstBidAt = Date() }
        if isCurrent { result.bids = fresh }
        return known.insert(bid.identifier).inserted ? bid : nil
      case .bidRemoved(let bid, _):
        fresh.removeAll { $0.identifier == bid.identifier }
        if isCurrent { result.bids = fresh }
      case .orderRemoved(_, let reason):
        throw Failure(
          "the order has left the node's order book: \(reason)",
          why: "no bid on it can come any more",
          fix: "deploy again; nothing was paid"
        )
      case .orderAdded, .leaseOpened, .leaseClosed: break
      }
      return nil
    }
  }
}
