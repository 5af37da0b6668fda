/// State in memory, for tests and the simulator. It is a sorted list in pieces of at most 256 entries, so
/// that a lookup or an insertion touches only a small part. Copies share their pieces until one is changed.
public struct MemoryState: StateReading, Sendable {
  private struct Entry: Sendable {
    var key: [UInt8]
    var value: [UInt8]
  }

  private static let pieceLimit = 256

  /// The pieces in order, each sorted and none empty.
  private var pieces: [[Entry]] = []
  public private(set) var count = 0

  public init() {}

  public init(applying changes: [StateChange]) { apply(changes) }

  public func value(for key: [UInt8]) -> [UInt8]? {
    guard let piece = piece(for: key) else { return nil }
    let index = Self.index(of: key, in: pieces[piece])
    guard index < pieces[piece].count, pieces[piece][index].key == key else { return nil }
    return pieces[piece][index].value
  }

  public func entries(from: [UInt8], to: [UInt8], limit: Int) -> [(key: [UInt8], value: [UInt8])] {
    guard limit > 0, var piece = piece(for: from) else { return [] }
    var found: [(key: [UInt8], value: [UInt8])] = []
    var index = Self.index(of: from, in: pieces[piece])
    while piece < pieces.count {
      while index < pieces[piece].count {
        let entry = pieces[piece][index]
        guard KeyOrder.precedes(entry.key, to), found.count < limit else { return found }
        found.append((entry.key, entry.value))
        index += 1
      }
      piece += 1
      index = 0
    }
    return found
  }

  /// Applies the changes of a block.
  public mutating func apply(_ changes: [StateChange]) {
    for change in changes {
      if let value = change.value {
        insert(change.key, value)
      } else {
        remove(change.key)
      }
    }
  }

  private mutating func insert(_ key: [UInt8], _ value: [UInt8]) {
    guard let piece = piece(for: key) else {
      pieces.append([Entry(key: key, value: value)])
      count += 1
      return
    }
    let index = Self.index(of: key, in: pieces[piece])
    if index < pieces[piece].count, pieces[piece][index].key == key {
      pieces[piece][index].value = value
      return
    }
    pieces[piece].insert(Entry(key: key, value: value), at: index)
    count += 1
    guard pieces[piece].count > Self.pieceLimit else { return }
    let half = pieces[piece].count / 2
    let upper = Array(pieces[piece][half...])
    pieces[piece].removeSubrange(half...)
    pieces.insert(upper, at: piece + 1)
  }

  private mutating func remove(_ key: [UInt8]) {
    guard let piece = piece(for: key) else { return }
    let index = Self.index(of: key, in: pieces[piece])
    guard index < pieces[piece].count, pieces[piece][index].key == key else { return }
    pieces[piece].remove(at: index)
    count -= 1
    if pieces[piece].isEmpty { pieces.remove(at: piece) }
  }

  /// The index of the last piece whose first key is not after `key`; 0 when all pieces begin after it; nil
  /// when there are no pieces.
  private func piece(for key: [UInt8]) -> Int? {
    guard !pieces.isEmpty else { return nil }
    return max(0, pieces.partitionPoint { !KeyOrder.precedes(key, $0[0].key) } - 1)
  }

  /// The position of the first entry that does not come before `key`.
  private static func index(of key: [UInt8], in piece: [Entry]) -> Int {
    piece.partitionPoint { KeyOrder.precedes($0.key, key) }
  }
}
