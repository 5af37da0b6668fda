import Chain
import Cryptography
import Primitives

/// The life cycle of one lease at its provider, as a state machine without input or output; its time is the
/// provider's clock.
public struct LeaseMachine: Hashable, Sendable {
  public enum State: Hashable, Sendable {
    /// The tenant has not sent a manifest. At the deadline the lease is resigned, and again every minute
    /// until the chain closes it. Next: starting, stopping.
    case awaitingManifest(deadline: Timestamp)
    /// The workload was launched and is not ready yet. Next: running, degraded, stopping.
    case starting(since: Timestamp)
    /// Every replica is ready. Next: degraded, starting (after a new manifest), stopping.
    case running(since: Timestamp)
    /// A replica has ended or does not answer. The workload is launched again after a growing pause; only
    /// after `unstableAfter` is the lease resigned. Next: running, starting (after a new manifest), stopping.
    case degraded(since: Timestamp, nextLaunch: Timestamp)
    /// The lease is over and the workload is being ended. Next: gone.
    case stopping(since: Timestamp, nextTry: Timestamp)
    /// Nothing of the workload is left.
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
    /// A manifest with this hash was checked and stored.
    case manifestAccepted(Digest)
    case launched
    case launchFailed(String)
    /// The workload's condition according to the driver.
    case observed(Health)
    /// The chain has closed the lease.
    case leaseClosed
    case stopped
    case stopFailed(String)
    case time
  }

  /// A workload's condition.
  public enum Health: Hashable, Sendable {
    case ready
    /// All replicas run, but not all accept connections.
    case warming
    /// A replica has ended; the text says how.
    case ended(String)
  }

  public enum Effect: Hashable, Sendable {
    /// Run the newest accepted manifest: replace a workload of an older manifest, and start replicas that do
    /// not run.
    case launch
    /// End the workload and delete all that belongs to it.
    case stop
    case resign(LeaseCloseReason)
    /// A message for the log and the tenant.
    case report(String)
  }

  /// Durations in milliseconds.
  public struct Timing: Hashable, Sendable {
    public var manifestTimeout: UInt64
    /// How long a launched workload may take to become ready.
    public var warmUp: UInt64 = 60_000
    public var firstPause: UInt64 = 1_000
    public var longestPause: UInt64 = 60_000
    public var unstableAfter: UInt64
    /// The pause between attempts to resign or to stop.
    public var retry: UInt64 = 60_000

    public init(_ policy: BidPolicy) {
      manifestTimeout = policy.manifestTimeoutSeconds * 1_000
      unstableAfter = policy.unstableAfterSeconds * 1_000
    }
  }

  public let lease: LeaseID
  public let timing: Timing
  public internal(set) var state: State
  /// The hash of the manifest that runs or is to be run.
  public internal(set) var manifestHash: Digest?
  /// The number of relaunches since the workload was last ready for a minute.
  public internal(set) var attempts: UInt32 = 0
  /// The newest report.
  public internal(set) var message = ""
  /// When the lease was last resigned as unstable.
  var resignedAt: Timestamp?

  /// A lease that was just opened.
  public init(_ lease: LeaseID, timing: Timing, at now: Timestamp) {
    self.lease = lease
    self.timing = timing
    state = .awaitingManifest(deadline: now.advanced(byMilliseconds: timing.manifestTimeout))
  }

  /// Handles one input. The caller must perform the effects in order. If `mayResign` is false, the lease is
  /// not resigned as unstable. Callers use this when so many leases are degraded that the provider itself
  /// must be at fault.
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
      report("the workload could not be stopped: \(reason)", &effects)
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

  /// Degrades the workload and schedules its next launch after a pause that doubles each time.
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
      report("the lease has ended", &effects)
      effects.append(.stop)
    }
  }

  private mutating func tick(_ now: Timestamp, _ mayResign: Bool, _ effects: inout [Effect]) {
    switch state {
    case .awaitingManifest(let deadline) where now >= deadline:
      state = .awaitingManifest(deadline: now.advanced(byMilliseconds: timing.retry))
      report("no manifest came in time: closing the lease", &effects)
      effects.append(.resign(.manifestTimeout))
    case .degraded(let since, let nextLaunch):
      if now.milliseconds(since: since) >= timing.unstableAfter, mayResign,
        resignedAt.map({ now.milliseconds(since: $0) >= timing.retry }) ?? true
      {
        resignedAt = now
        report("degraded for \(now.milliseconds(since: since) / 1_000) s: closing the lease", &effects)
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
