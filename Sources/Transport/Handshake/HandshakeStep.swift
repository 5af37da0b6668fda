import NIOCore
import Synchronization

/// A step of a stream's handshake that any thread can compute: its curve operations and signatures would block the event loop
/// for too long.
///
/// A session emits one step at a time and waits for its outcome.
struct HandshakeStep: Sendable {
  let handshake: SharedHandshake
  /// The peer's message to answer; nil to make the dialer's first message.
  let message: Handshake.Message?

  /// Computes the step: 50 to 200 microseconds.
  func run() -> Result<Handshake.Outcome, HandshakeFailure> {
    handshake.machine.withLock { machine in
      do throws(HandshakeFailure) {
        guard let message else { return .success(.reply(try machine.start())) }
        return .success(try machine.receive(message))
      } catch {
        return .failure(error)
      }
    }
  }
}

/// A handshake shared by its session and the thread that computes a step. They never use it at the same time.
final class SharedHandshake: Sendable {
  fileprivate let machine: Mutex<Handshake>

  init(_ handshake: consuming sending Handshake) { machine = Mutex(handshake) }

  /// Takes the next message from the front of `input` if all of it is there. Computes nothing.
  func nextMessage(from input: inout ByteBuffer) throws(HandshakeFailure) -> Handshake.Message? {
    try machine.withLock { (machine) throws(HandshakeFailure) in try machine.nextMessage(from: &input) }
  }
}
