import Foundation
import Glibc
import Synchronization

/// The program at a terminal: a person can be asked, and answers.
final class Terminal {
  private final class Received: Sendable {
    let bytes = Mutex<[UInt8]>([])
  }

  private let process: Process
  private let controller: FileHandle
  /// The program's end. It stays open here, because reading from a terminal without one fails.
  private let terminal: FileHandle
  private let received = Received()

  init(_ arguments: [String]) throws {
    let descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    controller = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    // TIOCSPTLCK and TIOCGPTN of Linux: unlock the other end, and its number.
    var (isLocked, number) = (Int32(0), UInt32(0))
    guard descriptor >= 0, ioctl(descriptor, 0x4004_5431, &isLocked) == 0,
      ioctl(descriptor, 0x8004_5430, &number) == 0
    else { throw TestFailure("there is no terminal: \(String(cString: strerror(errno)))") }
    let other = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard other >= 0 else { throw TestFailure("there is no /dev/pts/\(number)") }
    terminal = FileHandle(fileDescriptor: other, closeOnDealloc: true)
    process = Program.process(arguments)
    process.standardInput = terminal
    process.standardOutput = terminal
    process.standardError = terminal
    controller.readabilityHandler = { [received] handle in
      let data = handle.availableData
      received.bytes.withLock { $0 += data }
    }
    try process.run()
  }

  deinit {
    controller.readabilityHandler = nil
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  var text: String { received.bytes.withLock { String(decoding: $0, as: UTF8.self) } }

  func expect(_ words: String) async throws {
    guard await Program.until(seconds: 60, { self.text.contains(words) }) else {
      throw TestFailure("`\(words)` does not come: \(text)")
    }
  }

  func answer(_ line: String) throws { try controller.write(contentsOf: Data((line + "\n").utf8)) }

  /// Waits for the end; returns the exit status.
  func end() async throws -> Int32 {
    guard await Program.until(seconds: 60, { !self.process.isRunning }) else {
      throw TestFailure("it does not end: \(text)")
    }
    return process.terminationStatus
  }
}
