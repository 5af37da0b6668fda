public import Foundation
import Glibc

/// A lock file of one key. Commands that sign with the key take it one after the other.
public struct KeyLock: Sendable {
  private let file: URL

  /// `file`: of the lock. Its folder is made when the lock is taken.
  public init(file: URL) { self.file = file }

  /// The lock while it is held. The system also releases it when the process ends in any way.
  final class Held: Sendable {
    private let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }
  }

  /// Waits until no other command holds the lock.
  ///
  /// Returns nil where no lock file can be made, such as in a home that cannot be written: then nothing
  /// separates the commands but the node's check of the sequence number.
  ///
  /// - Throws: `Failure` when another command holds it at the deadline; `CancellationError`.
  func acquire(until deadline: ContinuousClock.Instant) async throws -> Held? {
    let folder = file.deletingLastPathComponent()
    let access: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
    try? FileManager.default.createDirectory(
      at: folder,
      withIntermediateDirectories: true,
      attributes: access
    )
    let descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return nil }
    let held = Held(descriptor)
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else { return nil }
      guard ContinuousClock.now < deadline else {
        throw Failure(
          "another command is sending with the same key",
          why: "it holds \(file.path), and its node has not taken its transaction yet; nothing was sent",
          fix: "wait until it has ended, and run this command again"
        )
      }
      try await Task.sleep(for: .milliseconds(10))
    }
    return held
  }
}
