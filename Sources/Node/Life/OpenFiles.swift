import Glibc

/// How many files, sockets included, this process may have open at once.
enum OpenFiles {
  /// More is of no use to a node.
  static let most: rlim_t = 65_536

  /// Raises the limit that holds to the one that the operator allows, 65,536 at most; never lowers it. The
  /// usual limit, 1,024, is meant for programs that wait for files by their numbers, which this one does not.
  ///
  /// - Returns: The limit that holds now; 1,024 when the system does not tell.
  static func raiseLimit() -> Int {
    let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(kind, &limit) == 0 else { return 1_024 }
    let wanted = min(limit.rlim_max, most)
    if wanted > limit.rlim_cur {
      var raised = rlimit(rlim_cur: wanted, rlim_max: limit.rlim_max)
      if setrlimit(kind, &raised) == 0 { limit = raised }
    }
    return Int(clamping: limit.rlim_cur)
  }
}
