import Hummingbird
import NIOCore
import Synchronization

// Routes for the streams of server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html).
extension APIServer {
  func events(_ router: Router<ConnectionContext>) {
    let (node, heartbeat) = (node, connections.heartbeat)
    router.get("v1/events") { _, context in
      try await Self.response(node.events(), heartbeat, context.channel)
    }
    router.get("v1/market/events") { request, context in
      let filter = MarketFilter(
        order: request.query("order"),
        owner: request.query("owner"),
        provider: request.query("provider")
      )
      return try await Self.response(node.marketEvents(filter), heartbeat, context.channel)
    }
  }

  private static func response<Event>(
    _ stream: EventStream<Event>,
    _ heartbeat: Duration,
    _ channel: any Channel
  ) -> Response {
    Response(
      status: .ok,
      headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
      body: ResponseBody { writer in
        let watch = WriteWatch()
        let pulse = Task {
          while (try? await Task.sleep(for: heartbeat)) != nil {
            guard !watch.hasWaited(for: heartbeat) else { return channel.close(promise: nil) }
            stream.feed.sender.sendHeartbeat()
          }
        }
        defer {
          pulse.cancel()
          stream.feed.sender.end(.nodeStops)
        }
        var texts = EventTexts(stream)
        while let text = try await texts.next() {
          watch.begin()
          try await writer.write(text)
          watch.end()
        }
        try await writer.finish(nil)
      }
    )
  }
}

/// Measures how long the current write has waited for a client that does not read.
private final class WriteWatch: Sendable {
  private let since = Mutex<ContinuousClock.Instant?>(nil)

  func begin() { since.withLock { $0 = .now } }
  func end() { since.withLock { $0 = nil } }

  func hasWaited(for duration: Duration) -> Bool {
    since.withLock { $0.map { .now - $0 >= duration } ?? false }
  }
}

/// Converts a stream of events into the text of the response.
private struct EventTexts<Event: Encodable & Sendable> {
  private var present: IndexingIterator<[Event]>
  private var items: AsyncThrowingStream<EventFeed<Event>.Item, any Error>.AsyncIterator
  private var hasEnded = false

  init(_ stream: EventStream<Event>) {
    present = stream.initialEvents.makeIterator()
    items = stream.feed.items.makeAsyncIterator()
  }

  /// The next event, or a heartbeat when the stream is quiet; nil after the text that ends the stream.
  mutating func next() async throws -> ByteBuffer? {
    if hasEnded { return nil }
    if let event = present.next() { return try Self.text("data:", event) }
    let item: EventFeed<Event>.Item?
    let end: FeedEnd
    do {
      (item, end) = (try await items.next(isolation: #isolation), .nodeStops)
    } catch let reason as FeedEnd {
      (item, end) = (nil, reason)
    }
    switch item {
    case .event(let event): return try Self.text("data:", event)
    case .heartbeat: return ByteBuffer(string: ":\n\n")
    case nil:
      hasEnded = true
      return try Self.text("event:end\ndata:", end.failure)
    }
  }

  private static func text(_ head: String, _ value: some Encodable) throws -> ByteBuffer {
    var buffer = ByteBuffer(string: head)
    buffer.writeBytes(try JSON(value).bytes)
    buffer.writeString("\n\n")
    return buffer
  }
}

/// The context of a request, with its connection.
struct ConnectionContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }
}
