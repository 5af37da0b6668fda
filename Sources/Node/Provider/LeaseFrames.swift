import Transport

/// Sizes on tenant–provider streams: a manifest and its answer fit easily.
enum LeaseFrames {
  static let limits = FrameLimits.uniform(1 << 20)
}
