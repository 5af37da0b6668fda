import Gossip
import Primitives

/// What attackers of the amplification scenario send to honest peers and are sent by them, by their habit.
struct Draws {
  struct Account {
    var sent: UInt64 = 0
    var drawn: UInt64 = 0
    /// That sessions lasted, all together.
    var seconds = 0.0

    var excess: Double { Double(drawn) - 3 * Double(sent) - 1_024 * seconds }
  }

  /// Index 0: who asks when an answer is due. Index 1: who asks all the time.
  var habits = [Account(), Account()]
  /// Either, while the session is so young that the backfill of newcomers serves it.
  var newcomers = Account()
  /// Sessions that began since the counting did.
  var newSessions = 0
  var openedAt: [UInt64: Instant] = [:]

  /// Whether an attacker asks only as often as it may hope for an answer, or all the time.
  static func isThrifty(_ index: Int) -> Bool { index.isMultiple(of: 2) }

  mutating func change(_ attacker: Int, _ session: UInt64, at now: Instant, _ body: (inout Account) -> Void) {
    if now.since(openedAt[session] ?? .zero) < GossipCore.backfillTime {
      body(&newcomers)
    } else {
      body(&habits[Self.isThrifty(attacker) ? 0 : 1])
    }
  }
}

extension GossipNetwork {
  private var countsDraws: Bool { scenario.attack == .amplification }

  func noteDraws(_ from: Int, _ to: Int, _ session: UInt64) {
    guard countsDraws, peers[from].isByzantine != peers[to].isByzantine else { return }
    adversary.draws.openedAt[session] = now
    if isCounting { adversary.draws.newSessions += 1 }
  }

  func countDraw(
    _ message: GossipMessage,
    from index: Int,
    to other: Int,
    _ session: UInt64,
    _ isStream: Bool
  ) {
    guard isCounting, countsDraws, peers[index].isByzantine != peers[other].isByzantine else { return }
    let bytes = UInt64(GossipTraffic.bytes(of: message, isStream: isStream))
    let isSent = peers[index].isByzantine
    adversary.draws.change(isSent ? index : other, session, at: now) {
      if isSent { $0.sent += bytes } else { $0.drawn += bytes }
    }
  }

  /// A tenth of a second of every session between an attacker and an honest peer.
  func countSessions() {
    guard isCounting, countsDraws else { return }
    for index in peers.indices where peers[index].isByzantine && peers[index].isAlive {
      for (other, session) in peers[index].sessions where !peers[other].isByzantine {
        adversary.draws.change(index, session, at: now) { $0.seconds += 0.1 }
      }
    }
  }

  /// What attackers drew beyond what they would have been sent in the same network without an attack, against all that
  /// they sent: answers are given for whatever a neighbour sends. Both by the second of a session, since an attack
  /// changes who has one. The limits come from what harm is, not from what was measured:
  ///
  /// - Leverage: three bytes per byte, which QUIC allows even towards an address that nobody validated (RFC 9000 § 8.1),
  ///   beyond 1 KiB/s a session, which is no leverage worth having. Both those who ask all the time and those who ask
  ///   only when an answer is due are held to it.
  /// - Load: a home's uplink of 10 Mbit/s serves 32 neighbours. All of them hostile may take a third of it: 13 kB/s
  ///   each.
  /// - Newcomers are given more, once: what there is to be known and 16 KiB. Who was banned is a newcomer elsewhere.
  ///   `AnswerBudget` bounds what a node gives to all of them.
  func amplification(besides calm: GossipNetwork) -> [GossipReport.Check] {
    func check(_ what: String, _ value: Double, _ limit: Double) -> GossipReport.Check {
      .init(name: what, value: value, limit: limit, passed: value <= limit)
    }
    let names = ["who asks when an answer is due", "who asks all the time"]
    var checks = names.enumerated().flatMap { habit, name in
      let account = adversary.draws.habits[habit]
      let usual = calm.adversary.draws.habits[habit]
      // Those who ask all the time are banned in the end: what counts is while they have a session.
      let seconds = max(1, account.seconds)
      let drawn = Double(account.drawn) - Double(usual.drawn) * seconds / max(1, usual.seconds)
      let leverage = max(0, drawn - 1_024 * seconds) / Double(max(1, account.sent))
      return [
        check("bytes drawn per byte sent, beyond a trickle, \(name)", leverage, 3),
        check("bytes/s drawn from one neighbour, \(name)", drawn / seconds, 13_000),
      ]
    }
    let newcomers = adversary.draws.newcomers
    let whole = peers.indices.map { peers[$0].machine.figures.wholeBytes }.max() ?? 0
    checks.append(
      check(
        "bytes drawn by a newcomer, beyond three per byte sent and a trickle",
        max(0, newcomers.excess) / Double(max(1, adversary.draws.newSessions)),
        Double(whole + GossipCore.leastBackfill)
      )
    )
    return checks
  }
}
