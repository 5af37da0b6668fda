import Foundation
import Glibc
import Primitives
import Synchronization

/// A network of network namespaces whose packets all go through this process, which may delay, lose or block them.
///
/// Every namespace has a TUN device whose other end is a descriptor here; packets are passed on by their IPv4
/// destination. So whole TCP stacks meet partitions, loss and delay, with nothing of the kernel but namespaces and
/// `/dev/net/tun`. The last port is this machine's own: by it the test reaches the nodes, and it is never impaired.
final class PacketSwitch: Sendable {
  /// What happens between two nodes.
  struct Rules: Sendable {
    /// Ports that hear each other; those of no group hear everybody.
    var groups: [Set<Int>] = []
    /// Of a thousand packets.
    var lost: UInt64 = 0
    /// Each packet takes a time in this range, so that they also overtake each other.
    var delay: ClosedRange<UInt64> = 0...0
    var blocksUDP = false

    func areApart(_ first: Int, _ second: Int) -> Bool {
      guard let group = groups.first(where: { $0.contains(first) }) else { return false }
      return !group.contains(second)
    }
  }

  struct Counts: Sendable {
    var passed = 0
    var lost = 0
    var blocked = 0
  }

  private struct State {
    var rules = Rules()
    var counts = Counts()
    var isStopped = false
  }

  private static let deviceType: Int32 = 0x1001  // IFF_TUN | IFF_NO_PI
  private static let setInterface: UInt = 0x4004_54CA  // TUNSETIFF

  let namespaces: [String]
  private let descriptors: [Int32]
  private let subnet: Int
  private let state = Mutex(State())
  private let ended = DispatchSemaphore(value: 0)

  init(nodes: Int, seed: UInt64) throws {
    let mark = UUID().uuidString.prefix(6).lowercased()
    let subnet = Int.random(in: 1...250)
    var namespaces: [String] = []
    var descriptors: [Int32] = []
    do {
      for port in 0...nodes {
        let device = "sc\(mark)\(port)"
        descriptors.append(try Self.open(device))
        let address = "10.213.\(subnet).\(port + 1)/24"
        guard port < nodes else {
          try NetworkNamespace.run("ip", ["address", "add", address, "dev", device])
          try NetworkNamespace.run("ip", ["link", "set", device, "up"])
          break
        }
        let name = "supercloud-\(mark)-\(port)"
        try NetworkNamespace.run("ip", ["netns", "add", name])
        namespaces.append(name)
        try NetworkNamespace.run("ip", ["link", "set", device, "netns", name])
        let inside = ["netns", "exec", name, "ip"]
        try NetworkNamespace.run("ip", inside + ["link", "set", "lo", "up"])
        try NetworkNamespace.run("ip", inside + ["address", "add", address, "dev", device])
        try NetworkNamespace.run("ip", inside + ["link", "set", device, "up"])
      }
    } catch {
      for descriptor in descriptors { close(descriptor) }
      for name in namespaces { try? NetworkNamespace.run("ip", ["netns", "delete", name]) }
      throw error
    }
    (self.namespaces, self.descriptors, self.subnet) = (namespaces, descriptors, subnet)
    Thread { [self] in forward(seed: seed) }.start()
  }

  /// What the machine says against such a network; nil when it can be had.
  static func refusal() -> String? {
    do {
      try PacketSwitch(nodes: 1, seed: 0).stop()
      return nil
    } catch {
      return "\(error)"
    }
  }

  func address(_ node: Int) -> String { "10.213.\(subnet).\(node + 1)" }

  func set(_ rules: Rules) { state.withLock { $0.rules = rules } }

  var counts: Counts { state.withLock { $0.counts } }

  /// Takes devices and namespaces away. The processes in them must have ended.
  func stop() {
    state.withLock { $0.isStopped = true }
    ended.wait()
    for descriptor in descriptors { close(descriptor) }
    for name in namespaces { try? NetworkNamespace.run("ip", ["netns", "delete", name]) }
  }

  private static func open(_ device: String) throws -> Int32 {
    let descriptor = Glibc.open("/dev/net/tun", O_RDWR | O_NONBLOCK)
    guard descriptor >= 0 else { throw TestFailure("/dev/net/tun: \(String(cString: strerror(errno)))") }
    // `struct ifreq`: 16 bytes of name, then the flags, which are little-endian on what Swift runs on.
    var request = Array(device.utf8) + Array(repeating: UInt8(0), count: 40 - device.utf8.count)
    request[16] = UInt8(deviceType & 0xFF)
    request[17] = UInt8(deviceType >> 8)
    guard ioctl(descriptor, setInterface, &request) == 0 else {
      let reason = String(cString: strerror(errno))
      close(descriptor)
      throw TestFailure("a TUN device: \(reason)")
    }
    return descriptor
  }

  // MARK: The thread

  private struct Packet {
    var due: UInt64
    var target: Int
    var bytes: [UInt8]
  }

  private func forward(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var waiting: [Packet] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while !state.withLock({ $0.isStopped }) {
      let now = DispatchTime.now().uptimeNanoseconds
      for packet in waiting where packet.due <= now { send(packet) }
      waiting.removeAll { $0.due <= now }
      let next = waiting.reduce(now + 50_000_000) { min($0, $1.due) }
      var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      _ = poll(&polled, UInt(polled.count), Int32((next - now + 999_999) / 1_000_000))
      for (source, ready) in polled.enumerated() where ready.revents & Int16(POLLIN) != 0 {
        for _ in 0..<64 {
          let count = read(descriptors[source], &buffer, buffer.count)
          guard count > 0 else { break }
          guard let packet = pass(buffer[..<count], from: source, &generator) else { continue }
          if packet.due == 0 { send(packet) } else { waiting.append(packet) }
        }
      }
    }
    ended.signal()
  }

  /// The packet with its target and the time when it arrives, 0 for at once; nil when it does not.
  private func pass(_ bytes: ArraySlice<UInt8>, from source: Int, _ generator: inout SeededGenerator)
    -> Packet?
  {
    // IPv4 only: what the kernel says by itself in IPv6 goes nowhere.
    guard bytes.count >= 20, bytes[0] >> 4 == 4, bytes[16] == 10, bytes[17] == 213 else { return nil }
    let target = Int(bytes[19]) - 1
    guard descriptors.indices.contains(target), target != source else { return nil }
    let host = descriptors.count - 1
    let isImpaired = source != host && target != host
    return state.withLock { state in
      let rules = state.rules
      let isUDP = bytes[9] == 17
      if isImpaired, rules.areApart(source, target) || rules.blocksUDP && isUDP {
        state.counts.blocked += 1
        return nil
      }
      if isImpaired, generator.next(below: 1_000) < rules.lost {
        state.counts.lost += 1
        return nil
      }
      state.counts.passed += 1
      guard isImpaired, rules.delay.upperBound > 0 else {
        return Packet(due: 0, target: target, bytes: Array(bytes))
      }
      let spread = rules.delay.upperBound - rules.delay.lowerBound
      let delay = rules.delay.lowerBound * 1_000_000 + generator.next(below: spread * 1_000_000 + 1)
      return Packet(due: DispatchTime.now().uptimeNanoseconds + delay, target: target, bytes: Array(bytes))
    }
  }

  private func send(_ packet: Packet) {
    // A device whose queue is full loses the packet, as a router would.
    _ = write(descriptors[packet.target], packet.bytes, packet.bytes.count)
  }
}
