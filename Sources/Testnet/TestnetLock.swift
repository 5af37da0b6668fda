import API
import Foundation
import Glibc
import Storage

/// The right to use a network's folder and its homes, held as long as this value lives.
final class TestnetLock: Sendable {
  private let lock: HomeLock

  /// A process that uses the folder or one of the homes in it.
  private struct User {
    var process: Int32
    /// The folder whose lock it has.
    var folder: String

    /// The process as people know it, such as `process 4711 (supercloud testnet up)`.
    var description: String {
      guard isKnown else { return "a process that has locked \(folder)" }
      let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
      let words = String(decoding: line, as: UTF8.self).split(separator: "\0").map(String.init)
      guard let program = words.first else { return "process \(process), which locked \(folder)" }
      let command = [URL(filePath: program).lastPathComponent] + words.dropFirst()
      return "process \(process) (\(command.joined(separator: " ").prefix(200)))"
    }

    /// Whether the lock named a process. It does not in the moment in which it is taken.
    var isKnown: Bool { process > 1 }

    var isLocking: Bool { (try? HomeLock.holder(of: folder)) == process }

    /// Whether the process has the lock's file open; nil when this may not be seen. A process of another
    /// container may have given the number.
    var hasLockOpen: Bool? {
      let manager = FileManager.default
      let files = "/proc/\(process)/fd"
      guard let names = try? manager.contentsOfDirectory(atPath: files) else {
        return manager.fileExists(atPath: "/proc/\(process)") ? nil : false
      }
      let lock = URL(filePath: folder).resolvingSymlinksInPath().appending(path: "lock").path
      return names.contains { (try? manager.destinationOfSymbolicLink(atPath: "\(files)/\($0)")) == lock }
    }
  }

  /// Takes the lock of `folder` when no process uses it or one of `homes`.
  ///
  /// `force`: whether to stop the processes that use them; nil for a command that cannot.
  ///
  /// - Throws: `Failure` that names the process and what to do.
  init(folder: URL, homes: [URL], force: Bool?) async throws {
    for home in [folder] + homes {
      // Each home is looked at after what was found before has ended: the nodes end with their network.
      while let user = try Self.user(of: home) {
        guard force == true else {
          throw Failure(
            "the network in \(folder.path) is running",
            why: "\(user.description) uses it",
            fix: "stop it with Ctrl-C" + (user.isKnown ? " or `kill \(user.process)`" : "")
              + (force == nil ? "" : ", or add --force, which stops it first")
          )
        }
        try await Self.stop(user)
      }
    }
    do {
      lock = try HomeLock(home: folder.path)
    } catch {
      throw Failure(
        "the network's folder \(folder.path) cannot be used",
        why: "\(error)",
        fix: "name a folder of your own with --home"
      )
    }
  }

  private static func user(of folder: URL) throws -> User? {
    do {
      return try HomeLock.holder(of: folder.path).map { User(process: $0, folder: folder.path) }
    } catch {
      throw Failure("whether \(folder.path) is used cannot be seen", why: "\(error)")
    }
  }

  /// Ends a process with SIGTERM, or with SIGKILL when it is still there after 30 s.
  private static func stop(_ user: User) async throws {
    guard user.isKnown, user.hasLockOpen != false else {
      throw Failure(
        "the process that uses \(user.folder) cannot be found",
        why: "the lock names number \(user.process); it may run in another container",
        fix: "stop it there"
      )
    }
    for (signal, seconds) in [(SIGTERM, 30), (SIGKILL, 10)] {
      guard kill(user.process, signal) == 0 || errno == ESRCH else {
        throw Failure(
          "\(user.description) cannot be stopped",
          why: String(cString: strerror(errno)),
          fix: "stop it as the user who started it"
        )
      }
      let deadline = ContinuousClock.now + .seconds(seconds)
      while ContinuousClock.now < deadline {
        guard user.isLocking else { return }
        try await Task.sleep(for: .milliseconds(50))
      }
    }
    throw Failure("\(user.description) does not end", fix: "find out why, or name another folder with --home")
  }
}
