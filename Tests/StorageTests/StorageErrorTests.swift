import Glibc
import Testing

@testable import Storage

@Suite struct StorageErrorTests {
  @Test(
    arguments: [
      (
        "IO error: While lock file: /d/LOCK: Resource temporarily unavailable",
        StorageError.locked(path: "/d", holder: nil)
      ),
      (
        "IO error: lock hold by current process, acquire time 1 acquiring thread 2: /d/LOCK: No locks available",
        .locked(path: "/d", holder: nil)
      ),
    ]
  )
  func `RocksDB's messages become typed errors`(message: String, expected: StorageError) {
    #expect(StorageError(message: message, path: "/d") == expected)
  }

  @Test func `RocksDB's messages keep their text`() {
    let cases: [(String, (String, String) -> StorageError)] = [
      ("Corruption: block checksum mismatch", { .corrupt(path: $0, detail: $1) }),
      (
        "IO error: No space left on device: While appending to file: /d/1.sst",
        { .noSpace(path: $0, detail: $1) }
      ),
      ("IO error: Disk quota exceeded: While appending", { .noSpace(path: $0, detail: $1) }),
      (
        "IO error: While open a file for appending: /d/1.log: Permission denied",
        { .denied(path: $0, detail: $1) }
      ),
      (
        "Invalid argument: /d: does not exist (create_if_missing is false)",
        { .missing(path: $0, detail: $1) }
      ),
      ("IO error: Input/output error", { .failed(path: $0, detail: $1) }),
    ]
    for (message, expected) in cases {
      #expect(StorageError(message: message, path: "/d") == expected("/d", message))
    }
  }

  @Test func `system error numbers become typed errors`() {
    #expect(
      StorageError(code: ENOSPC, operation: "write", path: "/f")
        == .noSpace(path: "/f", detail: "write: No space left on device")
    )
    #expect(
      StorageError(code: EACCES, operation: "open", path: "/f")
        == .denied(path: "/f", detail: "open: Permission denied")
    )
    #expect(
      StorageError(code: ENOENT, operation: "open", path: "/f")
        == .missing(path: "/f", detail: "open: No such file or directory")
    )
    #expect(
      StorageError(code: EIO, operation: "fdatasync", path: "/f")
        == .failed(path: "/f", detail: "fdatasync: Input/output error")
    )
  }

  @Test func `says what happened, and what to do about what the operator can change`() {
    let error = StorageError.locked(path: "/home", holder: 42)
    #expect(error.description == "/home is used by process 42")
    #expect(error.hint == "stop the other node, or give this one its own home")
    #expect(StorageError.closed(path: "/d").hint == nil)
    let refusal = StorageError.refused(.quarantined(.copied))
    #expect(refusal.description == "not signed: this home is a copy, or was restored from one")
    #expect(refusal.hint?.contains("supercloud validator adopt --last-signed HEIGHT/ROUND") == true)
  }
}
