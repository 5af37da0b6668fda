public import Chain

extension Dissemination {
  /// The numbers of events since the start, for metrics.
  @dynamicMemberLookup public struct Counters: Hashable, Sendable {
    /// The counters of each kind of object, in the order of `SignedObject.Kind.allCases`.
    public private(set) var kinds = Array(repeating: KindCounters(), count: SignedObject.Kind.allCases.count)
    /// Objects that were dropped before a signature check, by reason.
    public internal(set) var drops: [DropReason: UInt64] = [:]
    public internal(set) var pushed: UInt64 = 0
    public var announced: UInt64 = 0
    public var wantsSent: UInt64 = 0
    public internal(set) var wantsAnswered: UInt64 = 0
    /// Objects whose signature was not checked again, since an earlier check had found it valid.
    public internal(set) var checksSpared: UInt64 = 0
    public internal(set) var stopsSent: UInt64 = 0
    public internal(set) var startsSent: UInt64 = 0

    public init() {}

    public subscript(kind: SignedObject.Kind) -> KindCounters {
      get { kinds[Int(kind.rawValue) - 1] }
      set { kinds[Int(kind.rawValue) - 1] = newValue }
    }

    /// The sum over all kinds.
    public subscript(dynamicMember count: KeyPath<KindCounters, UInt64>) -> UInt64 {
      kinds.reduce(0) { $0 + $1[keyPath: count] }
    }
  }

  /// The counters of one kind of object.
  public struct KindCounters: Hashable, Sendable {
    public internal(set) var received: UInt64 = 0
    public internal(set) var bytes: UInt64 = 0
    public internal(set) var duplicates: UInt64 = 0
    public internal(set) var accepted: UInt64 = 0
    public internal(set) var refused: UInt64 = 0
    public internal(set) var malformed: UInt64 = 0
    public internal(set) var forged: UInt64 = 0
    public internal(set) var dropped: UInt64 = 0
    /// Authentic, but the origin sent more than its allowance.
    public internal(set) var overOriginLimit: UInt64 = 0

    public init() {}
  }

  /// Why an object was dropped before its signature was checked.
  public enum DropReason: String, Hashable, Sendable, CaseIterable {
    /// The queue of objects that wait for a check is full.
    case queueFull = "queue_full"
    /// The neighbour holds its quarter of that queue.
    case queueShare = "queue_share"
    /// The queue is half full, and the object is an offer or a node record.
    case lessUrgent = "less_urgent"
    /// The neighbour has used up its allowance of signature checks.
    case checkAllowance = "check_allowance"
  }
}
