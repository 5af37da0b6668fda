extension Answer {
  /// Counters of the frames and objects that a node has sent, received and dropped since it started.
  public struct Network: Codable, Sendable {
    /// Frames of one kind, over TCP and UDP together. Bytes do not include framing and encryption.
    public struct Frames: Codable, Sendable {
      public var kind: String
      public var sent: UInt64 = 0
      public var sentBytes: UInt64 = 0
      public var received: UInt64 = 0
      public var receivedBytes: UInt64 = 0
      /// Received frames whose content cannot be decoded as a message of their kind.
      public var malformed: UInt64 = 0

      public init(kind: String) {
        self.kind = kind
      }
    }

    /// Counts of gossiped objects of one kind.
    public struct Objects: Codable, Sendable {
      public var kind: String
      public var received: UInt64 = 0
      public var bytes: UInt64 = 0
      public var duplicates: UInt64 = 0
      public var accepted: UInt64 = 0
      public var refused: UInt64 = 0
      public var malformed: UInt64 = 0
      public var forged: UInt64 = 0
      /// Objects that were dropped before their signature was checked.
      public var dropped: UInt64 = 0
      public var overOriginLimit: UInt64 = 0

      public init(kind: String) {
        self.kind = kind
      }
    }

    /// How often data was dropped or refused, or a fault of a peer was recorded, for one reason.
    public struct Drop: Codable, Sendable {
      /// `gossip`, `fault`, `datagram`, `handshake`, `connection`, `frame`, `displaced`, `unsent`, `session`.
      public var layer: String
      public var reason: String
      public var count: UInt64

      public init(layer: String, reason: String, count: UInt64) {
        self.layer = layer
        self.reason = reason
        self.count = count
      }
    }

    public var frames: [Frames]
    public var objects: [Objects]
    public var drops: [Drop]
    /// Further counters by name, such as `reconciliation_rounds`.
    public var figures: [String: UInt64]

    public init(frames: [Frames], objects: [Objects], drops: [Drop], figures: [String: UInt64]) {
      self.frames = frames
      self.objects = objects
      self.drops = drops
      self.figures = figures
    }
  }
}

extension PrometheusText {
  /// Adds all counters of `network` as metrics.
  public mutating func add(_ network: Answer.Network) {
    let frames: [(name: String, help: String, value: (Answer.Network.Frames) -> UInt64)] = [
      ("frames_sent", "Frames sent, by kind.", \.sent),
      ("frame_bytes_sent", "Bytes of frames sent.", \.sentBytes),
      ("frames_received", "Frames received, by kind.", \.received),
      ("frame_bytes_received", "Bytes of frames received.", \.receivedBytes),
      ("frames_malformed", "Frames that could not be decoded.", \.malformed),
    ]
    for (name, help, value) in frames {
      let samples = network.frames.map { Sample(["kind": $0.kind], value($0)) }
      add("supercloud_\(name)_total", .counter, help, samples)
    }
    let objects: [(name: String, help: String, value: (Answer.Network.Objects) -> UInt64)] = [
      ("objects_received", "Gossiped objects received, by kind.", \.received),
      ("object_bytes_received", "Bytes of objects received.", \.bytes),
      ("objects_duplicate", "Objects that were known already.", \.duplicates),
      ("objects_accepted", "Objects that were accepted.", \.accepted),
      ("objects_refused", "Objects that were refused.", \.refused),
      ("objects_malformed", "Objects that could not be decoded.", \.malformed),
      ("objects_forged", "Objects with a forged signature.", \.forged),
      ("objects_dropped", "Objects dropped unchecked.", \.dropped),
      ("objects_over_origin_limit", "Objects beyond the rate limit of their origin.", \.overOriginLimit),
    ]
    for (name, help, value) in objects {
      let samples = network.objects.map { Sample(["kind": $0.kind], value($0)) }
      add("supercloud_\(name)_total", .counter, help, samples)
    }
    let drops = network.drops.map { Sample(["layer": $0.layer, "reason": $0.reason], $0.count) }
    let help = "What was dropped or refused, and faults of peers, by layer and reason."
    add("supercloud_drops_total", .counter, help, drops)
    for (name, value) in network.figures.sorted(by: { $0.key < $1.key }) {
      add("supercloud_gossip_\(name)", .gauge, nil, value)
    }
  }
}
