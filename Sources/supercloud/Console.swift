import API
import ArgumentParser
import Chain
import Foundation
import Glibc
import Primitives
import Synchronization

/// The output format of a command.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case table = "table"
  case json = "json"
}

/// Standard output for results, standard error for everything else.
enum Console {
  private static let readerIsNeeded = Mutex(true)

  /// Whether the program ends when nobody reads standard output any more. A command sets it to false while it has
  /// begun what only it can end, such as leases that are billed: what it prints then is only progress.
  static var needsReader: Bool {
    get { readerIsNeeded.withLock { $0 } }
    set { readerIsNeeded.withLock { $0 = newValue } }
  }

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

  /// Ends the program, as SIGPIPE does, when the reader has closed the pipe: `supercloud … | head`. It goes on
  /// without a reader where `needsReader` is false.
  static func write(_ bytes: some Sequence<UInt8>) {
    do {
      try FileHandle.standardOutput.write(contentsOf: Data(bytes))
    } catch {
      if needsReader { exit(128 + SIGPIPE) }
    }
  }

  /// Overwrites the current line of a terminal.
  static func status(_ text: String) {
    write(("\r\u{1B}[K" + text).utf8)
  }

  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Whether a person can be asked.
  static var canAsk: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

  /// Asks on standard error and returns the answer; nil when the input has ended.
  ///
  /// - Throws: `CancellationError` when the task is cancelled meanwhile.
  static func ask(_ question: String) async throws -> String? {
    note(question)
    let (answers, sink) = AsyncStream<String?>.makeStream()
    // A read from a terminal cannot be cancelled, so it has a thread of its own.
    Thread.detachNewThread {
      sink.yield(readLine())
      sink.finish()
    }
    for await answer in answers { return answer?.trimmingCharacters(in: .whitespaces) }
    throw CancellationError()
  }

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

/// Reads and prints amounts of money for people, by the currencies that the network has registered.
enum Money {
  /// The currencies of the network that this command asks; empty until it has asked.
  private static let known = Mutex(CurrencyRegister())

  static var register: CurrencyRegister {
    get { known.withLock { $0 } }
    set { known.withLock { $0 = newValue } }
  }

  /// For example `12.5 AKT` for 12,500,000 uakt.
  static func text(_ amount: Amount, _ denomination: Denomination) -> String {
    text(Decimal18(amount), denomination)
  }

  static func text(_ amount: Decimal18, _ denomination: Denomination) -> String {
    register.text(amount, denomination)
  }

  /// Reads an amount that a person typed: smallest units (`2500000uakt`) or main units (`2.5AKT`); `what`
  /// names it in the error.
  static func coin(_ text: String, _ what: String, by register: CurrencyRegister) throws -> Coin {
    try explaining(text, what) { () throws(AmountFault) in try register.coin(WrittenAmount(text)) }
  }

  /// Checks the form of an amount, before any network is asked which currencies there are.
  static func checkForm(_ text: String, _ what: String) throws {
    _ = try explaining(text, what) { () throws(AmountFault) in try WrittenAmount(text) }
  }

  private static func explaining<Value>(
    _ text: String,
    _ what: String,
    _ body: () throws(AmountFault) -> Value
  ) throws -> Value {
    do {
      return try body()
    } catch {
      throw Failure.usage("`\(text)` is not \(what)", why: error.description, fix: error.remedy)
    }
  }

  /// Shortens an address to `addr…tail` for tables.
  static func short(_ address: String) -> String {
    address.count > 20 ? "\(address.prefix(10))…\(address.suffix(6))" : address
  }
}
