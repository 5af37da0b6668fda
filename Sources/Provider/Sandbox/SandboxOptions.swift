/// Bubblewrap's options in the form that it reads from a file descriptor: each word ended by NUL.
///
/// A word that held a NUL itself would be read as several, and so become options of its writer's choice.
/// Words get in by `add` alone, which refuses such a word.
struct SandboxOptions: Hashable, Sendable {
  private(set) var bytes: [UInt8] = []

  /// - Throws: `unsupported` when a word holds a NUL.
  mutating func add(_ words: [String]) throws(WorkloadError) {
    try Self.check(words)
    for word in words {
      bytes += Array(word.utf8)
      bytes.append(0)
    }
  }

  /// - Throws: `unsupported` when a word holds a NUL.
  mutating func add(_ words: String...) throws(WorkloadError) { try add(words) }

  /// The words again, in order.
  var words: [String] {
    bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast().map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// Refuses what cannot be a word of a command line, which ends at NUL as well.
  ///
  /// - Throws: `unsupported` with the first word that holds a NUL.
  static func check(_ words: some Sequence<String>) throws(WorkloadError) {
    for word in words where word.utf8.contains(0) {
      let shown = word.prefix(60).replacing("\0", with: "\\0")
      throw .unsupported("the text \"\(shown)\" holds a NUL, at which programs end a text: leave it out")
    }
  }
}
