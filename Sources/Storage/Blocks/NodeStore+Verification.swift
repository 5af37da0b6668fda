/// The result of `NodeStore.verify`.
public struct StoreReport: Hashable, Sendable, CustomStringConvertible {
  public var chainID: String
  /// The last committed height.
  public var height: UInt64
  /// The origin's height.
  public var base: UInt64
  /// Blocks below this height are pruned.
  public var lowest: UInt64
  /// The number of entries read; 0 unless the depth is `.everything`.
  public var entries: UInt64

  public var description: String { "\(chainID) at height \(height), blocks from \(max(lowest, base + 1))" }
}

/// How much of the store is verified.
public enum VerificationDepth: Sendable {
  /// The last block is there, and no header, body, certificate or receipts are stored for a greater height. The
  /// chain id, the genesis digest and the stored heights are plausible. Takes milliseconds.
  case newest
  /// In addition to `newest`: every entry of every table passes its checksum, and no height is missing.
  case everything
}

extension NodeStore {
  /// Checks that the store is as the last commit left it. Changes nothing. Returns nil when the store is new.
  ///
  /// - Throws: `.corrupt` when it is not.
  public func verify(_ depth: VerificationDepth = .newest) throws(StorageError) -> StoreReport? {
    guard let height = lastHeight else { return nil }
    guard let chainID = try chainID(), try genesisDigest() != nil else {
      throw damaged("the chain id or the genesis digest is missing")
    }
    let base = try number(.originHeight)
    let lowest = try number(.lowest)
    guard base <= height, lowest >= base, lowest <= height else {
      throw damaged("heights contradict each other: base \(base), lowest \(lowest), last \(height)")
    }
    for family in [ColumnFamily.headers, .bodies, .certificates, .receipts] {
      try verifyNewest(family, height: height, base: base)
    }
    var report = StoreReport(chainID: chainID, height: height, base: base, lowest: lowest, entries: 0)
    if depth == .everything {
      let first = max(lowest, base + 1)
      for family in ColumnFamily.allCases { report.entries += try readAll(family) }
      for family in [ColumnFamily.headers, .bodies, .certificates, .receipts] where first <= height {
        try verifyHeights(family, from: first, through: height)
      }
    }
    return report
  }

  private func damaged(_ detail: String) -> StorageError { .corrupt(path: database.path, detail: detail) }

  private func verifyNewest(_ family: ColumnFamily, height: UInt64, base: UInt64) throws(StorageError) {
    // The origin has no body; it has a header only if it is a snapshot.
    if height > base, try !database.contains(StoreKeys.height(height), in: family) {
      throw damaged("the last height is \(height), but \(family.name) has nothing for it")
    }
    var newest = try database.cursor(in: family, reversed: true)
    guard let entry = try newest.next() else { return }
    guard let found = StoreKeys.height(of: entry.key), found <= height else {
      throw damaged("\(family.name) has an entry beyond the last height \(height)")
    }
  }

  private func readAll(_ family: ColumnFamily) throws(StorageError) -> UInt64 {
    var cursor = try database.cursor(in: family, fillsCache: false)
    var count: UInt64 = 0
    while try cursor.next({ _, _ in true }) != nil { count += 1 }
    return count
  }

  private func verifyHeights(
    _ family: ColumnFamily,
    from first: UInt64,
    through last: UInt64
  ) throws(StorageError) {
    var cursor = try database.cursor(
      in: family,
      KeyRange(from: StoreKeys.height(first), to: nil),
      fillsCache: false
    )
    var expected = first
    while let entry = try cursor.next() {
      guard StoreKeys.height(of: entry.key) == expected else {
        throw damaged("\(family.name) has nothing for height \(expected)")
      }
      expected += 1
    }
    guard expected == last + 1 else { throw damaged("\(family.name) has nothing for height \(expected)") }
  }
}
