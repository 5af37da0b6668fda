import Foundation

/// The most memory that this process has had resident.
public enum PeakMemory {
  /// Forgets the peak; returns what is resident now, in bytes.
  public static func restart() -> UInt64 {
    try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
    return now
  }

  /// The peak up to now, in bytes; 0 when the kernel does not tell.
  public static var now: UInt64 {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    let kibibytes = line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap {
      UInt64($0)
    }
    return (kibibytes ?? 0) * 1_024
  }
}
