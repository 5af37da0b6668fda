public import Chain
public import Cryptography
public import Foundation
import Primitives

/// Receives the bids on an order from a node until they suffice.
///
/// The node first sends the bids that it already has, so none is missed whenever the stream begins. When the
/// stream ends, it is opened again. Nothing that the node says of a bid is believed: provider, prices and offers are
/// those that the provider has signed.
public struct BidGathering {
  public struct Result: Sendable {
    /// The live bids.
    public internal(set) var bids: [Answer.Bid] = []
    public internal(set) var firstBidAt: Date?
    /// Whether the bids suffice; false when the timeout ended the gathering.
    public internal(set) var isComplete = false
    /// The reason why the last stream ended; nil while a stream is open and up to date.
    public internal(set) var interruption: String?
  }

  private let client: NodeClient
  private let order: Digest
  private let chain: ChainID
  private let timeout: Duration
  private let wait: Duration
  private let isComplete: ([Answer.Bid]) -> Bool

  /// `timeout`: how long to wait for a complete set of bids. `wait`: for cheaper bids after it.
  public init(
    client: NodeClient,
    order: Digest,
    chain: ChainID,
    timeout: Duration,
    wait: Duration,
    isComplete: @escaping ([Answer.Bid]) -> Bool
  ) {
    self.client = client
    self.order = order
    self.chain = chain
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

  /// Calls `arrived` once for each new bid, `dropped` with the reason for one that its provider has not signed for
  /// this order, and `interrupted` with the reason when a stream has ended and will be opened again.
  ///
  /// - Throws: `Failure` when the order leaves the node's book or the node refuses the stream.
  public func run(
    arrived: (Answer.Bid) -> Void,
    dropped: (String) -> Void,
    interrupted: (String) -> Void
  ) async throws -> Result {
    let (steps, sink) = AsyncStream<Step>.makeStream()
    let (client, order, chain, timeout, wait) = (client, order, chain, timeout, wait)
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
        case .event(.bidAdded(let claimed)):
          switch claimed.asSigned(for: order, on: chain) {
          case .success(let signed): if let bid = try progress.take(.bidAdded(signed)) { arrived(bid) }
          case .failure(let fault): if progress.isNew(claimed) { dropped(fault.what) }
          }
        case .event(let event): if let bid = try progress.take(event) { arrived(bid) }
        case .interrupted(let reason):
          if progress.result.interruption != reason { interrupted(reason) }
          progress.result.interruption = reason
        case .failed(let error): throw Failure(error)
        case .gathered:
          // A bid may have been withdrawn during the wait, so that the set is incomplete again; then keep
          // gathering.
          guard progress.isCurrent, isComplete(progress.result.bids) else {
            progress.isWaiting = false
            break
          }
          progress.result.isComplete = true
          return progress.result
        case .timeUp:
          // A set that was only waiting for cheaper bids is good.
          progress.result.isComplete = progress.isCurrent && isComplete(progress.result.bids)
          return progress.result
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
        let query = [("order", Optional(order.description))]
        try await client.events("/v1/market/events", query, as: Answer.MarketEvent.self) { event in
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

  /// The bids received so far.
  private struct Progress {
    var result = Result()
    /// Whether the current stream has sent all bids that the node had when the stream began.
    private(set) var isCurrent = false
    var isWaiting = false
    /// The bids of the current stream; they replace those of the former stream when the stream is current.
    private var fresh: [Answer.Bid] = []
    private var known: Set<String> = []

    mutating func begin() {
      isCurrent = false
      fresh = []
    }

    /// Whether nothing was said of a bid yet, in any stream.
    mutating func isNew(_ bid: Answer.Bid) -> Bool { known.insert(bid.identifier).inserted }

    /// Handles an event. Returns its bid if that is new, else nil.
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
        return isNew(bid) ? bid : nil
      case .bidRemoved(let bid, _):
        fresh.removeAll { $0.identifier == bid.identifier }
        if isCurrent { result.bids = fresh }
      case .orderRemoved(_, let reason):
        throw Failure(
          "the order has left the node's order book: \(reason)",
          why: "no bid on it can come any more",
          fix: "deploy again"
        )
      case .orderAdded, .leaseOpened, .leaseClosed: break
      }
      return nil
    }
  }
}

extension Answer.Bid {
  /// The bid as its provider has signed it for `order`, read from the signed bytes alone.
  func asSigned(for order: Digest, on chain: ChainID) -> Result<Answer.Bid, Failure> {
    let name = "the bid \(identifier.prefix(16))"
    guard let bytes = Hex.decode(encoded), let object = try? SignedObject(decoding: bytes, chain: chain),
      object.kind == .bid, let bid = try? Bid(decoding: object.body)
    else { return .failure(Failure("\(name) that the node sent cannot be read")) }
    guard bid.order == order else { return .failure(Failure("\(name) is for another order")) }
    guard object.signer == bid.provider,
      object.key.verifies(object.signature, domain: .bid, chain: chain.text, object.body)
    else { return .failure(Failure("\(name) is not signed by its provider")) }
    return .success(Answer.Bid(bid, object: object))
  }
}
