import Chain
import Cryptography
import Primitives

/// All leases of the provider. It prevents a fault of the provider from ending many leases: it resigns at
/// most one lease as unstable in ten minutes, and none while two or more leases, and at least half of the
/// launched ones, are degraded.
public struct LeaseSupervisor: Hashable, Sendable {
  public enum Effect: Hashable, Sendable {
    case launch(LeaseID)
    case stop(LeaseID)
    case resign(LeaseID, LeaseCloseReason)
    case report(LeaseID, String)
    /// The lease is over and its workload is gone.
    case gone(LeaseID)
  }

  static let resignationPause: UInt64 = 600_000

  public let timing: LeaseMachine.Timing
  public internal(set) var machines: [LeaseID: LeaseMachine] = [:]
  private var lastResignation: Timestamp?

  public init(timing: LeaseMachine.Timing) {
    self.timing = timing
  }

  public subscript(lease: LeaseID) -> LeaseMachine? { machines[lease] }

  /// The leases, sorted.
  public var leases: [LeaseID] { machines.keys.sorted() }

  /// Adds a lease that was just opened.
  public mutating func open(_ lease: LeaseID, at now: Timestamp) {
    guard machines[lease] == nil else { return }
    machines[lease] = LeaseMachine(lease, timing: timing, at: now)
  }

  /// Handles an input of one lease; see `LeaseMachine.step`.
  public mutating func step(_ lease: LeaseID, _ input: LeaseMachine.Input, at now: Timestamp) -> [Effect] {
    guard machines[lease] != nil else { return [] }
    let mayResign = mayResign(at: now)
    let effects = machines[lease]?.step(input, at: now, mayResign: mayResign) ?? []
    if effects.contains(.resign(.unstable)) { lastResignation = now }
    var all = effects.map { $0.effect(on: lease) }
    if machines[lease]?.state == .gone {
      machines[lease] = nil
      all.append(.gone(lease))
    }
    return all
  }

  private func mayResign(at now: Timestamp) -> Bool {
    if let lastResignation, now.milliseconds(since: lastResignation) < Self.resignationPause { return false }
    let launched = machines.values.filter { machine in
      switch machine.state {
      case .starting, .running, .degraded: true
      default: false
      }
    }
    let unwell = launched.count { machine in
      if case .degraded = machine.state { true } else { false }
    }
    return unwell < 2 || unwell * 2 < launched.count
  }
}

extension LeaseMachine.Effect {
  func effect(on lease: LeaseID) -> LeaseSupervisor.Effect {
    switch self {
    case .launch: .launch(lease)
    case .stop: .stop(lease)
    case .resign(let reason): .resign(lease, reason)
    case .report(let text): .report(lease, text)
    }
  }
}
