extension Answer {
  /// Counters of what a node has sent, received and dropped since it started.
  public struct Network: Codable, Sendable {
    /// Frames of one kind, over TCP and UDP together. Bytes do not include framing and encryption.
    public struct Frames: Codable, Sendable {
      public var kind: String
      public var sent: UInt64
      public var sentBytes: UInt64
      public var received: UInt64
      public var receivedBytes: UInt64
      /// Received frames whose content is not a message of that kind.
      public var malformed: UInt64

      public init(
        kind: String,
        sent: UInt64,
        sentBytes: UInt64,
        received: UInt64,
        receivedBytes: UInt64,
        malformed: UInt64
      ) {
        self.kind = kind
        self.sent = sent
        self.sentBytes = sentBytes
        self.received = received
        self.receivedBytes = receivedBytes
        self.malformed = malformed
      }
    }

    /// Gossiped objects of one kind.
    public struct Objects: Codable, Sendable {
      public var kind: String
      public var received: UInt64
      public var bytes: UInt64
      public var duplicates: UInt64
      public var accepted: UInt64
      public var refused: UInt64
      public var malformed: UInt64
      public var forged: UInt64
      /// Dropped before their signature was checked.
      public var dropped: UInt64
      public var overOriginLimit: UInt64

      public init(
        kind: String,
        received: UInt64,
        bytes: UInt64,
        duplicates: UInt64,
        accepted: UInt64,
        refused: UInt64,
        malformed: UInt64,
        forged: UInt64,
        dropped: UInt64,
        overOriginLimit: UInt64
      ) {
        self.kind = kind
        self.received = received
        self.bytes = bytes
        self.duplicates = duplicates
        self.accepted = accepted
        self.refused = refused
        self.malformed = malformed
        self.forged = forged
        self.dropped = dropped
        self.overOriginLimit = overOriginLimit
      }
    }

    /// How often something was dropped or refused, or a fault of a peer was recorded.
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
  /// Adds all counters of `network`.
  public mutating func add(_ network: Answer.Network) {
    func frames(_ value: (Answer.Network.Frames) -> UInt64) -> [Sample] {
      network.frames.map { Sample(["kind": $0.kind], value($0)) }
    }
    add("supercloud_frames_sent_total", .counter, "Frames sent, by kind.", frames(\.sent))
    add("supercloud_frame_bytes_sent_total", .counter, "Bytes of frames sent.", frames(\.sentBytes))
    add("supercloud_frames_received_total", .counter, "Frames received, by kind.", frames(\.received))
    add(
      "supercloud_frame_bytes_received_total",
      .counter,
      "Bytes of frames received.",
      frames(\.receivedBytes)
    )
    add(
      "supercloud_frames_malformed_total",
      .counter,
      "Frames that could not be decoded.",
      frames(\.malformed)
    )
    add(network.objects)
    add(
      "supercloud_drops_total",
      .counter,
      "What was dropped or rejected, and faults of peers, by layer and reason.",
      network.drops.map { Sample(["layer": $0.layer, "reason": $0.reason], $0.count) }
    )
    for (name, value) in network.figures.sorted(by: { $0.key < $1.key }) {
      add("supercloud_gossip_\(name)", .gauge, nil, value)
    }
  }

  private mutating func add(_ kinds: [Answer.Network.Objects]) {
    func objects(_ value: (Answer.Network.Objects) -> UInt64) -> [Sample] {
      kinds.map { Sample(["kind": $0.kind], value($0)) }
    }
    add(
      "supercloud_objects_received_total",
      .counter,
      "Gossiped objects received, by kind.",
      objects(\.received)
    )
    add("supercloud_object_bytes_received_total", .counter, "Bytes of objects received.", objects(\.bytes))
    add(
      "supercloud_objects_duplicate_total",
      .counter,
      "Objects that were known already.",
      objects(\.duplicates)
    )
    add("supercloud_objects_accepted_total", .counter, "Objects that were accepted.", objects(\.accepted))
    add("supercloud_objects_refused_total", .counter, "Objects that were rejected.", objects(\.refused))
    add(
      "supercloud_objects_malformed_total",
      .counter,
      "Objects that could not be decoded.",
      objects(\.malformed)
    )
    add("supercloud_objects_forged_total", .counter, "Objects with a forged signature.", objects(\.forged))
    add("supercloud_objects_dropped_total", .counter, "Objects dropped unchecked.", objects(\.dropped))
    add(
      "supercloud_objects_over_origin_limit_total",
      .counter,
      "Objects beyond the rate limit of their origin.",
      objects(\.overOriginLimit)
    )
  }
}
