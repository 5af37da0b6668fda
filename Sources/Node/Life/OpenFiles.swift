import Glibc

/// The number of files and sockets that this process may have open at once.
enum OpenFiles {
  /// The highest limit that is set; a node needs no more.
  static let most: rlim_t = 65_536

  /// Raises the process's limit to the system's hard limit, but to 65,536 at most; never lowers it. The usual
  /// limit of 1,024 exists for programs that use `select`, which this program does not.
  ///
  /// - Returns: The limit now in effect; 1,024 when the system does not report it.
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
