/// A random number generator with a seed: SplitMix64 (Steele, Lea, Flood 2014). It is fast and gives the same
/// numbers on every machine.
///
/// It must not be used for secrets. Deterministic code that needs random numbers owns one, with a seed from
/// outside.
public struct SeededGenerator: RandomNumberGenerator, Hashable, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A number in `0..<bound`. It does not use the standard library's algorithm, which may change between
  /// versions.
  ///
  /// - Precondition: `bound` > 0.
  public mutating func next(below bound: UInt64) -> UInt64 {
    precondition(bound > 0, "a bound of zero leaves no number to draw")
    return next().multipliedFullWidth(by: bound).high
  }

  /// True with probability `partsPerMillion` / 1,000,000.
  public mutating func chance(partsPerMillion: UInt64) -> Bool { next(below: 1_000_000) < partsPerMillion }

  /// A random index of a collection with `count` elements, which must not be empty.
  public mutating func index(below count: Int) -> Int { Int(next(below: UInt64(count))) }

  /// Up to `count` of the elements, drawn at random without repetition.
  public mutating func sample<Element>(_ count: Int, of elements: [Element]) -> [Element] {
    var rest = elements
    return (0..<min(count, rest.count)).map { _ in rest.remove(at: index(below: rest.count)) }
  }
}
