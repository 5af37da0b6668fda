import Glibc

/// Carries connections into a replica's network namespace, and between the namespaces of one lease.
///
/// It is a process of its own inside the namespace and outside of the sandbox: the replica cannot see, trace or
/// signal it. It accepts on sockets that were bound outside, and connects to ports inside; nothing that the
/// replica does makes it connect to a place outside, except to the other replicas of the lease.
///
/// A port of this machine listens only while the replica listens on its own, so that a connection tells whether
/// the replica is ready.
struct PortForwarder {
  private enum Target {
    case ports([UInt16])
    case path(String)
  }

  private struct Entry {
    var listener: Int32
    var target: Target
    /// Whether it listens only while the replica does.
    var follows: Bool
    var isOpen: Bool
  }

  private var entries: [Entry] = []
  private var connections: [ForwardedConnection] = []
  private var table = ListenerTable()
  /// Ports of the namespace on which this process itself listens.
  private var peerPorts: Set<UInt16> = []

  /// Connections at a time, each with two of the 1,024 files that a process usually may have open.
  private let limit: Int
  /// Milliseconds between two looks at what listens.
  private static let interval: Int32 = 100

  /// - Throws: `WorkloadError.files` when a socket cannot be made.
  init(_ rules: [ForwardRule], limit: Int = 448) throws(WorkloadError) {
    self.limit = limit
    for rule in rules {
      switch rule {
      case .inherited(let descriptor, let ports):
        // A number that is no socket would be a bug of the caller; poll then reports it and nothing happens.
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        entries.append(Entry(listener: descriptor, target: .ports(ports), follows: true, isOpen: false))
      case .shared(let path, let ports):
        unlink(path)
        let listener = try Self.listen(LocalAddress(path: path), path)
        entries.append(Entry(listener: listener, target: .ports(ports), follows: false, isOpen: true))
      case .peer(let port, let path):
        let listener = try Self.listen(LocalAddress("127.0.0.1", port: port), "port \(port)")
        entries.append(Entry(listener: listener, target: .path(path), follows: false, isOpen: true))
        peerPorts.insert(port)
      }
    }
  }

  private static func listen(_ address: LocalAddress?, _ name: String) throws(WorkloadError) -> Int32 {
    guard let address, let socket = address.makeSocket() else { throw .files("no socket for \(name)") }
    let code = address.bind(socket)
    guard code == 0, Glibc.listen(socket, 64) == 0 else {
      throw .files("\(name) cannot be bound: \(String(cString: strerror(code == 0 ? errno : code)))")
    }
    return socket
  }

  /// Carries connections as long as `goesOn`, which is asked at least every 100 ms.
  mutating func run(while goesOn: () -> Bool) {
    var lookedAt = ContinuousClock.now - .seconds(1)
    while goesOn() {
      if ContinuousClock.now - lookedAt >= .milliseconds(Int(Self.interval)) {
        lookedAt = .now
        follow()
      }
      step()
    }
  }

  /// Opens the ports of this machine behind which the replica listens, and closes the others.
  private mutating func follow() {
    table = .read()
    for index in entries.indices where entries[index].follows {
      let listens = address(entries[index].target) != nil
      guard listens != entries[index].isOpen else { continue }
      if listens {
        entries[index].isOpen = HostPort.startListening(entries[index].listener)
      } else {
        HostPort.stopListening(entries[index].listener)
        entries[index].isOpen = false
      }
    }
  }

  private func address(_ target: Target) -> LocalAddress? {
    switch target {
    case .path(let path): LocalAddress(path: path)
    case .ports(let ports):
      // What comes from outside for this replica must not go on to another service.
      ports.filter { !peerPorts.contains($0) }.lazy
        .compactMap { port in table.addresses[port].flatMap { LocalAddress($0, port: port) } }.first
    }
  }

  /// Waits for the sockets, at most until the next look at what listens, and handles what has happened.
  private mutating func step() {
    let accepting = entries.indices.filter { entries[$0].isOpen }
    var polled = accepting.map { pollfd(fd: entries[$0].listener, events: Int16(POLLIN), revents: 0) }
    for connection in connections {
      for index in 0...1 {
        let events = connection.events(index)
        // A negative number is passed over by poll.
        polled.append(pollfd(fd: events == 0 ? -1 : connection.sockets[index], events: events, revents: 0))
      }
    }
    guard poll(&polled, nfds_t(polled.count), Self.interval) > 0 else { return }
    let known = connections
    for (place, index) in accepting.enumerated() where polled[place].revents != 0 { accept(index) }
    for (number, connection) in known.enumerated() {
      for index in 0...1 { connection.handle(index, polled[accepting.count + 2 * number + index].revents) }
    }
    for connection in connections where connection.isDone { connection.close() }
    connections.removeAll(where: \.isDone)
  }

  /// Ends a connection when there are too many. The port that has most of them loses the one on which nothing has
  /// moved for longest: silent clients can block neither a port nor the look whether it answers.
  private func makeRoom() {
    let living = connections.filter { !$0.isDone }
    guard living.count >= limit else { return }
    let crowd = Dictionary(grouping: living, by: \.entry).values.max { $0.count < $1.count }
    crowd?.min { $0.movedAt < $1.movedAt }?.end()
  }

  private mutating func accept(_ index: Int) {
    let entry = entries[index]
    let accepted = Glibc.accept(entry.listener, nil, nil)
    guard accepted >= 0 else { return }
    _ = fcntl(accepted, F_SETFL, O_NONBLOCK)
    _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
    guard let address = address(entry.target), let onward = address.makeSocket() else {
      close(accepted)
      return
    }
    let code = address.connect(onward)
    guard code == 0 || code == EINPROGRESS else {
      close(accepted)
      close(onward)
      return
    }
    makeRoom()
    connections.append(
      ForwardedConnection(
        accepted: accepted,
        onward: onward,
        isConnecting: code == EINPROGRESS,
        entry: index
      )
    )
  }
}
