import NIOCore
import Synchronization

/// The next step of a stream's handshake, to be computed on any thread: curve operations and signatures take too long
/// for an event loop that others wait for.
///
/// A session gives out one step at a time and does not go on before it has the outcome.
struct HandshakeStep: Sendable {
  enum Task: Sendable {
    /// The dialer's first message.
    case start
    /// The answer to a message of the other end.
    case answer(Handshake.Message)
  }

  let handshake: SharedHandshake
  let task: Task

  /// Computes the step: 50 to 200 microseconds.
  func run() -> Result<Handshake.Step, HandshakeFailure> {
    handshake.run(task)
  }
}

/// A handshake that its session and the thread that computes a step both refer to. Never both at a time.
final class SharedHandshake: Sendable {
  private let machine: Mutex<Handshake>

  init(_ handshake: consuming sending Handshake) {
    machine = Mutex(handshake)
  }

  /// Takes the next message from the front of `input` when it is there whole; computes nothing.
  func nextMessage(from input: inout ByteBuffer) throws(HandshakeFailure) -> Handshake.Message? {
    // A copy of the buffer's indices: a lock's closure may not take a borrowed one.
    var rest = input
    let message = try machine.withLock { (machine) throws(HandshakeFailure) in
      try machine.nextMessage(from: &rest)
    }
    input = rest
    return message
  }

  fileprivate func run(_ task: HandshakeStep.Task) -> Result<Handshake.Step, HandshakeFailure> {
    machine.withLock { machine in
      do throws(HandshakeFailure) {
        switch task {
        case .start: return .success(.reply(try machine.start()))
        case .answer(let message): return .success(try machine.receive(message))
        }
      } catch {
        return .failure(error)
      }
    }
  }
}
