import API
import ArgumentParser

/// The page of a list that is shown.
struct PageOption: ParsableArguments {
  @Option(help: "Entries of a page, at most 1000.") var limit: Int?
  @Option(help: "Show the next page: the key that the page before named.") var pageKey: String?

  /// The query parameters for the node.
  var query: [(String, String?)] {
    [("limit", limit.map(String.init)), ("page_key", pageKey)]
  }

  /// Prints a page in the chosen format, and how to get the next one.
  func show<Item>(
    _ page: Answer.Page<Item>,
    _ node: NodeOption,
    _ header: [String],
    _ rows: ([Item]) -> [[String]]
  ) throws {
    if node.output == .json { return try Console.json(page) }
    Console.table(header, rows(page.items))
    Self.noteNext(page.next)
  }

  static func noteNext(_ key: String?) {
    if let key { Console.note("there is more: --page-key \(key)") }
  }
}
