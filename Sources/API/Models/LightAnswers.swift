extension Answer {
  /// A header with its certificate and validators for a light client, which must verify them.
  public struct LightBlock: Codable, Sendable {
    public var height: UInt64
    /// The header's hash.
    public var hash: String
    public var time: String
    /// `LightBlock.encoded` in hex.
    public var block: String

    public init(height: UInt64, hash: String, time: String, block: String) {
      self.height = height
      self.hash = hash
      self.time = time
      self.block = block
    }
  }
}
