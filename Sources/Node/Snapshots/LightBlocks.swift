public import Chain
import Primitives
import Replication
public import Storage

/// Who decides which height, as the store keeps it, and the light blocks made of it.
public enum LightBlocks {
  /// A set is written at least this often, so that no more turns than this have to be counted.
  static let interval: Height = 64

  /// What the store is to keep of a block's validators: the set two heights on, unless it follows from the one before.
  static func changes(after tip: Tip) -> [(height: UInt64, set: [UInt8])] {
    let height = tip.height + 2
    var expected = tip.validators
    expected.advance()
    guard expected != tip.nextValidators || height.isMultiple(of: interval) else { return [] }
    return [(height, tip.nextValidators.encoded)]
  }

  /// What a store with an origin at `tip` begins with.
  static func origin(_ tip: Tip) -> [(height: UInt64, set: [UInt8])] {
    let sets = [
      (tip.height, tip.lastValidators.encoded), (tip.height + 1, tip.validators.encoded),
      (tip.height + 2, tip.nextValidators.encoded),
    ]
    return sets.filter { $0.0 > 0 }.map { (height: $0.0, set: $0.1) }
  }

  /// Writes what a store lacks that was made before it kept validators.
  static func ensure(_ store: NodeStore, tip: Tip) throws {
    guard try validators(at: tip.height + 2, in: store) != tip.nextValidators else { return }
    try store.saveValidators(origin(tip))
  }

  /// The validators of a height; nil when the store does not know them.
  public static func validators(at height: Height, in store: NodeStore) throws -> ValidatorSet? {
    guard let found = try store.validators(at: height) else { return nil }
    var set = try ValidatorSet(decoding: found.set)
    guard height - found.height <= interval else { return nil }
    for _ in found.height..<height { set.advance() }
    return set
  }

  /// Nil when the store lacks the height or its validators.
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
    // What does not fit the header is not the chain's: a store from before a change of validators was kept.
    guard validators.hash == block.header.validatorsHash, next.hash == block.header.nextValidatorsHash else {
      return nil
    }
    return block
  }
}
