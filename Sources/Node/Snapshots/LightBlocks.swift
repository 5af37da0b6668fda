public import Chain
import Primitives
import Replication
public import Storage

/// The validator sets in the store, and the light blocks made from them.
public enum LightBlocks {
  /// A set is written at least once in this many heights, so that `validators(at:)` advances the proposer
  /// turns of a stored set at most this many times.
  static let interval: Height = 64

  /// The validator sets that the store must write with the block of `tip`: the set of two heights later. It is
  /// left out if it follows from the set of the next height by advancing the proposer turn, unless its height
  /// is a multiple of `interval`.
  static func changes(after tip: Tip) -> [(height: UInt64, set: [UInt8])] {
    let height = tip.height + 2
    var expected = tip.validators
    expected.advance()
    guard expected != tip.nextValidators || height.isMultiple(of: interval) else { return [] }
    return [(height, tip.nextValidators.encoded)]
  }

  /// The validator sets to write into a store whose first height is that of `tip`.
  static func origin(_ tip: Tip) -> [(height: UInt64, set: [UInt8])] {
    let sets = [
      (tip.height, tip.lastValidators.encoded), (tip.height + 1, tip.validators.encoded),
      (tip.height + 2, tip.nextValidators.encoded),
    ]
    return sets.filter { $0.0 > 0 }.map { (height: $0.0, set: $0.1) }
  }

  /// Writes the current validator sets into a store that an older version made, which did not write them.
  static func writeMissingSets(_ store: NodeStore, tip: Tip) throws {
    guard try validators(at: tip.height + 2, in: store) != tip.nextValidators else { return }
    try store.saveValidators(origin(tip))
  }

  /// The validators of a height; nil when the store does not have them.
  public static func validators(at height: Height, in store: NodeStore) throws -> ValidatorSet? {
    guard let found = try store.validators(at: height) else { return nil }
    var set = try ValidatorSet(decoding: found.set)
    guard height - found.height <= interval else { return nil }
    for _ in found.height..<height { set.advance() }
    return set
  }

  /// The light block of `height`; nil when the store lacks the height or its validators.
  public static func block(at height: Height, in store: NodeStore) throws -> LightBlock? {
    guard height < .max, let header = try store.header(at: height),
      let certificate = try store.certificate(at: height),
      let validators = try validators(at: height, in: store),
      let next = try self.validators(at: height + 1, in: store)
    else { return nil }
    let block = LightBlock(
      header: try Header(decoding: header),
      certificate: try Certificate(decoding: certificate),
      validators: validators,
      nextValidators: next
    )
    // A store from a version that did not record changes of validators may give sets of other headers.
    guard validators.hash == block.header.validatorsHash, next.hash == block.header.nextValidatorsHash else {
      return nil
    }
    return block
  }
}
