import Primitives

extension NodeStore {
  /// Deletes blocks below `height` with all that belongs to them: header, body, certificate, receipts, the
  /// locations of their transactions, and validator sets that decide no remaining height. State stays.
  ///
  /// Deletes at most `limit` heights, from the lowest one on, and never the last block; returns whether
  /// heights below `height` remain. The deletion is not synced: after a crash the blocks may be there again,
  /// each of them wholly or not at all.
  public func prune(below height: UInt64, limit: UInt64) throws(StorageError) -> Bool {
    var isMoreLeft = false
    try withWriter { (progress) throws(StorageError) in
      guard let last = progress.last else { throw noOrigin }
      let lowest = progress.lowest
      let wanted = min(height, last)
      guard wanted > lowest else { return }
      let end = lowest + min(wanted - lowest, limit)
      var batch = try database.batch()
      for height in lowest..<end {
        for location in try transactions(at: height) {
          batch.delete(StoreKeys.item(location), in: .transactions)
        }
        batch.delete(StoreKeys.itemList(height), in: .transactions)
        for family in [ColumnFamily.headers, .bodies, .certificates, .receipts] {
          batch.delete(StoreKeys.height(height), in: family)
        }
      }
      try deleteValidators(before: end, in: &batch)
      batch.put(StoreKeys.Meta.lowest.key, StoreKeys.height(end), in: .meta)
      try database.write(batch, sync: false)
      progress.lowest = end
      isMoreLeft = end < wanted
    }
    return isMoreLeft
  }

  /// Deletes the validator sets that decide only heights below `height`: all older than the one for `height`.
  private func deleteValidators(before height: UInt64, in batch: inout WriteBatch) throws(StorageError) {
    guard let first = try validators(at: height) else { return }
    let older = KeyRange(from: nil, to: StoreKeys.height(first.height))
    for entry in try database.entries(in: .validators, older, limit: Self.validatorStep) {
      batch.delete(entry.key, in: .validators)
    }
  }

  /// How many sets one call deletes. One is written every 64 heights, and one for each change of validators.
  private static let validatorStep = 64
}
