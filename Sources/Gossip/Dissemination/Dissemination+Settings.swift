public import Primitives

extension Dissemination {
  /// The limits and times of dissemination.
  public struct Settings: Hashable, Sendable {
    /// Copies wanted per object of an origin with a route of its own.
    public var suppliers = 2
    /// Copies wanted per object of an origin without a route. All such origins share their suppliers, which are not the
    /// fastest for each of them; hence one more.
    public var sharedSuppliers = 3
    /// From this many objects on, suppliers are chosen for an origin itself. All neighbours push its next
    /// `routeSamples` objects for that, which would cost more than it saves for an origin with fewer objects.
    public var routeAfter = 4
    /// Objects of an origin that all neighbours push before any is told to stop. With a single one, a loss or a jitter of
    /// milliseconds would decide who supplies for half an hour.
    public var routeSamples = 3
    /// Objects after which suppliers are chosen for the origins without a route.
    public var sharedRouteAfter = 8
    /// How long identifiers are gathered before a digest is sent.
    public var digestInterval = Interval.milliseconds(50)
    /// How long after its announcement an object is asked for; mostly it is pushed before.
    public var wantAfter = Interval.milliseconds(80)
    public var wantRetry = Interval.milliseconds(150)
    public var wantAttempts = 10
    /// How long copies of an object are waited for before its suppliers are compared.
    public var settleTime = Interval.milliseconds(250)
    public var exploreInterval = Interval.seconds(30)
    public var routeLifetime = Interval.seconds(1_800)
    public var seenPeriod = Interval.seconds(60)
    /// 4,000 objects a second for two minutes.
    public var seenCapacity = 480_000
    /// Twice this period is an hour, the longest life of an object of the market.
    public var checkedPeriod = Interval.seconds(1_800)
    public var checkedCapacity = 131_072
    /// A refused object is not asked for again for this long. After that this node's state may let it in.
    public var refusedPeriod = Interval.seconds(10)

    /// Signature checks a second that one neighbour may cost with objects that are not accepted. This allowance exists
    /// twice: for objects that it pushes and for objects that it was asked for. At 58 µs a check, 32 hostile neighbours
    /// can take three quarters of a core.
    public var checks = TokenBucket.Rate(perSecond: 200, burst: 2_000)
    /// Objects a second of one origin that has a route.
    public var origin = TokenBucket.Rate(perSecond: 20, burst: 100)
    /// Objects a second that one neighbour delivers of all origins without a route together.
    public var strangers = TokenBucket.Rate(perSecond: 100, burst: 2_000)
    /// STOP and START entries of one neighbour a second; the burst is two for each of a few thousand origins at once.
    public var control = TokenBucket.Rate(perSecond: 500, burst: 16_384)
    public var digests = TokenBucket.Rate(perSecond: 10_000, burst: 40_000)
    public var wants = TokenBucket.Rate(perSecond: 500, burst: 2_000)
    /// Bytes a second pushed to one neighbour; what is beyond is only announced.
    public var pushBytes = TokenBucket.Rate(perSecond: 4 * 1024 * 1024, burst: 1024 * 1024)

    /// Objects that wait for a check or judgement; one neighbour may hold a quarter.
    public var pendingLimit = 8_192
    public var pendingBytes = 8 * 1024 * 1024
    public var missingLimit = 16_384
    public var missingPerPeer = 2_048
    public var routeLimit = 8_192
    public var announcedPerPeer = 8_192
    public var liveLimit = 262_144
    /// How often one announced object is sent on request. An answer may be lost, so more than once.
    public var answersPerAnnouncement: UInt8 = 3
    /// Announced objects in a row that a neighbour did not deliver before its digests are ignored for a minute.
    public var emptyAnnouncementLimit = 64

    public init() {}

    /// For a network on one machine or one LAN, where a round trip is below a millisecond.
    public static var local: Settings {
      var settings = Settings()
      settings.digestInterval = .milliseconds(10)
      settings.wantAfter = .milliseconds(20)
      settings.wantRetry = .milliseconds(40)
      settings.settleTime = .milliseconds(60)
      settings.origin = .init(perSecond: 200, burst: 1_000)
      return settings
    }
  }

  /// The share of objects that came only because they were asked for. Above 2 % one more supplier is kept for each
  /// origin, until the share was below 0.5 % for five minutes.
  struct LossWindow: Hashable, Sendable {
    private static let sample: UInt64 = 256
    private static let calmTime = Interval.seconds(300)

    private var objects: UInt64 = 0
    private var repaired: UInt64 = 0
    private var calmSince: Instant?
    private(set) var isLossy = false

    mutating func count(wasRepaired: Bool, at now: Instant) {
      objects += 1
      if wasRepaired { repaired += 1 }
      guard objects >= Self.sample else { return }
      let permille = repaired * 1_000 / objects
      if permille > 20 {
        isLossy = true
        calmSince = nil
      } else if permille < 5 {
        let since = calmSince ?? now
        calmSince = since
        if now.since(since) >= Self.calmTime { isLossy = false }
      } else {
        calmSince = nil
      }
      objects = 0
      repaired = 0
    }
  }
}
