import Primitives

/// How workloads are run.
public struct WorkloadSettings: Hashable, Sendable {
  /// `sandbox` (bubblewrap where it works) or `process` (plain processes, for tests).
  public var driver = "sandbox"
  /// The folder with images as folders or tarballs, named after the image; empty when only built-in ones are
  /// served.
  public var imageFolder = ""
  /// The range of host ports for workloads, such as `30000-30999`; empty for any free ports.
  public var ports = ""
  /// The address on which workloads are asked to listen (`SUPERCLOUD_LISTEN`); empty for all.
  public var listenAddress = "127.0.0.1"
  /// The limit of processes and threads of one replica.
  public var maximumProcesses: UInt32 = 512
  /// The size in bytes above which a replica's log is cut to its newest part. Output and errors have a log
  /// each.
  public var logBytes: UInt64 = 4 << 20
  /// Time between the request to end and the kill.
  public var stopGraceSeconds: UInt64 = 10
  /// Whether workloads end with the provider; otherwise they continue and are taken over at the next start.
  public var stopWorkloadsOnExit = false
  /// The control group below which workloads' groups are made.
  public var controlGroup = "supercloud"

  /// The configured range of ports; nil for any free ports.
  var portRange: ClosedRange<UInt16>? {
    let parts = ports.split(separator: "-")
    guard parts.count == 2, let low = UInt16(parts[0]), let high = UInt16(parts[1]), low > 0, low <= high
    else { return nil }
    return low...high
  }
}

extension WorkloadSettings: Decodable {
  public init(from decoder: any Decoder) throws {
    let section = try SectionReader(
      decoder,
      known: [
        "driver", "image_folder", "ports", "listen_address", "maximum_processes", "log_bytes",
        "stop_grace_seconds", "stop_workloads_on_exit", "control_group",
      ]
    )
    self.init()
    try section.read("driver", into: &driver)
    try section.read("image_folder", into: &imageFolder)
    try section.read("ports", into: &ports)
    try section.read("listen_address", into: &listenAddress)
    try section.read("maximum_processes", into: &maximumProcesses)
    logBytes = try section.value("log_bytes", default: ByteCount(value: logBytes)).value
    try section.read("stop_grace_seconds", into: &stopGraceSeconds)
    try section.read("stop_workloads_on_exit", into: &stopWorkloadsOnExit)
    try section.read("control_group", into: &controlGroup)
  }
}
