import Glibc
import Testing

@testable import Storage

@Suite struct HomeLockTests {
  let folder = TemporaryFolder()

  /// A process that is just being started by another test shares all descriptors, and so this lock, for a moment.
  private func isFree(_ home: String) throws -> Bool {
    for _ in 0..<200 {
      do throws(StorageError) {
        _ = try HomeLock(home: home)
        return true
      } catch {
        guard case .locked = error else { throw error }
        usleep(10_000)
      }
    }
    return false
  }

  @Test func `is held once, and names the holder to others`() throws {
    let home = folder.path("a/b/home")
    do {
      let lock = try HomeLock(home: home)
      #expect(throws: StorageError.locked(path: home, holder: getpid())) { _ = try HomeLock(home: home) }
      _ = consume lock
    }
    #expect(try isFree(home))
  }

  @Test func `another process finds it held, and takes it when the holder has ended`() async throws {
    let home = folder.path("home")
    let lock = try HomeLock(home: home)
    let expected = "\(home) is used by process \(getpid())"
    await #expect(processExitsWith: .exitCode(7)) { [home = home as String, expected = expected as String] in
      do throws(StorageError) {
        _ = try HomeLock(home: home)
      } catch {
        exit(error.description == expected ? 7 : 1)
      }
    }
    _ = consume lock
    await #expect(processExitsWith: .signal(SIGKILL)) { [home = home as String] in
      let lock = try HomeLock(home: home)
      kill(getpid(), SIGKILL)
      _ = consume lock
    }
    #expect(try isFree(home))
  }
}
