import Foundation

/// On which TCP ports the programs of this process's network namespace listen, read from `/proc`. Nobody is
/// connected to for it, so no program notices.
struct ListenerTable: Hashable {
  /// The address to connect to, by port.
  private(set) var addresses: [UInt16: String] = [:]

  /// Bytes that are read of each table. The kernel lists listening sockets first.
  private static let limit = 256 << 10

  static func read() -> ListenerTable {
    var table = ListenerTable()
    for file in ["/proc/self/net/tcp6", "/proc/self/net/tcp"] {
      guard let handle = FileHandle(forReadingAtPath: file) else { continue }
      defer { try? handle.close() }
      let data = (try? handle.read(upToCount: limit)) ?? Data()
      table.add(String(decoding: data, as: UTF8.self))
    }
    return table
  }

  /// Adds the listening sockets of a table as `/proc/net/tcp` or `/proc/net/tcp6` has it. A port that is
  /// there already gets the new address.
  mutating func add(_ text: String) {
    for line in text.split(separator: "\n").dropFirst() {
      let fields = line.split(separator: " ", omittingEmptySubsequences: true)
      // `0A` is the state of a socket that listens.
      guard fields.count > 3, fields[3] == "0A" else { continue }
      let parts = fields[1].split(separator: ":")
      guard parts.count == 2, let port = UInt16(parts[1], radix: 16), let address = Self.address(parts[0])
      else { continue }
      addresses[port] = address
    }
  }

  /// The table has an address as words of 32 bits, each in this machine's byte order.
  private static func address(_ hex: Substring) -> String? {
    guard hex.utf8.count == 8 || hex.utf8.count == 32 else { return nil }
    var bytes: [UInt8] = []
    var rest = hex
    while !rest.isEmpty {
      guard let word = UInt32(rest.prefix(8), radix: 16) else { return nil }
      withUnsafeBytes(of: word) { bytes += Array($0) }
      rest = rest.dropFirst(8)
    }
    if bytes.count == 4 {
      return bytes.allSatisfy { $0 == 0 } ? "127.0.0.1" : bytes.map { "\($0)" }.joined(separator: ".")
    }
    guard bytes.contains(where: { $0 != 0 }) else { return "::1" }
    return stride(from: 0, to: 16, by: 2).map {
      String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16)
    }.joined(separator: ":")
  }
}
