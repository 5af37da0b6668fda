/// A key of the price sheet's GPU prices: one to four parts `vendor/model/memory/interface`. A part that is
/// `*`, or that is left out at the end, matches anything.
struct GPUPriceKey: Hashable, Sendable {
  /// The parts of the key; a nil part matches anything.
  let parts: [String?]

  /// Nil unless there are one to four parts, none of them empty.
  init?(_ text: String) {
    let written = text.split(separator: "/", omittingEmptySubsequences: false)
    guard (1...4).contains(written.count), written.allSatisfy({ !$0.isEmpty }) else { return nil }
    parts = written.map { $0 == "*" ? nil : String($0) }
  }

  func matches(_ model: GPUModel) -> Bool {
    let actual = [model.vendor, model.model, model.memory, model.interface]
    return zip(parts, actual).allSatisfy { part, actual in part == nil || part == actual }
  }

  /// Whether this key is more specific than `other`: it names more parts, or equally many and the first part
  /// that only one of the keys names is named by this key.
  func isMoreSpecific(than other: GPUPriceKey) -> Bool {
    let mine = parts.indices.filter { parts[$0] != nil }
    let others = other.parts.indices.filter { other.parts[$0] != nil }
    return mine.count == others.count ? mine.lexicographicallyPrecedes(others) : mine.count > others.count
  }
}
