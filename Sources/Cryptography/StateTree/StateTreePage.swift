/// A node of a `StateTree`: sixteen slots, one for each value of the next nibble.
///
/// Its digest is the root of a binary Merkle tree over the slots. The page also stores the four nodes that
/// are above four slots each, so that a change of one slot costs six hashes instead of fifteen.
public struct StateTreePage: Sendable {
  public enum Slot: Hashable, Sendable {
    case empty
    /// The only entry whose path goes through this slot.
    case leaf(key: Digest, value: Digest)
    /// The digest of the page below this slot.
    case child(Digest)

    var digest: Digest {
      switch self {
      case .empty: .zero
      case .leaf(let key, let value): NodeHash.entry(key: key, value: value)
      case .child(let digest): digest
      }
    }
  }

  public static let slotCount = 16

  /// Always sixteen slots.
  public private(set) var slots: [Slot]
  /// The digests of slots 0–3, 4–7, 8–11, 12–15.
  var quarters: [4 of Digest]

  /// An empty page.
  public init() {
    slots = [Slot](repeating: .empty, count: Self.slotCount)
    quarters = [4 of Digest](repeating: .zero)
  }

  public var digest: Digest {
    NodeHash.branch(NodeHash.branch(quarters[0], quarters[1]), NodeHash.branch(quarters[2], quarters[3]))
  }

  public var isEmpty: Bool { slots.allSatisfy { $0 == .empty } }

  /// The page's only content when that is a single entry. Such a page is replaced by the entry in the
  /// parent's slot.
  var soleLeaf: Slot? {
    var sole: Slot?
    for slot in slots where slot != .empty {
      guard sole == nil, case .leaf = slot else { return nil }
      sole = slot
    }
    return sole
  }

  /// Replaces a slot. Call `refresh` before `digest` is used again.
  mutating func set(_ index: Int, _ slot: Slot) { slots[index] = slot }

  /// Updates the digests of the quarters in which a slot changed; bit *n* of `changed` stands for slot *n*.
  mutating func refresh(changed: UInt16) {
    for quarter in 0..<4 where changed >> UInt16(4 * quarter) & 15 != 0 {
      quarters[quarter] = quarterDigest(quarter)
    }
  }

  private func quarterDigest(_ quarter: Int) -> Digest {
    let first = 4 * quarter
    return NodeHash.branch(
      NodeHash.branch(slots[first].digest, slots[first + 1].digest),
      NodeHash.branch(slots[first + 2].digest, slots[first + 3].digest)
    )
  }

  /// The digests of the four neighbours on the path from slot `index` to the page's digest, lowest first.
  func siblings(of index: Int) -> [Digest] {
    let pair = (index ^ 2) & ~1
    let half = (index >> 2 ^ 2) & ~1
    return [
      slots[index ^ 1].digest,
      NodeHash.branch(slots[pair].digest, slots[pair | 1].digest),
      quarters[index >> 2 ^ 1],
      NodeHash.branch(quarters[half], quarters[half | 1]),
    ]
  }

  /// Whether the page is valid at `path`: every entry belongs in its slot, the page is not superfluous, and
  /// the stored quarters are right. Call this for pages from peers.
  public func isConsistent(at path: NibblePath) -> Bool {
    Sodium.start()
    guard path.count < 64 else { return false }
    for (index, slot) in slots.enumerated() {
      switch slot {
      case .empty: continue
      case .leaf(let key, _): guard path.appending(index).isPrefix(of: key) else { return false }
      case .child(let digest): guard digest != .zero, path.count < 63 else { return false }
      }
    }
    guard !isEmpty, path == .root || soleLeaf == nil else { return false }
    return (0..<4).allSatisfy { quarters[$0] == quarterDigest($0) }
  }
}

extension StateTreePage: Equatable {
  public static func == (left: StateTreePage, right: StateTreePage) -> Bool {
    left.slots == right.slots && (0..<4).allSatisfy { left.quarters[$0] == right.quarters[$0] }
  }
}
