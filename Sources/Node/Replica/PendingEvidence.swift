import Chain
import Primitives
import Storage

/// Stores evidence of misbehaviour that is in no block yet, for the next run.
enum PendingEvidence {
  private static let name = "pending-evidence"

  /// Stores the evidence. A replica limits the number of its pieces; each takes at most one kilobyte.
  static func save(_ evidence: [Evidence], in store: NodeStore) throws {
    var writer = ByteWriter(capacity: 16 + 512 * evidence.count)
    for piece in evidence { writer.writeCounted(piece.encoded) }
    try store.setMeta(name, evidence.isEmpty ? nil : writer.bytes)
  }

  /// Loads the evidence. Pieces that cannot be decoded are skipped: a later version may have written them.
  static func load(from store: NodeStore) throws -> [Evidence] {
    guard let bytes = try store.meta(name) else { return [] }
    var reader = ByteReader(bytes)
    var evidence: [Evidence] = []
    while reader.remaining > 0 {
      guard let piece = try? reader.readCounted() else { break }
      if let read = try? Evidence(decoding: piece) { evidence.append(read) }
    }
    return evidence
  }
}
