import Transport

/// The largest frame on tenant–provider streams: 1 MiB, which holds any manifest and any answer.
enum LeaseFrames {
  static let limits = FrameLimits.uniform(1 << 20)
}
