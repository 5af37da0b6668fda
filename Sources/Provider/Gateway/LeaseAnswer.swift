import Chain
import Primitives

/// The state of a lease and its services.
public struct WorkloadStatus: Hashable, Sendable {
  public struct Service: Hashable, Sendable {
    public var name: String
    public var ready: UInt32
    public var replicas: UInt32
    public var urls: [String] = []
    public var restarts: UInt32 = 0
    /// How the latest replica to end has ended, such as `exit 137, out of memory, limit 512 MiB`; empty when
    /// no replica has ended.
    public var lastExit = ""
  }

  /// The lease's state: `awaiting_manifest`, `starting`, `running`, `degraded` or `stopping`.
  public var state: String
  /// The newest report about the lease.
  public var message: String
  public var services: [Service]

  /// Whether there is at least one service and all replicas are ready.
  public var isReady: Bool { !services.isEmpty && services.allSatisfy { $0.ready == $0.replicas } }
}

/// The provider's answer on a lease stream: a type byte and a body.
public enum LeaseAnswer: Hashable, Sendable {
  case ok(message: String)
  case status(WorkloadStatus)
  case logs([LogChunk])
  case error(LeaseFault)

  static let listLimit = 4_096
  static let textLimit = 1 << 20

  public var type: UInt8 {
    switch self {
    case .ok: 0x80
    case .status: 0x81
    case .logs: 0x82
    case .error: 0x8F
    }
  }

  public var encoded: [UInt8] {
    var writer = ByteWriter(capacity: 256)
    switch self {
    case .ok(let message): writer.write(message)
    case .status(let status): writer.write(status)
    case .logs(let chunks):
      writer.write(UInt32(chunks.count))
      for chunk in chunks {
        writer.write(chunk.service)
        writer.write(chunk.replica)
        writer.write(chunk.stream.rawValue)
        writer.write(chunk.lines)
      }
    case .error(let fault):
      writer.write(fault.code.rawValue)
      writer.write(fault.message)
      writer.write(fault.fix)
    }
    return writer.bytes
  }

  /// - Throws: When `bytes` is not the body of an answer of this type.
  public init(type: UInt8, decoding bytes: [UInt8]) throws(DecodingError) {
    var reader = ByteReader(bytes)
    switch type {
    case 0x80: self = .ok(message: try reader.readText(limit: Self.textLimit))
    case 0x81: self = .status(try reader.readStatus())
    case 0x82:
      let count = try reader.readCount()
      var chunks: [LogChunk] = []
      for _ in 0..<count {
        let service = try reader.readText(limit: LeaseRequest.nameLimit)
        let replica = try reader.read(UInt32.self)
        guard let stream = LogChunk.Stream(rawValue: try reader.read()) else {
          throw .outOfRange(field: "stream")
        }
        let lines = try reader.readTexts()
        chunks.append(LogChunk(service: service, replica: replica, stream: stream, lines: lines))
      }
      self = .logs(chunks)
    case 0x8F:
      guard let code = LeaseFault.Code(rawValue: try reader.read()) else { throw .outOfRange(field: "code") }
      let message = try reader.readText(limit: Self.textLimit)
      self = .error(LeaseFault(code, message, fix: try reader.readText(limit: Self.textLimit)))
    default: throw .outOfRange(field: "type")
    }
    try reader.finish()
  }
}

extension ByteWriter {
  fileprivate mutating func write(_ texts: [String]) {
    write(UInt32(texts.count))
    for text in texts { write(text) }
  }

  fileprivate mutating func write(_ status: WorkloadStatus) {
    write(status.state)
    write(status.message)
    write(UInt32(status.services.count))
    for service in status.services {
      write(service.name)
      write(service.ready)
      write(service.replicas)
      write(service.urls)
      write(service.restarts)
      write(service.lastExit)
    }
  }
}

extension ByteReader {
  /// Reads the number of elements that follow. Each element has at least four bytes, and a number that is too
  /// large for the remaining bytes is rejected, so that a small message cannot cause a large allocation.
  fileprivate mutating func readCount() throws(DecodingError) -> Int {
    let count = Int(try read(UInt32.self))
    guard count <= remaining / 4 else { throw .truncated }
    return count
  }

  fileprivate mutating func readTexts() throws(DecodingError) -> [String] {
    let count = try readCount()
    var texts: [String] = []
    for _ in 0..<count { texts.append(try readText(limit: LeaseAnswer.textLimit)) }
    return texts
  }

  fileprivate mutating func readStatus() throws(DecodingError) -> WorkloadStatus {
    let state = try readText(limit: LeaseAnswer.textLimit)
    let message = try readText(limit: LeaseAnswer.textLimit)
    let count = try readCount()
    guard count <= LeaseAnswer.listLimit else { throw .outOfRange(field: "services") }
    var services: [WorkloadStatus.Service] = []
    for _ in 0..<count {
      let name = try readText(limit: LeaseAnswer.textLimit)
      let ready = try read(UInt32.self)
      let replicas = try read(UInt32.self)
      let urls = try readTexts()
      let restarts = try read(UInt32.self)
      services.append(
        WorkloadStatus.Service(
          name: name,
          ready: ready,
          replicas: replicas,
          urls: urls,
          restarts: restarts,
          lastExit: try readText(limit: LeaseAnswer.textLimit)
        )
      )
    }
    return WorkloadStatus(state: state, message: message, services: services)
  }
}
