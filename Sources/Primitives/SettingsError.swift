/// A setting that cannot be used: where, what is wrong, what to do.
public struct SettingsError: Error, Hashable, Sendable, CustomStringConvertible {
  /// As the file spells it: `policy.bid_lifetime_seconds`, `prices[1].gpu`.
  public var key: String
  public var problem: String
  public var remedy: String

  public init(key: String, problem: String, remedy: String) {
    self.key = key
    self.problem = problem
    self.remedy = remedy
  }

  public var description: String { "`\(key)` \(problem); \(remedy)" }
}
