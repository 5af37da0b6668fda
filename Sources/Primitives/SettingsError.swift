/// An invalid setting: its key, what is wrong with it, and what to do.
public struct SettingsError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The full key as in the file: `policy.bid_lifetime_seconds`, `prices[1].gpu`.
  public var key: String
  /// What is wrong, in words that follow the key.
  public var problem: String
  /// What to do, as a clause.
  public var remedy: String

  public init(key: String, problem: String, remedy: String) {
    self.key = key
    self.problem = problem
    self.remedy = remedy
  }

  public var description: String { "`\(key)` \(problem); \(remedy)" }
}
