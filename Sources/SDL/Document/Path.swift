/// The place of a value in a document, for people: `services.web.expose[0].port`.
struct Path: Hashable {
  private(set) var text = ""

  static let root = Path()

  /// The path of the value under `key`. Keys with unusual characters are quoted.
  func key(_ key: String) -> Path {
    let isPlain = (1...60).contains(key.utf8.count) && key.utf8.allSatisfy { $0.isAlphanumeric(or: "-_/") }
    return Path(text: text + (text.isEmpty ? "" : ".") + (isPlain ? key : quoted(key)))
  }

  /// The path of the item at `index`, counted from 0.
  func item(_ index: Int) -> Path { Path(text: "\(text)[\(index)]") }
}

/// Where a value is written. For a missing value: the node that should contain it, and the value's own path.
struct Place {
  var node: Int
  var path: Path

  /// The place of a value under `key` that is missing, or is in another node when that is given.
  func key(_ key: String, in node: Int? = nil) -> Place {
    Place(node: node ?? self.node, path: path.key(key))
  }
}
