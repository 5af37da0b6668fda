/// Parses a stream of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
///
/// The stream arrives in pieces, which may end anywhere, even within a character.
struct EventReader {
  struct Event: Equatable {
    /// The event's name; `message` when the stream gives none.
    var name = "message"
    var data: [UInt8] = []
  }

  /// The largest size of an event, in bytes.
  static let eventLimit = NodeClient.answerLimit

  private var line: [UInt8] = []
  private var event = Event()

  /// Takes the next piece of the stream. Returns the events that are complete with it.
  ///
  /// - Throws: `ClientError.answerTooLarge`.
  mutating func read(_ piece: [UInt8]) throws -> [Event] {
    var events: [Event] = []
    var rest = piece[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      line += rest[..<end]
      rest = rest[(end + 1)...]
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      if line.isEmpty {
        if !event.data.isEmpty { events.append(event) }
        event = Event()
      } else {
        take(line)
      }
      line = []
    }
    line += rest
    guard line.count + event.data.count <= Self.eventLimit else { throw ClientError.answerTooLarge }
    return events
  }

  /// Handles a line `field:value`. A line that begins with a colon is a comment, such as a heartbeat.
  private mutating func take(_ line: [UInt8]) {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
    var value = line[(colon + 1)...]
    if value.first == UInt8(ascii: " ") { value.removeFirst() }
    switch String(decoding: line[..<colon], as: UTF8.self) {
    case "event": event.name = String(decoding: value, as: UTF8.self)
    case "data":
      if !event.data.isEmpty { event.data.append(UInt8(ascii: "\n")) }
      event.data += value
    default: break
    }
  }
}
