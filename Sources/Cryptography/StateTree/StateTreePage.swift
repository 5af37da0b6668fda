import Primitives

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
  /// The four digests of the slots 0–3, 4–7, 8–11 and 12–15.
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

  /// The only entry of the page, if its content is a single entry; otherwise nil. Such a page is replaced by
  /// the entry in the parent's slot.
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

  /// The digests of the four sibling nodes on the path from slot `index` to the page's digest, lowest first.
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

extension StateTreePage {
  /// The length in bytes of the longest encoding: a page with sixteen leaves.
  public static let maximumEncodedCount = 4 + 16 * 64 + 4 * 32

  /// Which slots are leaves and which are children: the first four bytes of an encoding.
  private struct Layout {
    var leaves: UInt16 = 0
    var children: UInt16 = 0

    func hasFilledSlot(inQuarter quarter: Int) -> Bool {
      (leaves | children) >> UInt16(4 * quarter) & 15 != 0
    }

    var encodedCount: Int {
      var digests = 2 * leaves.nonzeroBitCount + children.nonzeroBitCount
      for quarter in 0..<4 where hasFilledSlot(inQuarter: quarter) { digests += 1 }
      return 4 + 32 * digests
    }
  }

  /// The encoding: which slots are leaves (16 bits) and which are children (16 bits), the filled slots in
  /// order (64 and 32 bytes), then the stored digests of the quarters with a filled slot.
  public func encoded() -> [UInt8] {
    var layout = Layout()
    for index in 0..<Self.slotCount {
      switch slots[index] {
      case .empty: continue
      case .leaf: layout.leaves |= 1 << UInt16(index)
      case .child: layout.children |= 1 << UInt16(index)
      }
    }
    return filledArray(count: layout.encodedCount) { start in
      var cursor = unsafe start
      func put(_ digest: Digest) {
        unsafe digest.storage.store(at: cursor)
        unsafe cursor += 32
      }
      for mask in [layout.leaves, layout.children] {
        unsafe cursor[0] = UInt8(mask >> 8)
        unsafe cursor[1] = UInt8(mask & 0xFF)
        unsafe cursor += 2
      }
      for slot in slots {
        switch slot {
        case .empty: continue
        case .leaf(let key, let value):
          put(key)
          put(value)
        case .child(let digest): put(digest)
        }
      }
      for quarter in 0..<4 where layout.hasFilledSlot(inQuarter: quarter) { put(quarters[quarter]) }
    }
  }

  /// Decodes the bytes of `encoded`. The digests of the quarters are not checked: call `isConsistent` for
  /// pages from peers.
  public init(decoding bytes: some Collection<UInt8>) throws(DecodingError) {
    guard bytes.count <= Self.maximumEncodedCount else { throw .outOfRange(field: "page") }
    let page: Result<StateTreePage, DecodingError> = withContiguous(bytes) { borrowed in
      Result { () throws(DecodingError) in unsafe try StateTreePage(decoding: borrowed) }
    }
    self = try page.get()
  }

  private init(decoding bytes: BorrowedBytes) throws(DecodingError) {
    guard unsafe bytes.count >= 4 else { throw .truncated }
    let layout = unsafe Layout(
      leaves: UInt16(bytes.base[0]) << 8 | UInt16(bytes.base[1]),
      children: UInt16(bytes.base[2]) << 8 | UInt16(bytes.base[3])
    )
    guard layout.leaves & layout.children == 0 else { throw .invalid(field: "slots") }
    // The length is right, so every read below is inside the bytes.
    guard unsafe bytes.count >= layout.encodedCount else { throw .truncated }
    guard unsafe bytes.count == layout.encodedCount else { throw .trailingBytes }
    self.init()
    var cursor = unsafe bytes.base + 4
    func take() -> Digest {
      defer { unsafe cursor += 32 }
      return unsafe Digest(storage: Bytes32(at: cursor))
    }
    for index in 0..<Self.slotCount {
      if layout.leaves >> UInt16(index) & 1 == 1 {
        let key = take()
        set(index, .leaf(key: key, value: take()))
      } else if layout.children >> UInt16(index) & 1 == 1 {
        set(index, .child(take()))
      }
    }
    for quarter in 0..<4 where layout.hasFilledSlot(inQuarter: quarter) { quarters[quarter] = take() }
  }
}
