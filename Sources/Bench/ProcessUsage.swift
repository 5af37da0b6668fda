import Foundation
import Glibc

/// CPU time and memory of another process, as the kernel counts them.
struct ProcessUsage {
  /// User and system time since the process started, in microseconds.
  var cpuMicroseconds: Double
  var residentBytes: UInt64

  /// Reads the usage of a process; nil when there is no such process.
  init?(process: Int32) {
    guard let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
      let close = stat.lastIndex(of: ")")
    else { return nil }
    // `proc_pid_stat(5)`: the fields after the name begin with field 3; utime is 14, stime 15, rss 24.
    let fields = stat[stat.index(close, offsetBy: 2)...].split(separator: " ")
    guard fields.count > 21, let user = Double(fields[11]), let system = Double(fields[12]),
      let pages = UInt64(fields[21])
    else { return nil }
    cpuMicroseconds = (user + system) * 1_000_000 / Double(sysconf(Int32(_SC_CLK_TCK)))
    residentBytes = pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
  }
}

/// Quantiles of measured times.
struct Latencies {
  private var samples: [Double] = []

  mutating func add(_ seconds: Double) {
    samples.append(seconds)
  }

  var count: Int { samples.count }

  /// The quantile in milliseconds, by the nearest rank; 0 when nothing was measured.
  func quantile(_ share: Double) -> Double {
    guard !samples.isEmpty else { return 0 }
    let sorted = samples.sorted()
    let rank = Int((share * Double(sorted.count)).rounded(.up))
    return sorted[min(max(rank - 1, 0), sorted.count - 1)] * 1_000
  }
}
