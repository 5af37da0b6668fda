/// Bubblewrap's options in the format that it reads from a file descriptor: each word is followed by NUL.
///
/// A word that contains NUL would be read as several, so a tenant could inject options. `add` is the only way
/// to append words, and it rejects such a word.
struct SandboxOptions: Hashable, Sendable {
  private(set) var bytes: [UInt8] = []

  /// - Throws: `unsupported` when a word contains NUL.
  mutating func add(_ words: String...) throws(WorkloadError) {
    try Self.check(words)
    for word in words {
      bytes += Array(word.utf8)
      bytes.append(0)
    }
  }

  /// The words, in order.
  var words: [String] {
    bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast().map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// Rejects words that contain NUL. It would also end an argument of a command line.
  ///
  /// - Throws: `unsupported` with the first word that contains NUL.
  static func check(_ words: some Sequence<String>) throws(WorkloadError) {
    for word in words where word.utf8.contains(0) {
      let shown = word.prefix(60).replacing("\0", with: "\\0")
      throw .unsupported("the text \"\(shown)\" holds a NUL, at which programs end a text: leave it out")
    }
  }
}
