public import Chain
import Cryptography
public import Primitives

/// The snapshot that a joining node has chosen: the verified headers of its height and the next, and the
/// manifest of its state.
public struct SnapshotPlan: Sendable {
  /// The block whose execution gives the state.
  public let below: LightBlock
  /// The next block, whose header contains the state root.
  public let above: LightBlock
  /// The manifest of the state after `below`.
  public let manifest: SnapshotManifest
  /// The tip to which the state belongs.
  public let tip: Tip

  /// Nil unless `above` follows `below` and the manifest is of the state after `below`.
  public init?(below: LightBlock, above: LightBlock, manifest: SnapshotManifest) {
    guard let tip = Tip(restoring: below, under: above), manifest.height == tip.height,
      manifest.root == tip.stateRoot
    else { return nil }
    self.below = below
    self.above = above
    self.manifest = manifest
    self.tip = tip
  }

  /// The bytes that a joining node stores in order to resume after a restart.
  public var encoded: [UInt8] {
    let parts = [below.encoded, above.encoded, manifest.encoded]
    var writer = ByteWriter(capacity: parts.reduce(16) { $0 + $1.count })
    for part in parts { writer.writeCounted(part) }
    return writer.bytes
  }

  /// Decodes the bytes of `encoded`. The blocks are not verified again, since they were verified before they
  /// were stored.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    var reader = ByteReader(bytes)
    let below = try LightBlock(decoding: try reader.readCounted())
    let above = try LightBlock(decoding: try reader.readCounted())
    let pages = try reader.readCounted()
    try reader.finish()
    guard
      let manifest = try? SnapshotManifest(
        decoding: pages,
        height: below.height,
        root: above.header.stateRoot
      ), let plan = SnapshotPlan(below: below, above: above, manifest: manifest)
    else { throw .invalid(field: "plan") }
    self = plan
  }
}
