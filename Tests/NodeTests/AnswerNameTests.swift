import Chain
import Gossip
import Ledger
import Node
import Primitives
import Provider
import Testing
import Transport
import Wire

/// What answers and metrics call things: clients compare these words, so they are snake_case and differ.
@Suite struct AnswerNameTests {
  static let names: [(of: String, names: [String])] = [
    ("frames", FrameKind.allCases.map(\.name)),
    ("objects", SignedObject.Kind.allCases.map(\.name)),
    ("roles", NodeRecord.Role.allCases.map(\.name)),
    ("lease states", LeaseRecord.State.allCases.map(\.name)),
    ("close reasons", LeaseCloseReason.allCases.map(\.name)),
    ("closers", Closer.allCases.map(\.name)),
    ("deployment states", DeploymentRecord.State.allCases.map(\.name)),
    ("group states", GroupRecord.State.allCases.map(\.name)),
    ("escrow states", EscrowStatus.State.allCases.map(\.rawValue)),
    ("proofs", ProvenEntry.Kind.allCases.map(\.rawValue)),
    ("votes", VoteOption.allCases.map(\.name)),
    ("proposals", ProposalRecord.Status.allCases.map(\.name)),
    ("validators", ValidatorRecord.Status.allCases.map(\.name)),
    ("grants", Grant.Kind.allCases.map(\.name)),
    ("removals", OrderBook.RemovalReason.allCases.map(\.name)),
    ("faults", Fault.allCases.map(\.rawValue)),
    ("drops of gossip", Dissemination.DropReason.allCases.map(\.rawValue)),
    ("drops of datagrams", DatagramDrop.allCases.map(\.rawValue)),
    ("refusals", ConnectionRefusal.allCases.map(\.rawValue)),
    ("violations", FrameViolation.allCases.map(\.rawValue)),
    ("traffic", TrafficClass.allCases.map(\.name)),
    ("close codes", CloseCode.allCases.map(\.name)),
    (
      "handshakes",
      [
        HandshakeFailure.malformed, .unsupportedVersion, .wrongNetwork, .purposeRefused, .lowOrderPoint,
        .notAuthentic, .badSignature, .wrongPeer, .selfConnection, .timedOut, .connectionLost, .rateLimited,
      ].map(\.name) + CloseCode.allCases.map { HandshakeFailure.refused($0).name }
    ),
    (
      "disconnections",
      [DisconnectReason.connectionLost, .idle, .replaced].map(\.name)
        + CloseCode.allCases.flatMap {
          [DisconnectReason.closedByPeer($0).name, DisconnectReason.closedHere($0).name]
        }
        + FrameViolation.allCases.map { DisconnectReason.violation($0).name }
        + TrafficClass.allCases.map { DisconnectReason.tooSlow($0).name }
    ),
    (
      "workloads",
      [
        LeaseMachine.State.awaitingManifest(deadline: .zero), .starting(since: .zero), .running(since: .zero),
        .degraded(since: .zero, nextLaunch: .zero), .stopping(since: .zero, nextTry: .zero), .gone,
      ].map(\.name)
    ),
  ]

  @Test(arguments: names.indices) func `every name is a word of its own in snake case`(_ index: Int) throws {
    let (of, names) = Self.names[index]
    #expect(Set(names).count == names.count, "\(of): \(names)")
    for name in names { #expect(name.wholeMatch(of: /[a-z][a-z0-9_]*/) != nil, "\(of): \(name)") }
  }
}
