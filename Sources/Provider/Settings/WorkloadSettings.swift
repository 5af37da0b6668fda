import Primitives

/// How workloads are run.
public struct WorkloadSettings: Decodable, Hashable, Sendable {
  /// `sandbox` (bubblewrap where it works) or `process` (plain processes, for tests).
  public var driver: String
  /// The folder with images as folders or tarballs, named after the image; empty when only built-in ones are
  /// served.
  public var imageFolder: String
  /// The range of host ports for workloads, such as `30000-30999`; empty for any free ports.
  public var ports: String
  /// The address on which workloads are asked to listen (`SUPERCLOUD_LISTEN`); empty for all.
  public var listenAddress: String
  /// The limit of processes and threads of one replica.
  public var maximumProcesses: UInt32
  /// Each of a replica's two logs is cut to its newest half when it is larger than this.
  public var logBytes: UInt64
  /// Time between the request to end and the kill.
  public var stopGraceSeconds: UInt64
  /// Whether workloads end with the provider; otherwise they continue and are taken over at the next start.
  public var stopWorkloadsOnExit: Bool
  /// The control group below which workloads' groups are made.
  public var controlGroup: String

  public init(
    driver: String = "sandbox",
    imageFolder: String = "",
    ports: String = "",
    listenAddress: String = "127.0.0.1",
    maximumProcesses: UInt32 = 512,
    logBytes: UInt64 = 4 << 20,
    stopGraceSeconds: UInt64 = 10,
    stopWorkloadsOnExit: Bool = false,
    controlGroup: String = "supercloud"
  ) {
    self.driver = driver
    self.imageFolder = imageFolder
    self.ports = ports
    self.listenAddress = listenAddress
    self.maximumProcesses = maximumProcesses
    self.logBytes = logBytes
    self.stopGraceSeconds = stopGraceSeconds
    self.stopWorkloadsOnExit = stopWorkloadsOnExit
    self.controlGroup = controlGroup
  }

  public init(from decoder: any Decoder) throws {
    let section = try SectionReader(
      decoder,
      known: [
        "driver", "image_folder", "ports", "listen_address", "maximum_processes", "log_bytes",
        "stop_grace_seconds", "stop_workloads_on_exit", "control_group",
      ]
    )
    let standard = WorkloadSettings()
    self.init(
      driver: try section.value("driver", default: standard.driver),
      imageFolder: try section.value("image_folder", default: standard.imageFolder),
      ports: try section.value("ports", default: standard.ports),
      listenAddress: try section.value("listen_address", default: standard.listenAddress),
      maximumProcesses: try section.value("maximum_processes", default: standard.maximumProcesses),
      logBytes: try section.bytes("log_bytes", default: standard.logBytes),
      stopGraceSeconds: try section.value("stop_grace_seconds", default: standard.stopGraceSeconds),
      stopWorkloadsOnExit: try section.value("stop_workloads_on_exit", default: false),
      controlGroup: try section.value("control_group", default: standard.controlGroup)
    )
  }

  /// The configured range of ports; nil for any free ports.
  var portRange: ClosedRange<UInt16>? {
    let parts = ports.split(separator: "-")
    guard parts.count == 2, let low = UInt16(parts[0]), let high = UInt16(parts[1]), low > 0, low <= high
    else { return nil }
    return low...high
  }
}
