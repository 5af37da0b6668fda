import ArgumentParser
import Foundation
import Glibc
import Primitives

/// The output format of a command.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case table = "table"
  case json = "json"
}

/// Standard output for results, standard error for everything else.
enum Console {
  static func line(_ text: String = "") {
    write((text + "\n").utf8)
  }

  /// A remark or question for whoever watches; its commands repeat the options in force. With `--output json` only a
  /// terminal gets it: a program that reads standard error finds nothing there but an error.
  static func note(_ text: String) {
    guard !Invocation.current.isJSON || isatty(STDERR_FILENO) == 1 else { return }
    error(Hint.completed(text))
  }

  static func error(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
  }

  /// Ends the program, as SIGPIPE does, when the reader has closed the pipe: `supercloud … | head`.
  static func write(_ bytes: some Sequence<UInt8>) {
    do {
      try FileHandle.standardOutput.write(contentsOf: Data(bytes))
    } catch {
      exit(128 + SIGPIPE)
    }
  }

  /// Overwrites the current line of a terminal.
  static func status(_ text: String) {
    write(("\r\u{1B}[K" + text).utf8)
  }

  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  static func json(_ value: some Encodable) throws { write(try encoded(value) + [UInt8(ascii: "\n")]) }

  /// JSON for people and files; the keys are in snake_case unless `keys` says otherwise.
  static func encoded(
    _ value: some Encodable,
    keys: JSONEncoder.KeyEncodingStrategy = .convertToSnakeCase
  ) throws -> Data {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = keys
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(value)
  }

  /// Prints a table; columns are as wide as their widest cell, and numbers are right-aligned.
  static func table(_ header: [String], _ rows: [[String]], indent: String = "") {
    var widths = header.map(\.count)
    for row in rows {
      for (column, cell) in row.enumerated() where column < widths.count {
        widths[column] = max(widths[column], cell.count)
      }
    }
    let isNumeric = header.indices.map { column in
      !rows.isEmpty && rows.allSatisfy { $0[column].first.map { $0.isNumber || $0 == "-" } ?? true }
    }
    func render(_ cells: [String]) -> String {
      var text = indent
      for (column, cell) in cells.enumerated() {
        let padding = String(repeating: " ", count: max(0, widths[column] - cell.count))
        text += isNumeric[column] ? padding + cell : cell + padding
        text += "  "
      }
      while text.hasSuffix(" ") { text.removeLast() }
      return text
    }
    line(render(header))
    for row in rows { line(render(row)) }
  }
}

/// Formats money for people.
enum Money {
  /// For example `12.5 AKT` for 12,500,000 uakt. Denominations that begin with `u` have six decimals.
  static func text(_ amount: Amount, _ denomination: Denomination) -> String {
    text(Decimal18(amount), denomination)
  }

  static func text(_ amount: Decimal18, _ denomination: Denomination) -> String {
    guard denomination.name.hasPrefix("u"), denomination.name.count <= 8 else {
      return "\(amount) \(denomination)"
    }
    let main = Decimal18(raw: amount.raw / 1_000_000)
    return "\(shortened(main)) \(denomination.name.dropFirst().uppercased())"
  }

  /// Truncates to six decimals; trailing zeros are not printed.
  private static func shortened(_ value: Decimal18) -> String {
    Decimal18(raw: value.raw / 1_000_000_000_000 * 1_000_000_000_000).description
  }

  /// Shortens an address to `addr…tail` for tables.
  static func short(_ address: String) -> String {
    address.count > 20 ? "\(address.prefix(10))…\(address.suffix(6))" : address
  }
}
