import Chain
import Primitives
import Storage

/// Proofs of misbehaviour that no block carries yet, as the store remembers them across a restart.
enum PendingEvidence {
  private static let name = "pending-evidence"

  /// At most as many as a replica keeps, of at most a kilobyte each.
  static func save(_ evidence: [Evidence], in store: NodeStore) throws {
    var writer = ByteWriter(capacity: 16 + 512 * evidence.count)
    for piece in evidence { writer.writeCounted(piece.encoded) }
    try store.setMeta(name, evidence.isEmpty ? nil : writer.bytes)
  }

  /// What does not decode is passed over: a later version may have written it.
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
