public import Chain
import Cryptography
public import Primitives

/// What a joining node has settled on: a height whose headers it has verified, and the manifest of the state there.
public struct SnapshotPlan: Sendable {
  /// The block that made the state.
  public let below: LightBlock
  /// The next one: its header carries the state's root.
  public let above: LightBlock
  public let manifest: SnapshotManifest
  /// Where the chain stands with that state.
  public let tip: Tip

  /// Nil unless the blocks follow each other and the manifest is of the state between them.
  public init?(below: LightBlock, above: LightBlock, manifest: SnapshotManifest) {
    guard let tip = Tip(restoring: below, under: above), manifest.height == tip.height,
      manifest.root == tip.stateRoot
    else { return nil }
    self.below = below
    self.above = above
    self.manifest = manifest
    self.tip = tip
  }

  /// The form in which a joining node keeps it, so that it goes on after a restart.
  public var encoded: [UInt8] {
    let parts = [below.encoded, above.encoded, manifest.encoded]
    var writer = ByteWriter(capacity: parts.reduce(16) { $0 + $1.count })
    for part in parts { writer.writeCounted(part) }
    return writer.bytes
  }

  /// Reads what `encoded` wrote. The blocks are believed: they were verified before they were kept.
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
