import Gossip
import Primitives

/// Traffic between the attackers of the amplification scenario and honest peers, by the attackers' behaviour.
struct AmplificationTraffic {
  struct Totals {
    /// Bytes from attackers to honest peers.
    var sent: UInt64 = 0
    /// Bytes from honest peers to attackers.
    var received: UInt64 = 0
    /// The length of all sessions together, in seconds.
    var seconds = 0.0

    /// The bytes sent to attackers in excess of three per byte from them plus 1 KiB/s for each session.
    var excess: Double { Double(received) - 3 * Double(sent) - 1_024 * seconds }
  }

  /// Traffic after the first `GossipCore.backfillTime` of a session. Index 0: attackers that ask only when an
  /// answer is due. Index 1: attackers that ask all the time.
  var byBehaviour = [Totals(), Totals()]
  /// Traffic of all attackers in a session's first `GossipCore.backfillTime`, when honest peers send more.
  var newcomers = Totals()
  /// The number of sessions that have begun since the counting began.
  var newSessions = 0
  /// When each session began, by its number.
  var openedAt: [UInt64: Instant] = [:]

  /// Whether an attacker asks only every 2 s, when an answer is due: those with even indices do.
  static func asksOnlyWhenDue(_ index: Int) -> Bool { index.isMultiple(of: 2) }

  /// Changes the totals to which an attacker's session belongs now.
  mutating func change(_ attacker: Int, _ session: UInt64, at now: Instant, _ body: (inout Totals) -> Void) {
    if now.since(openedAt[session] ?? .zero) < GossipCore.backfillTime {
      body(&newcomers)
    } else {
      body(&byBehaviour[Self.asksOnlyWhenDue(attacker) ? 0 : 1])
    }
  }
}

extension GossipNetwork {
  private var countsAttackTraffic: Bool { scenario.attack == .amplification }

  /// Records the beginning of a session.
  func noteSessionStart(_ from: Int, _ to: Int, _ session: UInt64) {
    guard countsAttackTraffic, peers[from].isByzantine != peers[to].isByzantine else { return }
    adversary.attackTraffic.openedAt[session] = now
    if isCounting { adversary.attackTraffic.newSessions += 1 }
  }

  /// Counts a message between an attacker and an honest peer.
  func countAttackTraffic(
    _ message: GossipMessage,
    from index: Int,
    to other: Int,
    _ session: UInt64,
    _ isStream: Bool
  ) {
    guard isCounting, countsAttackTraffic, peers[index].isByzantine != peers[other].isByzantine else {
      return
    }
    let bytes = UInt64(message.wireSize(isStream: isStream))
    let isSent = peers[index].isByzantine
    adversary.attackTraffic.change(isSent ? index : other, session, at: now) {
      if isSent { $0.sent += bytes } else { $0.received += bytes }
    }
  }

  /// Adds 0.1 s to the length of each session between an attacker and an honest peer; called every 0.1 s.
  func countSessions() {
    guard isCounting, countsAttackTraffic else { return }
    for index in peers.indices where peers[index].isByzantine && peers[index].isAlive {
      for (other, session) in peers[index].sessions where !peers[other].isByzantine {
        adversary.attackTraffic.change(index, session, at: now) { $0.seconds += 0.1 }
      }
    }
  }

  /// Checks how many bytes attackers receive from honest peers. `baseline` is the same network without an
  /// attack.
  ///
  /// From the received bytes it subtracts what the same peers receive in `baseline`. Rates are per second of
  /// a session, because an attack changes which sessions exist. The limits follow from the harm, not from
  /// measurements:
  ///
  /// - Amplification: at most three bytes received per byte sent, as QUIC allows towards an address that is
  ///   not validated (RFC 9000 § 8.1), not counting 1 KiB/s for each session, which does no harm. It applies
  ///   to attackers that ask all the time and to those that ask only when an answer is due.
  /// - Load: at most 13 kB/s from one neighbour. If all 32 neighbours of a peer are hostile, that is a third
  ///   of a home uplink of 10 Mbit/s.
  /// - Newcomers: an attacker may receive more in a new session, once: all objects that there are and 16 KiB.
  ///   A banned attacker can be a newcomer at other peers; `AnswerBudget` limits what a peer sends to all
  ///   newcomers.
  func amplification(comparedWith baseline: GossipNetwork) -> [GossipReport.Check] {
    func check(_ what: String, _ value: Double, _ limit: Double) -> GossipReport.Check {
      .init(name: what, value: value, limit: limit, passed: value <= limit)
    }
    let names = ["attackers that ask when an answer is due", "attackers that ask all the time"]
    var checks = names.enumerated().flatMap { behaviour, name in
      let totals = adversary.attackTraffic.byBehaviour[behaviour]
      let usual = baseline.adversary.attackTraffic.byBehaviour[behaviour]
      // Attackers that ask all the time are banned in the end: only the time with a session counts.
      let seconds = max(1, totals.seconds)
      let received = Double(totals.received) - Double(usual.received) * seconds / max(1, usual.seconds)
      let leverage = max(0, received - 1_024 * seconds) / Double(max(1, totals.sent))
      return [
        check("bytes received per byte sent, beyond 1 KiB/s, \(name)", leverage, 3),
        check("bytes/s received from one neighbour, \(name)", received / seconds, 13_000),
      ]
    }
    let newcomers = adversary.attackTraffic.newcomers
    let whole = peers.indices.map { peers[$0].machine.figures.fullSyncBytes }.max() ?? 0
    checks.append(
      check(
        "bytes received by a newcomer, beyond three per byte sent and 1 KiB/s",
        max(0, newcomers.excess) / Double(max(1, adversary.attackTraffic.newSessions)),
        Double(whole + GossipCore.extraBackfill)
      )
    )
    return checks
  }
}
