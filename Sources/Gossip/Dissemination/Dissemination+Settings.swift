public import Primitives

extension Dissemination {
  /// The limits and times of dissemination.
  public struct Settings: Hashable, Sendable {
    /// Copies wanted per object of an origin with a route of its own.
    public var suppliers = 2
    /// Copies wanted per object of an origin without a route. All such origins share their suppliers, which are not the
    /// fastest for each of them; hence one more.
    public var sharedSuppliers = 3
    /// The number of objects from which on suppliers are chosen for the origin itself. To choose them, all
    /// neighbours push the next `routeSamples` objects, which costs an origin with fewer objects more than it
    /// saves.
    public var routeAfter = 4
    /// The number of objects of an origin that all neighbours push before any of them is told to stop. With
    /// one object, a loss or a jitter of milliseconds would decide who supplies for half an hour.
    public var routeSamples = 3
    /// The number of objects after which suppliers are chosen for the origins without a route.
    public var sharedRouteAfter = 8
    /// How long identifiers are gathered before a digest is sent.
    public var digestInterval = Interval.milliseconds(50)
    /// The time from the announcement of an object to the first request for it. Most objects are pushed
    /// before.
    public var wantAfter = Interval.milliseconds(80)
    public var wantRetry = Interval.milliseconds(150)
    public var wantAttempts = 10
    /// The time from the first copy of an object to the comparison of its suppliers, so that others can
    /// arrive.
    public var settleTime = Interval.milliseconds(250)
    public var exploreInterval = Interval.seconds(30)
    public var routeLifetime = Interval.seconds(1_800)
    public var seenPeriod = Interval.seconds(60)
    /// Identifiers that are remembered: 4,000 objects a second for two minutes.
    public var seenCapacity = 480_000
    /// An object of the market lives for an hour at most, and checks are remembered for up to two of these
    /// periods.
    public var checkedPeriod = Interval.seconds(1_800)
    public var checkedCapacity = 131_072
    /// The time for which copies of a refused object are ignored. Later, this node's state may admit it.
    public var refusedPeriod = Interval.seconds(10)

    /// Signature checks a second that one neighbour can cause with objects that are not accepted. One such
    /// allowance holds for objects that it pushes, another for objects that this node asked it for. At 58 µs
    /// a check, 32 hostile neighbours take three quarters of a core.
    public var checks = TokenBucket.Rate(perSecond: 200, burst: 2_000)
    /// Objects a second that are accepted of one origin that has a route.
    public var origin = TokenBucket.Rate(perSecond: 20, burst: 100)
    /// Objects a second that one neighbour may deliver of all origins without a route together.
    public var routelessAllowance = TokenBucket.Rate(perSecond: 100, burst: 2_000)
    /// Entries a second with which one neighbour asks this node to stop or to start pushing an origin's objects
    /// to it. The burst is two entries for each of `routeLimit` origins.
    public var control = TokenBucket.Rate(perSecond: 500, burst: 16_384)
    public var digests = TokenBucket.Rate(perSecond: 10_000, burst: 40_000)
    public var wants = TokenBucket.Rate(perSecond: 500, burst: 2_000)
    /// Bytes a second that are pushed to one neighbour; objects beyond that are only announced.
    public var pushBytes = TokenBucket.Rate(perSecond: 4 * 1024 * 1024, burst: 1024 * 1024)

    /// Objects that wait for a check or judgement; one neighbour may hold a quarter of them.
    public var pendingLimit = 8_192
    public var pendingBytes = 8 * 1024 * 1024
    public var missingLimit = 16_384
    public var missingPerPeer = 2_048
    public var routeLimit = 8_192
    public var announcedPerPeer = 8_192
    public var liveLimit = 262_144
    /// The most times that an announced object is sent to a neighbour on request, since an answer may be
    /// lost.
    public var answersPerAnnouncement: UInt8 = 3
    /// After this many announced but undelivered objects in a row, a neighbour's digests are ignored for a
    /// minute.
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

  /// The share of objects that came only because this node asked for them, over each 256 objects. Above 2 %,
  /// one more supplier is kept for each origin, until the share has been below 0.5 % for five minutes.
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
