public import Primitives

extension PeerManager {
  public struct Settings: Hashable, Sendable {
    public var outbound = 8
    public var inbound = 24
    public var dialsAtOnce = 8
    /// Between looks at what is missing; every event is one, too.
    public var tickInterval = Interval.seconds(1)
    public var feelerInterval = Interval.seconds(120)
    /// Feelers that follow each other fast after the start: a newcomer gets to know addresses that answer, and among
    /// them peers that are near.
    public var firstFeelers = 24
    public var firstFeelerInterval = Interval.seconds(1)
    /// Until then outbound sessions are made.
    public var firstFeelerWait = Interval.seconds(3)
    /// Of the outbound sessions, those that feelers find by their speed (`PeerManager+Nearby.swift`).
    public var nearby = 2
    /// Between two requests for records to one peer, and two answers to one peer.
    public var recordInterval = Interval.seconds(10)
    /// The same to a peer whose answers bring nothing new, at most; the wait doubles up to here.
    public var longestRecordInterval = Interval.seconds(60)
    /// Below this many entries the book asks for more.
    public var bookTarget = 1_000
    /// The first wait after a failed dial; doubles, with jitter.
    public var firstBackoff = Interval.seconds(1)
    public var longestBackoff = Interval.seconds(600)
    /// The same for links between validators, which must come back soon.
    public var firstMeshBackoff = Interval.milliseconds(250)
    public var longestMeshBackoff = Interval.seconds(10)
    /// At most one outbound session per address group, and buckets by group.
    public var usesGroups = true
    /// Passes on records of keys that the chain does not know, and of peers that nobody has dialed.
    public var spreadsAllRecords = false
    public var seeds: [Seed] = []

    public init() {}

    /// For a network on one machine: all nodes share one address, and strangers are friends.
    public static var local: Settings {
      var settings = Settings()
      settings.usesGroups = false
      settings.spreadsAllRecords = true
      settings.firstFeelers = 0
      settings.nearby = 0
      settings.tickInterval = .milliseconds(250)
      settings.firstBackoff = .milliseconds(250)
      settings.longestBackoff = .seconds(10)
      settings.recordInterval = .seconds(1)
      return settings
    }
  }
}
