import Glibc
import Testing

@testable import supercloud

/// Which signals interrupt a command.
@Suite struct InterruptionTests {
  @Test func `a signal that was ignored when the command started stays ignored`() {
    let status = "Name:\tsupercloud\nSigBlk:\t0000000000000002\nSigIgn:\t0000000000001001\nSigCgt:\t0\n"
    #expect(Interruption.isIgnored(SIGHUP, in: status))
    #expect(Interruption.isIgnored(SIGPIPE, in: status))
    #expect(!Interruption.isIgnored(SIGINT, in: status))
    #expect(!Interruption.isIgnored(SIGTERM, in: status))
    #expect(!Interruption.isIgnored(SIGHUP, in: ""))
  }
}
