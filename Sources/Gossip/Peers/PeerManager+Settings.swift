public import Primitives

extension PeerManager {
  public struct Settings: Hashable, Sendable {
    /// The number of outbound sessions, without those of the mesh.
    public var outbound = 8
    /// The limit of inbound sessions, without those of the mesh.
    public var inbound = 24
    /// Outbound sessions are dialed only while fewer dials than this are pending, for any purpose. In total,
    /// this many dials and one for each mesh peer can be pending.
    public var dialsAtOnce = 8
    /// The interval at which missing sessions and records are looked for. Every event looks for them too.
    public var tickInterval = Interval.seconds(1)
    /// The interval between feelers: short sessions that test an entry of the address book.
    public var feelerInterval = Interval.seconds(120)
    /// The number of feelers after the start that follow each other at `firstFeelerInterval`. Thereby a new
    /// node soon knows addresses that answer and peers that are near.
    public var firstFeelers = 24
    public var firstFeelerInterval = Interval.seconds(1)
    /// The time from the start to the first feeler, in which outbound sessions are opened.
    public var firstFeelerWait = Interval.seconds(3)
    /// How many outbound sessions are kept for near peers, which feelers find (`PeerManager+Planning.swift`).
    public var nearby = 2
    /// The interval between two requests for node records to one peer. The peer allows twice that rate.
    public var recordInterval = Interval.seconds(10)
    /// The longest wait before the next request to a peer whose answers bring nothing new. Each such answer doubles the
    /// wait.
    public var longestRecordInterval = Interval.seconds(60)
    /// The number of entries in the address book from which on no records are requested.
    public var bookTarget = 1_000
    /// The wait after the first failed dial. Each further failure doubles it, with jitter, up to `longestBackoff`.
    public var firstBackoff = Interval.seconds(1)
    public var longestBackoff = Interval.seconds(600)
    /// The same two waits for links between validators, which must be restored soon.
    public var firstMeshBackoff = Interval.milliseconds(250)
    public var longestMeshBackoff = Interval.seconds(10)
    /// Whether addresses are grouped (`AddressGroup`): at most one outbound session per group, and buckets of the
    /// address book by group.
    public var usesGroups = true
    /// If true, records of keys that the chain does not know are forwarded too, and requests are also
    /// answered with records of peers that this node has not dialed.
    public var spreadsAllRecords = false
    public var seeds: [Seed] = []

    public init() {}

    /// Settings for a network on one machine: all nodes have one address, and all records are forwarded.
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
