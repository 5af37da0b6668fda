import Chain
import Foundation
import Glibc
import Testing

@testable import Provider

/// What a provider promises that is an ordinary user. As root these tests say nothing: `.ci/run` runs them once as
/// such a user.
@Suite(
  .serialized,
  .enabled(if: geteuid() != 0, "root's workloads have no network namespace of their own")
) struct LeaseNamespaceTests {
  /// Serves `words` on the port that it is given, and ends when asked for `/end`.
  private static func server(_ port: String, _ words: String) -> String {
    #"""
    use IO::Socket::INET;
    my $s = IO::Socket::INET->new(LocalPort => \#(port), Listen => 5, ReuseAddr => 1) or die "no port: $!";
    $| = 1; print "listening\n";
    while (my $c = $s->accept) {
      my $line = <$c>; print $c "HTTP/1.0 200 OK\r\n\r\n\#(words)"; close $c;
      if (defined $line && $line =~ /end/) { close $s; print "closed\n"; sleep 100 }
    }
    """#
  }

  private func get(_ url: String) async throws -> String {
    try await Command(path: "/usr/bin/curl", arguments: ["-s", "-m", "5", url]).run().text
  }

  private let global = [PortPlan(port: 80, isGlobal: true)]

  @Test func `an ordinary user gets namespaces here, and bids on local chains only`() async throws {
    let bench = try await SandboxBench()
    let capabilities = await bench.driver.capabilities()
    let isolation = await bench.driver.isolation
    #expect(isolation.namespace != nil, "\(isolation)")
    for name in ["isolation", "network", "processes"] {
      #expect(capabilities[name]?.isEnforced == true, "\(String(describing: capabilities[name]))")
    }
    #expect(capabilities["chains"]?.isEnforced == false)
    #expect(capabilities["chains"]?.detail.contains("the provider runs as an ordinary user") == true)
    #expect(capabilities.scope.obstacle(isLocal: true) == nil)
    #expect(capabilities.scope.obstacle(isLocal: false)?.contains("says `local`") == true)
    #expect(try await bench.clean() == [])
  }

  @Test func `nothing leads out of a replica's network`() async throws {
    let bench = try await SandboxBench()
    // What the machine has: a port of its loopback and a socket by name, both of which answer here.
    let listener = try #require(HostPort.bind(in: nil, excluding: [], at: "127.0.0.1"))
    defer { close(listener.socket) }
    #expect(listen(listener.socket, 5) == 0 && PortChoice.answers(listener.port))
    let script = #"""
      use IO::Socket::INET; use Socket;
      for my $to ("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.0.2.1", "8.8.8.8") {
        my $s = IO::Socket::INET->new(PeerAddr => $to, PeerPort => \#(listener.port), Timeout => 2);
        print "$to ", ($s ? "REACHED" : "closed: $!"), "\n";
        my $u = IO::Socket::INET->new(PeerAddr => $to, PeerPort => 53, Proto => "udp");
        print "udp $to ", ($u && defined $u->send("x") && $to ne "127.0.0.1" ? "SENT" : "closed"), "\n";
      }
      open my $f, "<", "/proc/net/dev"; my @d = grep { /:/ && !/lo:/ } <$f>; print "interfaces: @d.\n";
      open my $n, "<", "/proc/net/unix"; my @n = grep { /@|\// } <$n>; print "names: @n.\n";
      socket(my $raw, PF_INET, SOCK_RAW, 1) ? print "RAW\n" : print "no raw: $!\n";
      print "end\n";
      """#
    let lease = try await bench.run(bench.service("test/perl", script))
    let output = try await bench.wait(lease, toSay: "end\n".trimmingCharacters(in: .newlines))
    _ = try await bench.wait(lease) { !$0.isRunning }
    #expect(!output.contains("REACHED") && !output.contains("SENT") && !output.contains("RAW"), "\(output)")
    #expect(output.contains("interfaces: ."), "\(output)")
    #expect(output.contains("names: ."), "\(output)")
    #expect(try await bench.clean(lease) == [])
  }

  @Test func `a replica can neither see nor end what carries its connections`() async throws {
    let bench = try await SandboxBench()
    let seen = #"our $seen = join ",", map { /(\d+)$/ } glob "/proc/[0-9]*"; "#
    let script = "kill 9, -1; " + seen + Self.server("$ENV{PORT}", "$seen")
    let lease = try await bench.run(bench.service("test/perl", script, ports: global))
    let url = try #require(try await bench.wait(lease) { $0.isReady }.urls.first)
    #expect(try await get(url).split(separator: ",").count == 2, "bubblewrap's first process and the replica")
    let users = try #require(await bench.driver.process(of: lease))
    for entry in ProcessTable.family(of: [users]) where entry.name != "bwrap" {
      // No socket of the machine is left in the replica: with one, it could connect to anywhere.
      let files = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(entry.process)/fd")) ?? []
      let sockets = files.compactMap {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(entry.process)/fd/\($0)")
      }.filter { $0.hasPrefix("socket:") }
      if entry.name == "perl" { #expect(sockets.count == 1, "only its own: \(sockets)") }
    }
    #expect(try await bench.clean(lease) == [])
  }

  @Test func `a port listens while the replica does, on the port that it is given or on its manifest's`()
    async throws
  {
    let bench = try await SandboxBench()
    for port in ["$ENV{PORT}", "80"] {
      let waits = #"select undef, undef, undef, 0.05 until -e "/data/go"; "#
      var service = bench.service("test/perl", waits + Self.server(port, "hello"), ports: global)
      service.mounts = [
        MountPlan(name: "data", path: "/data", isReadOnly: false, isMemory: false, bytes: 1 << 20)
      ]
      let lease = try await bench.run(service)
      let first = try #require(await bench.driver.status(lease).first)
      #expect(first.isRunning && !first.isReady, "it does not listen yet")
      let sign = "\(bench.folder)/\(lease.folderName)/volumes/web.0.data/go"
      #expect(FileManager.default.createFile(atPath: sign, contents: nil))
      let url = try #require(try await bench.wait(lease) { $0.isReady }.urls.first)
      #expect(try await get(url) == "hello")
      _ = try await get(url + "/end")
      let ended = try await bench.wait(lease) { !$0.isReady }
      #expect(ended.isRunning, "it runs and listens no more")
      #expect(try await get(url).isEmpty)
      #expect(try await bench.clean(lease) == [])
    }
  }

  @Test func `much goes through in both directions, by many connections at once`() async throws {
    let bench = try await SandboxBench()
    let script = #"""
      use IO::Socket::INET; $SIG{CHLD} = "IGNORE";
      my $s = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 50, ReuseAddr => 1) or die $!;
      while (my $c = $s->accept) {
        next if fork; my ($n, $b) = (0); 
        while (<$c>) { last if /^\r\n/; $n = $1 if /^content-length: (\d+)/i }
        read $c, $b, $n; print $c "HTTP/1.0 200 OK\r\n\r\n", scalar reverse $b; exit
      }
      """#
    let lease = try await bench.run(bench.service("test/perl", script, processes: 64, ports: global))
    let url = try #require(try await bench.wait(lease) { $0.isReady }.urls.first)
    let sent = FileManager.default.temporaryDirectory.appending(path: "sent-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: sent) }
    let bytes = (0..<900_000).map { UInt8(truncatingIfNeeded: 33 + $0 % 90) }
    try Data(bytes).write(to: sent)
    let answers = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<16 {
        group.addTask {
          let arguments = ["-s", "-m", "30", "-H", "Expect:", "--data-binary", "@" + sent.path, url]
          return try await Command(path: "/usr/bin/curl", arguments: arguments).run().text
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    let wanted = String(decoding: bytes.reversed(), as: UTF8.self)
    #expect(answers.count == 16 && answers.allSatisfy { $0 == wanted }, "\(answers.map(\.count))")
    #expect(try await bench.clean(lease) == [])
  }

  @Test func `the services of a lease find each other, and those of another lease do not`() async throws {
    let bench = try await SandboxBench()
    var store = bench.service(
      "test/perl",
      Self.server("$ENV{PORT}", "stored"),
      ports: [
        PortPlan(port: 5_432, isGlobal: false)
      ]
    )
    store.name = "db"
    let script = #"""
      use IO::Socket::INET; $| = 1;
      for (1..100) {
        my $s = IO::Socket::INET->new(PeerAddr => $ENV{SUPERCLOUD_SERVICE_DB_5432});
        if ($s) { print $s "GET /\r\n"; my @l = <$s>; if (@l) { print "db says $l[-1]\n"; last } }
        select undef, undef, undef, 0.1;
      }
      my $o = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ENV{OTHER});
      print "other ", ($o ? "REACHED" : "closed"), "\nend\n"; sleep 100;
      """#
    let other = try await bench.run(
      bench.service("test/perl", Self.server("$ENV{PORT}", "other"), ports: global)
    )
    let reached = try #require(try await bench.wait(other) { $0.isReady }.urls.first)
    var web = bench.service("test/perl", script)
    web.environment = ["OTHER=\(reached.split(separator: ":").last ?? "")"]
    let lease = try await bench.run(web, store, number: 2)
    let output = try await bench.wait(lease, toSay: "end")
    #expect(output.contains("db says stored") && output.contains("other closed"), "\(output)")
    #expect(try await bench.clean(other, lease) == [])
  }

  @Test func `a lease that is stopped and started keeps its URL while a client holds a connection`()
    async throws
  {
    let bench = try await SandboxBench()
    let lease = try await bench.run(
      bench.service("test/perl", Self.server("$ENV{PORT}", "hello"), ports: global)
    )
    let url = try #require(try await bench.wait(lease) { $0.isReady }.urls.first)
    let port = try #require(UInt16(url.split(separator: ":").last ?? ""))
    let address = try #require(LocalAddress("127.0.0.1", port: port))
    let client = try #require(address.makeSocket())
    defer { close(client) }
    let code = address.connect(client)
    #expect(code == 0 || code == EINPROGRESS)
    var socket = pollfd(fd: client, events: Int16(POLLOUT), revents: 0)
    #expect(poll(&socket, 1, 5_000) == 1)
    #expect(send(client, "GET /\r\n", 7, Int32(MSG_NOSIGNAL)) == 7)
    socket.events = Int16(POLLIN)
    #expect(poll(&socket, 1, 5_000) == 1, "it was accepted, and answered")
    try await bench.driver.stop(lease)
    try await bench.driver.start(lease)
    #expect(try await bench.wait(lease) { $0.isReady }.urls == [url])
    #expect(try await bench.clean(lease) == [])
  }

  @Test func `a replica whose connections nothing carries any more is ended, and can be started again`()
    async throws
  {
    let bench = try await SandboxBench()
    let lease = try await bench.run(
      bench.service("test/perl", Self.server("$ENV{PORT}", "hello"), ports: global)
    )
    _ = try await bench.wait(lease) { $0.isReady }
    let number = await bench.driver.firstFolder(lease).number("forwarder")
    let forwarder = try #require(number.flatMap { pid_t(exactly: $0) })
    #expect(kill(forwarder, SIGKILL) == 0)
    let ended = try await bench.wait(lease) { !$0.isRunning && $0.lastExit?.code != nil }
    #expect(ended.lastExit?.code != 0)
    try await bench.driver.start(lease)
    let url = try #require(try await bench.wait(lease) { $0.isReady }.urls.first)
    #expect(try await get(url) == "hello")
    #expect(try await bench.clean(lease) == [])
  }

  @Test func `a port that somebody took since it was chosen is replaced`() async throws {
    let bench = try await SandboxBench()
    var taken: HostPort?
    let service = bench.service("test/perl", Self.server("$ENV{PORT}", "mine"), ports: global)
    let lease = try await bench.run(service) {
      let chosen = try #require(await bench.driver.prepared[Fixture.lease()]?.ports["web.0"]?[80])
      taken = try HostPort.bind(chosen, at: "127.0.0.1")
      #expect(listen(try #require(taken).socket, 1) == 0)
    }
    let url = try #require(try await bench.wait(lease) { $0.isReady }.urls.first)
    let foreign = try #require(taken)
    #expect(!url.hasSuffix(":\(foreign.port)"))
    #expect(try await get(url) == "mine")
    close(foreign.socket)
    #expect(try await bench.clean(lease) == [])
  }

  @Test func `no process of a replica holds much more than its memory, and folders in memory are bounded`()
    async throws
  {
    let bench = try await SandboxBench()
    guard let namespace = await bench.driver.isolation.namespace, namespace.limitsMemory else { return }
    let script = #"""
      $| = 1; 
      for my $place ("/tmp/f", "/dev/shm/f", "/dev/f") {
        open my $f, ">", $place or do { print "$place refused\n"; next };
        my $n = 0; while ($n < 200 && syswrite $f, "x" x (1 << 20)) { $n++ } print "$place $n\n"; unlink $place;
      }
      my @held; for (1..600) { push @held, "x" x (1 << 20); print "holding $_\n" if $_ == 300 }
      """#
    let lease = try await bench.run(bench.service("test/perl", script, memory: 48 << 20))
    let status = try await bench.wait(lease) { !$0.isRunning }
    let output = try await bench.output(lease)
    #expect(status.lastExit?.code != 0, "\(output)")
    #expect(output.contains("Out of memory") && !output.contains("holding"), "\(output)")
    if namespace.limitsFolders {
      #expect(output.contains("/tmp/f 48") && output.contains("/dev/shm/f 48"), "\(output)")
      #expect(output.contains("/dev/f refused"), "\(output)")
    }
    #expect(try await bench.clean(lease) == [])
  }
}

@Suite struct ForwardingTests {
  @Test(arguments: [
    ForwardRule.inherited(descriptor: 12, ports: [36_000, 80]), .shared(path: "80.sock", ports: [80]),
    .peer(port: 36_001, path: "../db.0/5432.sock"),
  ])
  func `a rule reads back`(_ rule: ForwardRule) { #expect(ForwardRule("\(rule)") == rule) }

  @Test(arguments: [
    "", "inherited/80", "inherited/80/2", "inherited//7", "inherited/80,/7", "inherited/80,x/7",
    "inherited/99999/7", "peer/80/", "other/80/7",
  ])
  func `what is no rule is refused`(_ text: String) { #expect(ForwardRule(text) == nil) }

  @Test func `a table of sockets says where something listens`() {
    var table = ListenerTable()
    table.add(
      """
        sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
         0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
         1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1
         2: 0200007F:0051 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1
         3: 0100007F:2000 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 3 1
         4: broken
      """
    )
    table.add(
      "  sl  local_address\n   0: 00000000000000000000000001000000:0035 "
        + "00000000000000000000000000000000:0000 0A 0\n"
        + "   1: 00000000000000000000000000000000:0036 00000000000000000000000000000000:0000 0A 0\n"
    )
    #expect(
      table.addresses == [
        0x1F90: "127.0.0.1", 80: "127.0.0.1", 81: "127.0.0.2", 0x35: "0:0:0:0:0:0:0:1", 0x36: "::1",
      ]
    )
    #expect(LocalAddress("0:0:0:0:0:0:0:1", port: 1)?.family == AF_INET6)
  }

  @Test func `a port is bound once, and its number is told`() throws {
    let first = try #require(HostPort.bind(in: nil, excluding: [], at: "127.0.0.1"))
    defer { close(first.socket) }
    #expect(first.port > 0)
    #expect(throws: BindError(code: EADDRINUSE)) { try HostPort.bind(first.port, at: "127.0.0.1") }
    #expect(HostPort.bind(in: first.port...first.port, excluding: [], at: "127.0.0.1") == nil)
    #expect(HostPort.bind(in: first.port...first.port, excluding: [first.port], at: "127.0.0.1") == nil)
    #expect(throws: BindError(code: EINVAL)) { try HostPort.bind(1, at: "not an address") }
    #expect(!PortChoice.answers(first.port), "it is bound and does not listen")
    #expect(listen(first.socket, 1) == 0 && PortChoice.answers(first.port))
  }

  @Test func `any port that is bound stays the same when it ends listening and listens again`() throws {
    let bound = try #require(HostPort.bind(in: nil, excluding: [], at: "127.0.0.1"))
    defer { close(bound.socket) }
    for _ in 0..<3 {
      #expect(HostPort.startListening(bound.socket) && PortChoice.answers(bound.port))
      HostPort.stopListening(bound.socket)
      #expect(!PortChoice.answers(bound.port))
    }
  }

  @Test func `a connection that a client holds does not keep the port from the next run`() throws {
    let former = try #require(HostPort.bind(in: nil, excluding: [], at: "127.0.0.1"))
    #expect(HostPort.startListening(former.socket))
    let address = try #require(LocalAddress("127.0.0.1", port: former.port))
    let client = try #require(address.makeSocket())
    defer { close(client) }
    let code = address.connect(client)
    #expect(code == 0 || code == EINPROGRESS)
    var arrival = pollfd(fd: former.socket, events: Int16(POLLIN), revents: 0)
    #expect(poll(&arrival, 1, 5_000) == 1)
    let accepted = accept(former.socket, nil, nil)
    #expect(accepted >= 0)
    close(accepted)
    close(former.socket)
    let next = try HostPort.bind(former.port, at: "127.0.0.1")
    defer { close(next.socket) }
    #expect(throws: BindError(code: EADDRINUSE)) { try HostPort.bind(former.port, at: "127.0.0.1") }
    #expect(HostPort.startListening(next.socket) && PortChoice.answers(next.port))
  }

  @Test func `where silent clients hold all connections, the one that is silent for longest makes room`()
    throws
  {
    let inside = try #require(HostPort.bind(in: nil, excluding: [], at: "127.0.0.1"))
    defer { close(inside.socket) }
    #expect(HostPort.startListening(inside.socket))
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UInt32.random(in: 0 ... .max)).sock")
      .path
    defer { unlink(path) }
    var forwarder = try PortForwarder([.shared(path: path, ports: [inside.port])], limit: 2)
    let address = try #require(LocalAddress(path: path))
    var clients: [Int32] = []
    defer { for client in clients { close(client) } }
    for _ in 0..<3 {
      let client = try #require(address.makeSocket())
      clients.append(client)
      #expect(address.connect(client) == 0)
    }
    /// Whether the other side has closed the connection; nothing is ever sent on it.
    func isClosed(_ client: Int32) -> Bool {
      var byte: UInt8 = 0
      return recv(client, &byte, 1, 0) == 0
    }
    let deadline = ContinuousClock.now + .seconds(20)
    forwarder.run { !isClosed(clients[0]) && ContinuousClock.now < deadline }
    #expect(clients.map(isClosed) == [true, false, false])
  }

  @Test func `numbers for inherited descriptors overwrite none of them`() {
    #expect(ProcessLauncher.numbers(for: [5, 30, 7]) == [31, 32, 33])
    #expect(ProcessLauncher.numbers(for: [4]) == [10])
    #expect(ProcessLauncher.numbers(for: []).isEmpty)
  }

  @Test(arguments: [
    (BiddingScope.everywhere, true, true), (.localChains(reason: "r"), true, false),
    (.nowhere(reason: "r"), false, false),
  ])
  func `where there may be a bid`(_ scope: BiddingScope, _ onLocal: Bool, _ onOthers: Bool) {
    #expect((scope.obstacle(isLocal: true) == nil) == onLocal)
    #expect((scope.obstacle(isLocal: false) == nil) == onOthers)
  }
}
