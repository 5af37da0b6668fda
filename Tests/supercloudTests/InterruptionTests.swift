import Glibc
import Node
import Testing

@testable import supercloud

/// Which signals interrupt a command.
@Suite struct InterruptionTests {
  @Test func `a signal that was ignored when the command started stays ignored`() {
    let status = "Name:\tsupercloud\nSigBlk:\t0000000000000002\nSigIgn:\t0000000000001001\nSigCgt:\t0\n"
    #expect(IgnoredSignals.contains(SIGHUP, in: status))
    #expect(IgnoredSignals.contains(SIGPIPE, in: status))
    #expect(!IgnoredSignals.contains(SIGINT, in: status))
    #expect(!IgnoredSignals.contains(SIGTERM, in: status))
    #expect(!IgnoredSignals.contains(SIGHUP, in: ""))
  }
}
