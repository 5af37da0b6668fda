import API
import Chain
import Cryptography
import Foundation
import Glibc
import Gossip
import NIOCore
import NIOPosix
import Primitives
import Testing
import Transport
import Wire

extension RealProcesses {
  /// Everything that a stranger can do to a validator's port, while the validator must go on committing.
  ///
  /// `SUPERCLOUD_HOSTILE=full` makes each attack ten times as large: 10,000 connections.
  @Suite(.serialized) struct HostileClientTests {
    private static let isFull = ProcessInfo.processInfo.environment["SUPERCLOUD_HOSTILE"] == "full"
    private static let seed: UInt64 = 20_261_124

    /// The node under attack.
    struct Victim {
      let network: LocalNetwork
      let name: String
      let identity: NetworkIdentity
      let chain: ChainID
      let key: PeerID
      let address: NetworkAddress
      let process: Int32

      init(_ network: LocalNetwork, _ name: String) async throws {
        self.network = network
        self.name = name
        let status = try await network.status(name)
        guard let chain = ChainID(status.chainId), let bytes = Hex.decode(status.genesis),
          let genesis = Digest(bytes), let key = Hex.decode(status.nodeKey).flatMap({ PublicKey($0) }),
          let member = network.plan.members.first(where: { $0.name == name })
        else { throw TestFailure("\(status)") }
        self.chain = chain
        self.key = key
        identity = NetworkIdentity(chainID: chain.text, genesis: genesis)
        address = NetworkAddress(host: "127.0.0.1", port: UInt16(member.peerPort))
        let home = URL(filePath: network.home(name)).appending(path: "runtime.json")
        let runtime = try JSONDecoder().decode(Runtime.self, from: Data(contentsOf: home))
        process = runtime.process
      }

      struct Runtime: Decodable { var process: Int32 }
    }

    /// Heights and transfers of one phase.
    struct Phase {
      var name: String
      var blocks: Double
      var transfers: Double
      var memory: Int
    }

    @Test func `a validator under every attack commits on and keeps its memory bounded`() async throws {
      let network = try await LocalNetwork()
      try network.start(network.validators)
      try await network.expect(network.validators, at: 2)
      let victim = try await Victim(network, network.validators[0])
      let receiver = SigningKey.generate().address
      let sender = try Transfers(account: 0, to: receiver, over: [network.client(victim.name)])
      var phases: [Phase] = []
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await sender.run() }
        defer { sender.stop() }
        try await network.expect("transfers flow") { sender.acknowledged.count > 2 }
        phases.append(try await measure("before", victim, sender) { try await Task.sleep(for: .seconds(4)) })
        for attack in Attack.allCases {
          phases.append(try await measure(attack.rawValue, victim, sender) { try await run(attack, victim) })
        }
        phases.append(try await measure("after", victim, sender) { try await Task.sleep(for: .seconds(4)) })
      }
      for phase in phases {
        print(
          "hostile seed \(Self.seed): \(phase.name.padding(toLength: 22, withPad: " ", startingAt: 0))",
          String(
            format: "%6.1f blocks/s %6.1f transfers/s %5d MB",
            phase.blocks,
            phase.transfers,
            phase.memory / 1_000_000
          )
        )
        #expect(phase.memory < phases[0].memory + 200_000_000, "memory during \(phase.name)")
      }
      // Nothing that an attack leaves behind slows the service: it is nearly what it was before the first.
      let (before, after) = (try #require(phases.first), try #require(phases.last))
      #expect(after.blocks > before.blocks / 4)
      #expect(after.transfers > before.transfers / 4)
      _ = try await network.expectAgreement(of: network.validators)
      let traffic: Answer.Network = try await network.client(victim.name).get("/v1/network")
      for drop in traffic.drops where drop.count > 0 {
        print("hostile: \(drop.layer) \(drop.reason) \(drop.count)")
      }
      #expect(traffic.drops.contains { $0.layer == "handshake" && $0.count > 0 })
      #expect(traffic.drops.contains { $0.layer == "datagram" && $0.count > 0 })
      #expect(traffic.drops.contains { $0.layer == "fault" && $0.reason == "forged_signature" })
      #expect(traffic.drops.contains { $0.layer == "fault" && $0.reason == "false_voucher" })
    }

    private func measure(
      _ name: String,
      _ victim: Victim,
      _ sender: Transfers,
      _ body: () async throws -> Void
    ) async throws -> Phase {
      let clock = ContinuousClock()
      let height = try await victim.network.height(victim.name)
      let transfers = sender.acknowledged.count
      let start = clock.now
      try await body()
      // What counts is that it goes on, not that a block fell into a short phase.
      try await victim.network.expect([victim.name], at: height + 1, seconds: 30)
      try await victim.network.expect("a transfer after the attack: \(name)") {
        sender.acknowledged.count > transfers
      }
      let after = try await victim.network.height(victim.name)
      let seconds = (clock.now - start) / .seconds(1)
      return Phase(
        name: name,
        blocks: Double(after - height) / seconds,
        transfers: Double(sender.acknowledged.count - transfers) / seconds,
        memory: RawSockets.memory(of: victim.process)
      )
    }

    // MARK: Attacks

    enum Attack: String, CaseIterable {
      case randomStreams = "random bytes, TCP"
      case randomDatagrams = "random bytes, UDP"
      case giants = "announced 4 GiB"
      case silent = "silent connections"
      case replayedHandshakes = "replayed handshakes"
      case many = "many connections"
      case malformedFrames = "malformed frames"
      case forgedObjects = "forged signatures"
      case replayedObjects = "replayed objects"
      case forgedTransactions = "forged transactions"
      case slowReaders = "slow readers"
      case falseClaims = "false claims to validate"
      case greedyRequests = "floods of requests"
    }

    private func run(_ attack: Attack, _ victim: Victim) async throws {
      var sockets = RawSockets(port: victim.address.port, seed: Self.seed)
      let scale = Self.isFull ? 10 : 1
      switch attack {
      case .randomStreams:
        for _ in 0..<200 * scale {
          guard let descriptor = sockets.connect() else { continue }
          sockets.send(sockets.bytes(Int(sockets.generator.next(below: 4_096))), over: descriptor)
          close(descriptor)
        }
      case .randomDatagrams:
        let (sent, answered) = sockets.datagrams(5_000 * scale) { sockets, number in
          var bytes = sockets.bytes(Int(sockets.generator.next(below: 1_472)))
          // Most begin like a message of the protocol.
          if !bytes.isEmpty { bytes[0] = UInt8(number % 6) }
          return bytes
        }
        #expect(answered <= sent)
      case .giants:
        for _ in 0..<100 * scale {
          guard let descriptor = sockets.connect() else { continue }
          sockets.send([0xFF, 0xFF, 0xFF, 0xFF] + sockets.bytes(1_000), over: descriptor)
          close(descriptor)
        }
      case .silent: await hold(&sockets, 500 * scale, seconds: 3)
      case .many: await hold(&sockets, 1_000 * scale, seconds: 4)
      case .replayedHandshakes:
        let first = sockets.bytes(80)
        for _ in 0..<300 * scale {
          guard let descriptor = sockets.connect() else { continue }
          sockets.send(first, over: descriptor)
          sockets.send(first, over: descriptor)
          close(descriptor)
        }
        _ = sockets.datagrams(2_000 * scale) { _, _ in first + first }
      case .falseClaims: try await claim(victim)
      case .greedyRequests: try await ask(victim, 4_000 * scale)
      case .malformedFrames, .forgedObjects, .replayedObjects, .forgedTransactions, .slowReaders:
        try await asPeer(attack, victim, &sockets, scale)
      }
    }

    /// Opens connections, says nothing, and closes them.
    private func hold(_ sockets: inout RawSockets, _ count: Int, seconds: Double) async {
      var descriptors: [Int32] = []
      for _ in 0..<count {
        if let descriptor = sockets.connect() { descriptors.append(descriptor) }
      }
      print("hostile: \(descriptors.count) of \(count) connections at once")
      try? await Task.sleep(for: .seconds(seconds))
      for descriptor in descriptors { close(descriptor) }
    }

    private func asPeer(
      _ attack: Attack,
      _ victim: Victim,
      _ sockets: inout RawSockets,
      _ scale: Int
    ) async throws {
      let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
      for _ in 0..<(attack == .replayedObjects ? 1 : 4) {
        let peer = try await HostilePeer(
          network: victim.identity,
          chain: victim.chain,
          on: group,
          reads: attack != .slowReaders
        )
        guard await peer.connect(to: victim.address, victim.key) else { continue }
        switch attack {
        case .malformedFrames:
          for kind in FrameKind.allCases { peer.send(kind, sockets.bytes(700), to: victim.key) }
          #expect(
            await Program.until(seconds: 10) { !peer.isConnected(to: victim.key) },
            "who sends frames that are none keeps its session"
          )
        case .forgedObjects: try await flood(peer, victim, 5_000 * scale, isForged: true)
        case .replayedObjects: try await flood(peer, victim, 2_000 * scale, isForged: false)
        case .forgedTransactions:
          for _ in 0..<200 * scale {
            peer.send(.transactions, transactions((0..<20).map { _ in sockets.bytes(300) }), to: victim.key)
          }
          _ = await Program.until(seconds: 10) { !peer.isConnected(to: victim.key) }
        default:
          // Asks for blocks and records without reading any answer.
          for _ in 0..<500 * scale { peer.send(.recordsRequest, [8, 16], to: victim.key) }
          try await Task.sleep(for: .seconds(1))
        }
        await peer.stop()
      }
      try await group.shutdownGracefully()
    }

    /// As `Supercloud_Peer_V1_Transactions`: repeated bytes, field 1.
    private func transactions(_ all: [[UInt8]]) -> [UInt8] {
      all.flatMap { [UInt8(0x0A), UInt8($0.count & 0x7F | 0x80), UInt8($0.count >> 7)] + $0 }
    }

    /// Forged: ends with the first one that was checked. Not forged: the same hundred objects over and over, of an
    /// account that has nothing, which is no fault.
    private func flood(_ peer: HostilePeer, _ victim: Victim, _ count: Int, isForged: Bool) async throws {
      let origin = SigningKey.generate()
      let objects = (0..<100).map { number -> SignedObject in
        var writer = ByteWriter()
        writer.write(UInt64(number))
        let withdrawal = Withdrawal(
          object: Digest.sha256(writer.bytes),
          expiresAt: Timestamp(milliseconds: UInt64(Date().timeIntervalSince1970 * 1_000) + 600_000)
        )
        let object = SignedObject(
          kind: .withdrawal,
          body: withdrawal.encoded,
          signer: origin,
          chain: victim.chain
        )
        guard isForged else { return object }
        var bytes = object.encoded
        bytes[bytes.count - 1] ^= 1
        return (try? SignedObject(decoding: bytes, chain: victim.chain)) ?? object
      }
      for number in 0..<count / 4 {
        var packet = Packet()
        packet.objects = (0..<4).map { objects[(4 * number + $0) % objects.count] }
        peer.send(.packet, GossipMessage.packet(packet).encoded, to: victim.key)
        if number.isMultiple(of: 100) { try await Task.sleep(for: .milliseconds(5)) }
      }
      if isForged {
        #expect(
          await Program.until(seconds: 10) { !peer.isConnected(to: victim.key) },
          "who forwards forged signatures keeps its session"
        )
      } else {
        try await Task.sleep(for: .seconds(1))
        #expect(peer.isConnected(to: victim.key), "objects that came before are no fault")
      }
    }
  }
}
