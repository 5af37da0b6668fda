/// The place of a value in a document, for people: `services.web.expose[0].port`.
struct Path: Hashable {
  private(set) var text = ""

  static let root = Path()

  /// The path of the value under `key`. Keys with unusual characters are quoted.
  func key(_ key: String) -> Path {
    let isPlain =
      (1...60).contains(key.utf8.count)
      && key.utf8.allSatisfy {
        NumberSyntax.isLetter($0) || NumberSyntax.isDigit($0) || "-_/".utf8.contains($0)
      }
    var path = self
    if !text.isEmpty { path.text += "." }
    path.text += isPlain ? key : quoted(key)
    return path
  }

  /// The path of the item at `index`, counted from 0.
  func item(_ index: Int) -> Path {
    var path = self
    path.text += "[\(index)]"
    return path
  }
}
