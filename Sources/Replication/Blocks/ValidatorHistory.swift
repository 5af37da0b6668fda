import Chain
import Cryptography
import Ledger
import Primitives

/// The validator sets of past heights, as far back as evidence is accepted.
///
/// Evidence names a validator by its place in the set of the evidence's height, so those sets are needed as
/// long as evidence of their heights is accepted. They are entries of the authenticated state, beside the
/// ledger's tables. Therefore all nodes have the same sets, even nodes that joined by a snapshot, and all
/// judge the evidence of a block alike.
///
/// A set is written when members or their order change, not when only powers change, since only the places
/// matter here. The size is bounded: a set is removed when evidence of its heights is too old, and at most
/// `setLimit` sets are kept, so that validators cannot fill the state by swapping places in every block.
/// Evidence could become useless by that limit only if no block included it while the set changed `setLimit`
/// times.
struct ValidatorHistory<State: StateReading> {
  /// The number of sets that are kept. A set of 64 validators takes 4.4 kB.
  static var setLimit: UInt64 { 4_096 }
  /// The number of heights between two stored block times (marks).
  static var markInterval: Height { 256 }
  /// The number of sets, and of marks, that one block removes at most.
  private static var pruningStep: Int { 8 }

  let state: State

  /// The numbers of the entries that exist: sets from `firstSet` to before `nextSet`, and marks from
  /// `firstMark` on.
  private struct Summary {
    var firstSet: UInt64 = 0
    var nextSet: UInt64 = 0
    var firstMark: UInt64 = 1
  }

  private struct Entry {
    /// The first height with this set.
    var from: Height
    var validators: ValidatorSet
  }

  // MARK: Reading

  /// The validators of a committed height in their places. Their powers may be those of an earlier height.
  /// Nil when the height is before the first stored set.
  func validators(at height: Height) -> ValidatorSet? {
    let summary = self.summary
    var low = summary.firstSet
    var high = summary.nextSet
    while low < high {
      let middle = low + (high - low) / 2
      guard let entry = entry(middle) else { return nil }
      if entry.from <= height { low = middle + 1 } else { high = middle }
    }
    guard low > summary.firstSet else { return nil }
    return entry(low - 1)?.validators
  }

  /// An upper bound of the block time at `height`: the time of the first height from `height` on that has a
  /// mark. Nil when that height is not committed yet, or its mark was removed.
  func timeBound(at height: Height) -> Timestamp? {
    mark((height + Self.markInterval - 1) / Self.markInterval)
  }

  // MARK: Writing

  /// The changes that the block after `tip`, with the block time `time`, makes to the history, sorted by key.
  /// `isOld` tells whether evidence of a height with that time is too old.
  func changes(after tip: Tip, time: Timestamp, isOld: (Height, Timestamp?) -> Bool) -> [StateChange] {
    let height = tip.height + 1
    var summary = self.summary
    let isFirst = summary.nextSet == 0
    let isChanged = isFirst || !Self.haveEqualPlaces(tip.validators, tip.lastValidators)
    let isMark = height.isMultiple(of: Self.markInterval)
    guard isChanged || isMark else { return [] }
    var changes: [StateChange] = []
    if isChanged {
      var writer = ByteWriter(capacity: 16 + tip.validators.count * 68)
      writer.write(height)
      tip.validators.encode(into: &writer)
      changes.append(StateChange(key: Key.set(summary.nextSet), value: writer.bytes))
      summary.nextSet += 1
    }
    if isMark {
      var writer = ByteWriter(capacity: 8)
      writer.write(time.milliseconds)
      changes.append(StateChange(key: Key.mark(height / Self.markInterval), value: writer.bytes))
    }
    prune(&summary, isOld, &changes)
    var writer = ByteWriter(capacity: 24)
    writer.write(summary.firstSet)
    writer.write(summary.nextSet)
    writer.write(summary.firstMark)
    changes.append(StateChange(key: Key.summary, value: writer.bytes))
    return changes.sorted { KeyOrder.precedes($0.key, $1.key) }
  }

  private func prune(
    _ summary: inout Summary,
    _ isOld: (Height, Timestamp?) -> Bool,
    _ changes: inout [StateChange]
  ) {
    for _ in 0..<Self.pruningStep where summary.nextSet - summary.firstSet > 1 {
      // A set applies up to the height before the first of the next set. The newest set always stays.
      guard let end = entry(summary.firstSet + 1)?.from else { break }
      let isOver = summary.nextSet - summary.firstSet > Self.setLimit
      guard isOver || isOld(end - 1, self.timeBound(at: end - 1)) else { break }
      changes.append(StateChange(key: Key.set(summary.firstSet), value: nil))
      summary.firstSet += 1
    }
    for _ in 0..<Self.pruningStep {
      guard let time = mark(summary.firstMark), isOld(summary.firstMark * Self.markInterval, time) else {
        break
      }
      changes.append(StateChange(key: Key.mark(summary.firstMark), value: nil))
      summary.firstMark += 1
    }
  }

  /// Whether both sets have the same addresses and keys in the same places.
  static func haveEqualPlaces(_ left: ValidatorSet, _ right: ValidatorSet) -> Bool {
    left.count == right.count
      && zip(left.members, right.members).allSatisfy { $0.address == $1.address && $0.key == $1.key }
  }

  // MARK: Entries

  private enum Key {
    /// The first byte of all keys. It sorts after all tables of the ledger.
    static var table: UInt8 { 0xF0 }
    static var summary: [UInt8] { [table, 0] }
    static func set(_ number: UInt64) -> [UInt8] { key(1, number) }
    static func mark(_ number: UInt64) -> [UInt8] { key(2, number) }

    private static func key(_ kind: UInt8, _ number: UInt64) -> [UInt8] {
      var writer = ByteWriter(capacity: 10)
      writer.write(table)
      writer.write(kind)
      writer.write(number)
      return writer.bytes
    }
  }

  private var summary: Summary {
    read(Key.summary) { (reader) throws(DecodingError) in
      Summary(firstSet: try reader.read(), nextSet: try reader.read(), firstMark: try reader.read())
    } ?? Summary()
  }

  private func entry(_ number: UInt64) -> Entry? {
    read(Key.set(number)) { (reader) throws(DecodingError) in
      Entry(from: try reader.read(), validators: try ValidatorSet(from: &reader))
    }
  }

  private func mark(_ number: UInt64) -> Timestamp? {
    read(Key.mark(number)) { (reader) throws(DecodingError) in Timestamp(milliseconds: try reader.read()) }
  }

  /// Decodes the entry at `key`; nil when there is none. Stops the program if the entry is damaged.
  private func read<Value>(_ key: [UInt8], _ decode: (inout ByteReader) throws(DecodingError) -> Value)
    -> Value?
  {
    guard let bytes = state.value(for: key) else { return nil }
    do {
      var reader = ByteReader(bytes)
      let value = try decode(&reader)
      try reader.finish()
      return value
    } catch { preconditionFailure("the validators' history in the state is damaged: \(error)") }
  }
}
