import Chain
import Cryptography
import Primitives

/// The life of one lease at its provider: a pure machine over the provider's clock.
public struct LeaseMachine: Hashable, Sendable {
  public enum State: Hashable, Sendable {
    /// The tenant has not sent what to run; at the deadline the lease is given up, and again every minute
    /// until the chain closes it.
    /// Can transition to: starting, stopping.
    case awaitingManifest(deadline: Timestamp)
    /// Launched, not ready yet.
    /// Can transition to: running, degraded, stopping.
    case starting(since: Timestamp)
    /// Every replica is ready.
    /// Can transition to: degraded, starting (a new manifest), stopping.
    case running(since: Timestamp)
    /// Something is not well; it is launched again after a growing pause, and given up only after a long
    /// time.
    /// Can transition to: running, starting (a new manifest), stopping.
    case degraded(since: Timestamp, nextLaunch: Timestamp)
    /// The lease is over, the workload is being ended.
    /// Can transition to: gone.
    case stopping(since: Timestamp, nextTry: Timestamp)
    /// Nothing runs, nothing is left.
    case gone

    public var name: String {
      switch self {
      case .awaitingManifest: "awaiting_manifest"
      case .starting: "starting"
      case .running: "running"
      case .degraded: "degraded"
      case .stopping: "stopping"
      case .gone: "gone"
      }
    }
  }

  public enum Input: Hashable, Sendable {
    /// A manifest with this hash was checked and kept.
    case manifestAccepted(Digest)
    case launched
    case launchFailed(String)
    /// What the driver sees.
    case observed(Health)
    /// The chain has ended the lease.
    case leaseClosed
    case stopped
    case stopFailed(String)
    case time
  }

  /// A workload's condition.
  public enum Health: Hashable, Sendable {
    case ready
    /// Runs, and does not answer yet.
    case warming
    /// A replica has ended, and how.
    case ended(String)
  }

  public enum Effect: Hashable, Sendable {
    /// Run what the newest accepted manifest says: replace what runs by it, or start what does not run.
    case launch
    /// End and delete everything.
    case stop
    case resign(LeaseCloseReason)
    /// For the log and the tenant.
    case report(String)
  }

  public struct Timing: Hashable, Sendable {
    public var manifestTimeout: UInt64
    /// How long a launched workload may take to be ready, in milliseconds as all here.
    public var warmUp: UInt64 = 60_000
    public var firstPause: UInt64 = 1_000
    public var longestPause: UInt64 = 60_000
    public var unstableAfter: UInt64
    /// Between attempts at what did not work: resigning, stopping.
    public var retry: UInt64 = 60_000

    public init(_ policy: BidPolicy) {
      manifestTimeout = policy.manifestTimeoutSeconds * 1_000
      unstableAfter = policy.unstableAfterSeconds * 1_000
    }
  }

  public let lease: LeaseID
  public let timing: Timing
  public internal(set) var state: State
  /// Of the manifest that runs or is to run.
  public internal(set) var manifestHash: Digest?
  /// Launches after the first since the workload was last well for a minute.
  public internal(set) var attempts: UInt32 = 0
  /// The newest report.
  public internal(set) var message = ""
  /// When it was last resigned for being unstable.
  var resignedAt: Timestamp?

  /// A lease that has just begun.
  public init(_ lease: LeaseID, timing: Timing, at now: Timestamp) {
    self.lease = lease
    self.timing = timing
    state = .awaitingManifest(deadline: now.advanced(byMilliseconds: timing.manifestTimeout))
  }

  /// Handles one input; effects are to be carried out in order. With `mayResign` false the lease is not
  /// given up as unstable: so many are unwell that the fault must be the provider's own.
  public mutating func step(_ input: Input, at now: Timestamp, mayResign: Bool = true) -> [Effect] {
    var effects: [Effect] = []
    switch input {
    case .manifestAccepted(let hash): accept(hash, now, &effects)
    case .launched: launched(now, &effects)
    case .launchFailed(let reason): fail(reason, now, &effects)
    case .observed(let health): observe(health, now, &effects)
    case .leaseClosed: close(now, &effects)
    case .stopped:
      guard case .stopping = state else { break }
      state = .gone
    case .stopFailed(let reason):
      guard case .stopping(let since, _) = state else { break }
      state = .stopping(since: since, nextTry: now.advanced(byMilliseconds: timing.retry))
      report("the workload does not end: \(reason)", &effects)
    case .time: tick(now, mayResign, &effects)
    }
    return effects
  }

  private mutating func accept(_ hash: Digest, _ now: Timestamp, _ effects: inout [Effect]) {
    switch state {
    case .stopping, .gone: return
    case .starting where manifestHash == hash, .running where manifestHash == hash: return
    case .awaitingManifest, .starting, .running, .degraded:
      report(manifestHash == nil ? "manifest accepted" : "new manifest accepted", &effects)
      manifestHash = hash
      attempts = 0
      state = .starting(since: now)
      effects.append(.launch)
    }
  }

  private mutating func launched(_ now: Timestamp, _ effects: inout [Effect]) {
    guard case .starting = state else { return }
    report("started", &effects)
  }

  private mutating func observe(_ health: Health, _ now: Timestamp, _ effects: inout [Effect]) {
    switch (state, health) {
    case (.starting, .ready), (.degraded, .ready):
      state = .running(since: now)
      report("ready", &effects)
    case (.running(let since), .ready):
      if now.milliseconds(since: since) >= timing.warmUp { attempts = 0 }
    case (.starting(let since), .warming) where now.milliseconds(since: since) > timing.warmUp:
      fail("not ready after \(timing.warmUp / 1_000) s", now, &effects)
    case (.running, .warming):
      state = .degraded(since: now, nextLaunch: now.advanced(byMilliseconds: timing.warmUp))
      report("degraded: it does not answer", &effects)
    case (.starting, .ended(let reason)), (.running, .ended(let reason)):
      fail(reason, now, &effects)
    default: break
    }
  }

  /// The workload is unwell: launch it again after a pause that doubles each time.
  private mutating func fail(_ reason: String, _ now: Timestamp, _ effects: inout [Effect]) {
    let since: Timestamp
    switch state {
    case .starting, .running: since = now
    case .degraded(let first, _): since = first
    case .awaitingManifest, .stopping, .gone: return
    }
    let pause = min(timing.longestPause, timing.firstPause << UInt64(min(attempts, 16)))
    state = .degraded(since: since, nextLaunch: now.advanced(byMilliseconds: pause))
    report("degraded: \(reason); next start in \(pause / 1_000) s", &effects)
  }

  private mutating func close(_ now: Timestamp, _ effects: inout [Effect]) {
    switch state {
    case .stopping, .gone: return
    case .awaitingManifest, .starting, .running, .degraded:
      state = .stopping(since: now, nextTry: now.advanced(byMilliseconds: timing.retry))
      report("the lease is over", &effects)
      effects.append(.stop)
    }
  }

  private mutating func tick(_ now: Timestamp, _ mayResign: Bool, _ effects: inout [Effect]) {
    switch state {
    case .awaitingManifest(let deadline) where now >= deadline:
      state = .awaitingManifest(deadline: now.advanced(byMilliseconds: timing.retry))
      report("no manifest came in time: the lease is given up", &effects)
      effects.append(.resign(.manifestTimeout))
    case .degraded(let since, let nextLaunch):
      if now.milliseconds(since: since) >= timing.unstableAfter, mayResign,
        resignedAt.map({ now.milliseconds(since: $0) >= timing.retry }) ?? true
      {
        resignedAt = now
        report("unwell for \(now.milliseconds(since: since) / 1_000) s: the lease is given up", &effects)
        effects.append(.resign(.unstable))
      }
      guard now >= nextLaunch else { return }
      attempts = min(attempts + 1, 1_000)
      let pause = min(timing.longestPause, timing.firstPause << UInt64(min(attempts, 16)))
      state = .degraded(since: since, nextLaunch: now.advanced(byMilliseconds: pause))
      effects.append(.launch)
    case .stopping(let since, let nextTry) where now >= nextTry:
      state = .stopping(since: since, nextTry: now.advanced(byMilliseconds: timing.retry))
      effects.append(.stop)
    default: break
    }
  }

  mutating func report(_ text: String, _ effects: inout [Effect]) {
    message = text
    effects.append(.report(text))
  }
}
