/// Takes a stream of server-sent events apart (https://html.spec.whatwg.org/multipage/server-sent-events.html).
///
/// Pieces may end anywhere, in the middle of a character too.
struct EventReader {
  struct Event: Equatable {
    /// `message` where the event names none.
    var name = "message"
    var data: [UInt8] = []
  }

  /// The longest line that is put together.
  static let lineLimit = HTTPConnection.bodyLimit

  private var line: [UInt8] = []
  private var event = Event()

  /// The events that are whole with `piece`.
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
    guard line.count + event.data.count <= Self.lineLimit else { throw ClientError.answerTooLarge }
    return events
  }

  /// A line is `field:value`; one that begins with a colon is a comment, such as a heartbeat.
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
