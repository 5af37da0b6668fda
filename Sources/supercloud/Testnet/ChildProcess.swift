import Foundation
import Glibc

/// A node that the testnet started: its own process, with its output in a log file.
final class ChildProcess: Sendable {
  let name: String
  let log: URL
  private let process = Process()

  /// Starts this program again with `arguments`.
  init(name: String, arguments: [String], log: URL) throws {
    self.name = name
    self.log = log
    process.executableURL = try Self.program()
    process.arguments = arguments
    let exists = FileManager.default.fileExists(atPath: log.path)
    guard exists || FileManager.default.createFile(atPath: log.path, contents: nil) else {
      throw Failure("the log \(log.path) cannot be written")
    }
    let output = try FileHandle(forWritingTo: log)
    try output.seekToEnd()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    try process.run()
  }

  /// The file of the running program, also after it was replaced by a newer build.
  static func program() throws -> URL {
    URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
  }

  var identifier: Int32 { process.processIdentifier }
  var isRunning: Bool { process.isRunning }
  /// How it ended, for a reader.
  var ending: String {
    process.terminationReason == .uncaughtSignal
      ? "killed by signal \(process.terminationStatus)" : "with status \(process.terminationStatus)"
  }

  func stop() {
    if process.isRunning { kill(process.processIdentifier, SIGTERM) }
  }

  func kill9() {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  /// Waits until the process ended, and ends it by force at the deadline.
  func waitForExit(within seconds: Double) async {
    let deadline = Date().addingTimeInterval(seconds)
    while process.isRunning {
      if Date() > deadline {
        kill9()
        process.waitUntilExit()
        return
      }
      try? await Task.sleep(for: .milliseconds(20))
    }
  }

  /// The last lines of the log, to show with a failure.
  func tail(lines count: Int = 15) -> String {
    let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").suffix(count).joined(separator: "\n")
  }
}

/// TCP and UDP ports of loopback that nothing listens on now.
enum FreePort {
  /// - Throws: `Failure` when the system has no free port.
  static func choose(excluding taken: inout Set<Int>) throws -> Int {
    for _ in 0..<200 {
      guard let port = bound(to: 0), !taken.contains(port), isFree(port) else { continue }
      taken.insert(port)
      return port
    }
    throw Failure("no free port was found on 127.0.0.1")
  }

  /// Whether both a TCP and a UDP socket can be bound to the port.
  static func isFree(_ port: Int) -> Bool {
    bound(to: port) != nil && bound(to: port, datagram: true) != nil
  }

  private static func bound(to port: Int, datagram: Bool = false) -> Int? {
    let kind = datagram ? SOCK_DGRAM.rawValue : SOCK_STREAM.rawValue
    let descriptor = socket(AF_INET, Int32(kind), 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    // As the nodes do: connections that ended a moment ago do not keep the port.
    var reuse: Int32 = 1
    if !datagram {
      setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
      }
    }
    return result ? Int(in_port_t(bigEndian: address.sin_port)) : nil
  }
}
