/// Events on their way from a node to one follower.
///
/// The node sends and never waits for the follower. What the follower has not taken yet is kept up to a limit; at
/// one more the feed ends for it. It gets what was kept, and then an error that says so.
public struct EventFeed<Event: Encodable & Sendable>: Sendable {
  enum Item: Sendable {
    case event(Event)
    /// Nothing happened for a while.
    case heartbeat
  }

  let items: AsyncThrowingStream<Item, any Error>
  private let continuation: AsyncThrowingStream<Item, any Error>.Continuation

  /// `limit`: how many events are kept, from 1.
  public init(limit: Int) {
    (items, continuation) = AsyncThrowingStream.makeStream(bufferingPolicy: .bufferingOldest(max(1, limit)))
  }

  /// False when the feed has ended, now or before.
  public func send(_ event: Event) -> Bool {
    switch continuation.yield(.event(event)) {
    case .enqueued: return true
    case .dropped:
      end(FeedEnd.tooSlow)
      return false
    case .terminated: return false
    @unknown default: return false
    }
  }

  /// Ends the feed after what was sent; the follower is told why.
  public func end(_ reason: FeedEnd) {
    continuation.finish(throwing: reason)
  }

  /// Calls `body` once, when the feed has ended or its follower has gone.
  public func whenEnded(_ body: @escaping @Sendable () -> Void) {
    continuation.onTermination = { _ in body() }
  }

  /// A full feed needs none: the follower has enough to read.
  func beat() {
    _ = continuation.yield(.heartbeat)
  }
}

/// Why a stream of events ends before the follower goes.
public enum FeedEnd: Error, Hashable, Sendable {
  /// The follower did not read as fast as events came.
  case tooSlow
  case nodeStops

  var failure: Answer.Failure {
    switch self {
    case .tooSlow:
      Answer.Failure(
        error: "too_slow",
        message: "events came faster than they were read, and the node keeps only some of them",
        fix: "open the stream again and read what was missed; a filter makes the events fewer"
      )
    case .nodeStops:
      Answer.Failure(error: "unavailable", message: "the node stops", fix: "open the stream again later")
    }
  }
}

/// What a follower gets: first how things are, then what happens.
public struct EventStream<Event: Encodable & Sendable>: Sendable {
  /// Told first.
  public var present: [Event]
  public var feed: EventFeed<Event>

  public init(present: [Event] = [], feed: EventFeed<Event>) {
    self.present = present
    self.feed = feed
  }
}
