import Chain
import Cryptography
import Primitives
import Testing

@testable import Provider

@Suite struct LeaseMachineTests {
  private let timing = LeaseMachine.Timing(BidPolicy())
  private let hash = Fixture.digest(7)

  private func at(_ seconds: UInt64) -> Timestamp { Timestamp(milliseconds: seconds * 1_000) }

  private func machine() -> LeaseMachine { LeaseMachine(Fixture.lease(), timing: timing, at: at(0)) }

  private func running() -> LeaseMachine {
    var machine = machine()
    _ = machine.step(.manifestAccepted(hash), at: at(1))
    _ = machine.step(.launched, at: at(1))
    _ = machine.step(.observed(.ready), at: at(2))
    return machine
  }

  @Test func `a manifest starts it, readiness makes it run`() {
    var machine = machine()
    #expect(machine.state == .awaitingManifest(deadline: at(300)))
    #expect(machine.step(.manifestAccepted(hash), at: at(1)) == [.report("manifest accepted"), .launch])
    #expect(machine.step(.launched, at: at(1)) == [.report("started")])
    #expect(machine.step(.observed(.warming), at: at(2)).isEmpty)
    #expect(machine.step(.observed(.ready), at: at(3)) == [.report("ready")])
    #expect(machine.state == .running(since: at(3)))
    #expect(machine.manifestHash == hash)
  }

  @Test func `without a manifest the lease is given up at the deadline, and again each minute`() {
    var machine = machine()
    #expect(machine.step(.time, at: at(299)).isEmpty)
    #expect(machine.step(.time, at: at(300)).contains(.resign(.manifestTimeout)))
    #expect(machine.step(.time, at: at(359)).isEmpty)
    #expect(machine.step(.time, at: at(360)).contains(.resign(.manifestTimeout)))
    #expect(machine.step(.leaseClosed, at: at(361)).contains(.stop))
  }

  @Test func `a late manifest is taken as long as the lease is there`() {
    var machine = machine()
    _ = machine.step(.time, at: at(300))
    #expect(machine.step(.manifestAccepted(hash), at: at(301)).contains(.launch))
  }

  @Test func `an ended replica is started again after a pause that doubles`() {
    var machine = running()
    var pauses: [UInt64] = []
    var now: UInt64 = 10
    for _ in 0..<8 {
      _ = machine.step(.observed(.ended("exit 1")), at: at(now))
      guard case .degraded = machine.state else {
        Issue.record("\(machine.state)")
        return
      }
      let start = now
      while machine.step(.time, at: at(now)).contains(.launch) == false { now += 1 }
      pauses.append(now - start)
      _ = machine.step(.launched, at: at(now))
      _ = machine.step(.observed(.ready), at: at(now))
    }
    #expect(pauses == [1, 2, 4, 8, 16, 32, 60, 60])
  }

  @Test func `a minute of health forgets earlier failures`() {
    var machine = running()
    _ = machine.step(.observed(.ended("exit 1")), at: at(10))
    _ = machine.step(.time, at: at(11))
    _ = machine.step(.observed(.ready), at: at(12))
    #expect(machine.attempts == 1)
    _ = machine.step(.observed(.ready), at: at(72))
    #expect(machine.attempts == 0)
  }

  @Test func `what never becomes ready is degraded after a minute`() {
    var machine = machine()
    _ = machine.step(.manifestAccepted(hash), at: at(0))
    _ = machine.step(.observed(.warming), at: at(60))
    #expect(machine.state == .starting(since: at(0)))
    let effects = machine.step(.observed(.warming), at: at(61))
    #expect(effects == [.report("degraded: not ready after 60 s; next start in 1 s")])
  }

  @Test func `a failed launch is tried again, and told`() {
    var machine = machine()
    _ = machine.step(.manifestAccepted(hash), at: at(0))
    #expect(
      machine.step(.launchFailed("no disk"), at: at(0)) == [.report("degraded: no disk; next start in 1 s")]
    )
    #expect(machine.step(.time, at: at(1)) == [.launch])
    _ = machine.step(.launchFailed("no disk"), at: at(1))
    #expect(machine.message == "degraded: no disk; next start in 2 s")
  }

  @Test func `an unwell workload is given up only after the long deadline, once a minute`() {
    var machine = running()
    _ = machine.step(.observed(.ended("exit 1")), at: at(10))
    let resigned = [1_809, 1_810, 1_811, 1_870].map { seconds in
      machine.step(.time, at: at(seconds)).contains(.resign(.unstable))
    }
    #expect(resigned == [false, true, false, true])
  }

  @Test func `the brake of the supervisor holds resignations back`() {
    var machine = running()
    _ = machine.step(.observed(.ended("exit 1")), at: at(10))
    let effects = machine.step(.time, at: at(9_999), mayResign: false)
    #expect(!effects.contains(.resign(.unstable)))
  }

  @Test func `a new manifest replaces what runs; the same one changes nothing`() {
    var machine = running()
    #expect(machine.step(.manifestAccepted(hash), at: at(5)).isEmpty)
    #expect(
      machine.step(.manifestAccepted(Fixture.digest(8)), at: at(6)) == [
        .report("new manifest accepted"), .launch,
      ]
    )
    #expect(machine.state == .starting(since: at(6)))
  }

  @Test func `the end stops it once, retries what fails, and is final`() {
    var machine = running()
    #expect(machine.step(.leaseClosed, at: at(10)) == [.report("the lease has ended"), .stop])
    #expect(machine.step(.leaseClosed, at: at(11)).isEmpty)
    #expect(machine.step(.manifestAccepted(Fixture.digest(8)), at: at(11)).isEmpty)
    _ = machine.step(.stopFailed("stuck"), at: at(12))
    #expect(machine.step(.time, at: at(71)).isEmpty)
    #expect(machine.step(.time, at: at(72)) == [.stop])
    _ = machine.step(.stopped, at: at(73))
    #expect(machine.state == .gone)
    for input in [LeaseMachine.Input.time, .leaseClosed, .observed(.ready), .stopped, .launchFailed("x")] {
      #expect(machine.step(input, at: at(99)).isEmpty)
      #expect(machine.state == .gone)
    }
  }
}

@Suite struct LeaseSupervisorTests {
  private let policy = BidPolicy()

  private func at(_ seconds: UInt64) -> Timestamp { Timestamp(milliseconds: seconds * 1_000) }

  /// `count` running leases.
  private func supervisor(_ count: UInt64) -> LeaseSupervisor {
    var supervisor = LeaseSupervisor(timing: LeaseMachine.Timing(policy))
    for number in 1...count {
      supervisor.open(Fixture.lease(number), at: at(0))
      _ = supervisor.step(Fixture.lease(number), .manifestAccepted(Fixture.digest(1)), at: at(0))
      _ = supervisor.step(Fixture.lease(number), .observed(.ready), at: at(1))
    }
    return supervisor
  }

  private func resigned(_ supervisor: inout LeaseSupervisor, at seconds: UInt64) -> [LeaseID] {
    supervisor.leases.flatMap { supervisor.step($0, .time, at: at(seconds)) }.compactMap { effect in
      if case .resign(let lease, .unstable) = effect { lease } else { nil }
    }
  }

  @Test func `one unwell lease of many is given up`() {
    var supervisor = supervisor(4)
    _ = supervisor.step(Fixture.lease(2), .observed(.ended("exit 1")), at: at(10))
    #expect(resigned(&supervisor, at: 1_900) == [Fixture.lease(2)])
  }

  @Test func `when half are unwell the fault is our own, and none is given up`() {
    var supervisor = supervisor(4)
    for number in 1...2 as ClosedRange<UInt64> {
      _ = supervisor.step(Fixture.lease(number), .observed(.ended("exit 1")), at: at(10))
    }
    for seconds in stride(from: UInt64(1_900), to: 100_000, by: 600) {
      #expect(resigned(&supervisor, at: seconds).isEmpty)
    }
  }

  @Test func `at most one is given up in ten minutes`() {
    var supervisor = supervisor(10)
    for number in 1...3 as ClosedRange<UInt64> {
      _ = supervisor.step(Fixture.lease(number), .observed(.ended("exit 1")), at: at(10))
    }
    #expect(resigned(&supervisor, at: 1_900).count == 1)
    #expect(resigned(&supervisor, at: 2_499).isEmpty)
    #expect(resigned(&supervisor, at: 2_500).count == 1)
  }

  @Test func `a lease that is gone is forgotten, and its capacity is free`() {
    var supervisor = supervisor(1)
    _ = supervisor.step(Fixture.lease(1), .leaseClosed, at: at(5))
    #expect(supervisor.step(Fixture.lease(1), .stopped, at: at(6)) == [.gone(Fixture.lease(1))])
    #expect(supervisor.leases.isEmpty)
  }
}

@Suite struct ReconciliationTests {
  private func found(_ number: UInt64, hash: UInt64, running: Int, of replicas: Int) -> RecoveredWorkload {
    let plan = WorkloadPlan(lease: Fixture.lease(number), manifestHash: Fixture.digest(hash), services: [])
    return RecoveredWorkload(plan: plan, running: running, replicas: replicas)
  }

  @Test func `three lists become one, and every difference is told`() {
    var supervisor = LeaseSupervisor(timing: LeaseMachine.Timing(BidPolicy()))
    let chain = Dictionary(
      uniqueKeysWithValues: (1...5 as ClosedRange<UInt64>).map { (Fixture.lease($0), Fixture.digest(1)) }
    )
    let notes = [
      LeaseNote(lease: Fixture.lease(1), manifestHash: Fixture.digest(1), openedAtTick: 1),
      LeaseNote(lease: Fixture.lease(4), manifestHash: Fixture.digest(1), openedAtTick: 1),
      LeaseNote(lease: Fixture.lease(5), manifestHash: nil, openedAtTick: 1),
    ]
    let running = [
      found(1, hash: 1, running: 2, of: 2), found(2, hash: 1, running: 1, of: 2),
      found(3, hash: 9, running: 1, of: 1), found(8, hash: 1, running: 1, of: 1),
    ]
    let (result, effects) = supervisor.reconcile(
      chain: chain,
      notes: notes,
      running: running,
      at: Timestamp(milliseconds: 1_000)
    )
    #expect(result.adopted == [Fixture.lease(1)])
    #expect(result.relaunched == [Fixture.lease(2)])
    #expect(result.outdated == [Fixture.lease(3)])
    #expect(result.lost == [Fixture.lease(4)])
    #expect(result.awaited == [Fixture.lease(5)])
    #expect(result.orphans == [Fixture.lease(8)])
    #expect(effects.contains(.launch(Fixture.lease(2))))
    #expect(effects.contains(.stop(Fixture.lease(8))))
    #expect(!effects.contains(.launch(Fixture.lease(1))))
    #expect(effects.allSatisfy { if case .resign = $0 { false } else { true } })
    #expect(result.lines.count == 6)
    // The lost and the awaited have the whole time again.
    #expect(
      supervisor[Fixture.lease(4)]?.state == .awaitingManifest(deadline: Timestamp(milliseconds: 301_000))
    )
  }

  @Test func `a first start finds nothing`() {
    var supervisor = LeaseSupervisor(timing: LeaseMachine.Timing(BidPolicy()))
    let (result, effects) = supervisor.reconcile(chain: [:], notes: [], running: [], at: .zero)
    #expect(result.isEmpty && effects.isEmpty)
  }
}
