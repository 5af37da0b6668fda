/// Finds the known name that a user probably meant by a misspelt one.
public enum Spelling {
  /// Texts with more bytes than this are not compared, to bound the time.
  private static let lengthLimit = 48
  /// The most candidates that are compared.
  private static let candidateLimit = 200
  /// The most names that a remedy lists.
  private static let namesShown = 20

  /// The candidate nearest to `text`, or nil when none is near enough: at most a third of the letters may
  /// differ. Case (of ASCII letters) and separators do not count.
  public static func nearest(to text: String, among candidates: some Sequence<String>) -> String? {
    let wanted = folded(text)
    guard !wanted.isEmpty, wanted.count <= lengthLimit else { return nil }
    var best: (candidate: String, distance: Int)?
    for candidate in candidates.prefix(candidateLimit) where candidate.utf8.count <= lengthLimit {
      let distance = distance(wanted, folded(candidate))
      if distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    guard let best, best.distance <= max(1, wanted.count / 3), best.distance < wanted.count else {
      return nil
    }
    return best.candidate
  }

  /// Whether the two differ only in the case of ASCII letters and in separators (`-`, `_`, `.`, space). Only the
  /// first `lengthLimit + 1` bytes of each are compared.
  public static func isSame(_ left: String, _ right: String) -> Bool { folded(left) == folded(right) }

  /// A hint for an unknown `name`: the nearest known name, or a list of the known ones.
  public static func remedy(for name: String, among known: [String]) -> String {
    if let nearest = nearest(to: name, among: known) { return "did you mean `\(nearest)`?" }
    return "the names here are " + known.prefix(namesShown).joined(separator: ", ")
      + (known.count > namesShown ? " and \(known.count - namesShown) more" : "")
  }

  /// `camelCase` as `camel_case`.
  public static func snakeCase(_ name: String) -> String {
    name.reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : "\($1)" }
  }

  private static func folded(_ text: String) -> [UInt8] {
    text.utf8.prefix(lengthLimit + 1)
      .map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
      .filter { !"-_. ".utf8.contains($0) }
  }

  /// The optimal string alignment distance: the number of insertions, deletions, substitutions and swaps of
  /// neighbours that turn one into the other, where no part is changed twice.
  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforePrevious: [Int] = []
    var previous = Array(0...right.count)
    for row in 0..<left.count {
      var current = [row + 1]
      for column in 0..<right.count {
        let cost = left[row] == right[column] ? 0 : 1
        var best = min(previous[column + 1] + 1, current[column] + 1, previous[column] + cost)
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          best = min(best, beforePrevious[column - 1] + 1)
        }
        current.append(best)
      }
      beforePrevious = previous
      previous = current
    }
    return previous[right.count]
  }
}
