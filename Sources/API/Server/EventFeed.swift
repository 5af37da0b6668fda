/// A queue of events from a node to one follower.
///
/// The node never waits for the follower. Events that the follower has not read are kept, up to a limit; an
/// event beyond the limit ends the feed. The follower then gets the kept events, followed by an error.
public struct EventFeed<Event: Encodable & Sendable>: Sendable {
  enum Item: Sendable {
    case event(Event)
    /// Sent when nothing has happened for a while.
    case heartbeat
  }

  let items: AsyncThrowingStream<Item, any Error>
  /// The node's end. Holding it does not keep the feed alive: the feed ends when its follower is gone.
  public let sender: Sender

  /// `limit`: the largest number of kept events, at least 1.
  public init(limit: Int) {
    let (items, continuation) = AsyncThrowingStream<Item, any Error>.makeStream(
      bufferingPolicy: .bufferingOldest(max(1, limit))
    )
    self.items = items
    sender = Sender(continuation: continuation)
  }

  /// Sends events into a feed.
  public struct Sender: Sendable {
    let continuation: AsyncThrowingStream<Item, any Error>.Continuation

    /// Sends an event. Returns false when the feed has ended, also because this event exceeded the limit.
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

    /// Ends the feed; the follower first gets the kept events and then the reason.
    public func end(_ reason: FeedEnd) {
      continuation.finish(throwing: reason)
    }

    /// Calls `body` once, when the feed has ended or its follower has disconnected.
    public func whenEnded(_ body: @escaping @Sendable () -> Void) {
      continuation.onTermination = { _ in body() }
    }

    /// Sends a heartbeat. A full feed drops it, which does no harm: the follower has events to read.
    func sendHeartbeat() {
      _ = continuation.yield(.heartbeat)
    }
  }
}

/// Why the node ends a stream of events.
public enum FeedEnd: Error, Hashable, Sendable {
  /// The follower read more slowly than events occurred.
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

/// A stream for a follower: the current state, then the changes.
public struct EventStream<Event: Encodable & Sendable>: Sendable {
  /// The events that describe the current state; they are sent first.
  public var initialEvents: [Event]
  public var feed: EventFeed<Event>

  public init(initialEvents: [Event] = [], feed: EventFeed<Event>) {
    self.initialEvents = initialEvents
    self.feed = feed
  }
}
