import Primitives

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

  /// Decodes what `encoded` gives. The quarters' digests are not checked: call `isConsistent` for pages from
  /// peers.
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
