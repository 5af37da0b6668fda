public import Primitives

extension PeerManager {
  public struct Settings: Hashable, Sendable {
    /// Sessions that this node opens itself, without those of the mesh.
    public var outbound = 8
    /// The most sessions that others open, without those of the mesh.
    public var inbound = 24
    /// Outbound sessions are dialed only while fewer dials than this are under way, those of the mesh included. The mesh
    /// may dial each of its peers in addition.
    public var dialsAtOnce = 8
    /// How often missing sessions and records are looked for when nothing happens; each event looks for them too.
    public var tickInterval = Interval.seconds(1)
    /// Between two feelers. A feeler is a short session that tests an entry of the address book.
    public var feelerInterval = Interval.seconds(120)
    /// The number of feelers at the start that follow each other at `firstFeelerInterval`, so that a new node soon
    /// knows addresses that answer and peers that are near.
    public var firstFeelers = 24
    public var firstFeelerInterval = Interval.seconds(1)
    /// From the start to the first feeler; before it, outbound sessions are opened.
    public var firstFeelerWait = Interval.seconds(3)
    /// How many outbound sessions are kept for near peers, which feelers find (`PeerManager+Planning.swift`).
    public var nearby = 2
    /// Between two requests for node records to one peer. An answering node allows twice that rate.
    public var recordInterval = Interval.seconds(10)
    /// The longest wait before the next request to a peer whose answers bring nothing new. Each such answer doubles the
    /// wait.
    public var longestRecordInterval = Interval.seconds(60)
    /// Records are requested while the address book has fewer entries.
    public var bookTarget = 1_000
    /// The wait after the first failed dial. Each further failure doubles it, with jitter, up to `longestBackoff`.
    public var firstBackoff = Interval.seconds(1)
    public var longestBackoff = Interval.seconds(600)
    /// The same for links between validators, which must come back soon.
    public var firstMeshBackoff = Interval.milliseconds(250)
    public var longestMeshBackoff = Interval.seconds(10)
    /// Whether addresses are grouped (`AddressGroup`): at most one outbound session per group, and buckets of the
    /// address book by group.
    public var usesGroups = true
    /// Also forwards records of keys that the chain does not know, and answers requests with records of peers that this
    /// node has not dialed yet.
    public var spreadsAllRecords = false
    public var seeds: [Seed] = []

    public init() {}

    /// For a network on one machine: all nodes have one address, and all keys are trusted.
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
