import Foundation
import Glibc

/// Why a program did not start.
struct LaunchError: Error, Hashable, CustomStringConvertible {
  var path: String
  var code: Int32

  var description: String { "\(path): \(String(cString: strerror(code)))" }

  /// Refuses texts with a NUL: a C string ends at the first one, and the rest would be lost silently.
  static func check(
    _ path: String,
    _ arguments: [String],
    _ environment: [String: String]
  ) throws(LaunchError) {
    let texts = [path] + arguments + environment.flatMap { [$0.key, $0.value] }
    guard texts.allSatisfy({ !$0.utf8.contains(0) }) else { throw LaunchError(path: path, code: EINVAL) }
  }
}

/// Starts programs that outlive the provider: in a session of their own, with default signal handling and no
/// inherited descriptor beyond the three standard ones. A lock or socket that a workload inherited would stay
/// open after the provider's end.
///
/// swift-subprocess does not serve here, because its programs end with the call that runs them. `Command` runs
/// programs to their end.
enum ProcessLauncher {
  /// `POSIX_SPAWN_SETSID` of glibc 2.26 and later; its header defines it only with `_GNU_SOURCE`.
  private static let newSession: Int16 = 0x80

  /// Starts `path`; output and errors are appended to the two files. `inherited`: descriptors of this process,
  /// by their numbers in the program; see `numbers(for:)`.
  static func spawn(
    _ path: String,
    arguments: [String],
    environment: [String: String],
    input: String = "/dev/null",
    output: String,
    errors: String,
    inherited: [Int32: Int32] = [:]
  ) throws(LaunchError) -> pid_t {
    try LaunchError.check(path, arguments, environment)
    let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let append = O_WRONLY | O_CREAT | O_APPEND
    posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, append, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, errors, append, 0o600)
    for descriptor in inheritedDescriptors() { posix_spawn_file_actions_addclose(&actions, descriptor) }
    for (number, descriptor) in inherited {
      posix_spawn_file_actions_adddup2(&actions, descriptor, number)
    }

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    let flags = newSession | Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF)
    posix_spawnattr_setflags(&attributes, flags)

    var process: pid_t = 0
    let code = withCStrings([path] + arguments) { arguments in
      withCStrings(variables) { variables in
        posix_spawn(&process, path, &actions, &attributes, arguments, variables)
      }
    }
    guard code == 0 else { throw LaunchError(path: path, code: code) }
    return process
  }

  /// A number for each descriptor in a program that inherits it. They are above all of them, so that none is
  /// overwritten before it is passed on, and above those with a meaning of their own (3 has options).
  static func numbers(for descriptors: [Int32]) -> [Int32] {
    let first = max(10, (descriptors.max() ?? 0) + 1)
    return descriptors.indices.map { first + Int32($0) }
  }

  /// Descriptors, other than the standard ones, that a program would inherit.
  private static func inheritedDescriptors() -> [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    return names.compactMap { Int32($0) }.filter { descriptor in
      let flags = fcntl(descriptor, F_GETFD)
      return descriptor > 2 && flags >= 0 && flags & FD_CLOEXEC == 0
    }
  }

  /// Whether a child has ended; the kernel then forgets it. A process that is not a child of this one counts
  /// as ended.
  static func reap(_ process: pid_t) -> Bool { waitpid(process, nil, WNOHANG) != 0 }

  private static func withCStrings<Value>(
    _ texts: [String],
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Value
  ) -> Value {
    var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { preconditionFailure("there is at least the final nil") }
      return body(base)
    }
  }
}
