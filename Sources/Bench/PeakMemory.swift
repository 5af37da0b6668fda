import Foundation

/// The greatest resident memory of this process since its start or the last `reset`.
public enum PeakMemory {
  /// Resets the peak to the present resident memory and returns it, in bytes.
  public static func reset() -> UInt64 {
    try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
    return bytes
  }

  /// The peak so far, in bytes; 0 when the kernel does not report it.
  public static var bytes: UInt64 {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    let kibibytes = line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap {
      UInt64($0)
    }
    return (kibibytes ?? 0) * 1_024
  }
}
