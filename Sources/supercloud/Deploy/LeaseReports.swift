import API
import Provider

extension LeaseCommand.Status {
  /// The JSON of `lease status`.
  struct Report: Encodable {
    struct Service: Encodable {
      var name: String
      var ready: UInt32
      var replicas: UInt32
      var restarts: UInt32
      /// Empty when no replica has ended.
      var lastExit: String
      var urls: [String]
    }

    var lease: String
    var state: String
    var message: String
    var services: [Service]

    init(of lease: Answer.Lease, _ status: WorkloadStatus) {
      self.lease = lease.identifier
      (state, message) = (status.state, status.message)
      services = status.services.map {
        Service(
          name: $0.name,
          ready: $0.ready,
          replicas: $0.replicas,
          restarts: $0.restarts,
          lastExit: $0.lastExit,
          urls: $0.urls
        )
      }
    }
  }
}

extension LeaseCommand.Logs {
  /// The JSON of `lease logs`.
  struct Report: Encodable {
    struct Log: Encodable {
      var service: String
      var replica: UInt32
      /// `output` or `errors`.
      var stream: String
      /// The newest line is last.
      var lines: [String]
    }

    var lease: String
    var logs: [Log]

    init(of lease: Answer.Lease, _ chunks: [LogChunk]) {
      self.lease = lease.identifier
      logs = chunks.map {
        Log(service: $0.service, replica: $0.replica, stream: $0.stream.name, lines: $0.lines)
      }
    }
  }
}

extension LogChunk.Stream {
  var name: String {
    switch self {
    case .output: "output"
    case .errors: "errors"
    }
  }
}
