import API
import Chain
import Cryptography
import Gossip
import Primitives
import SDL

@testable import Node
@testable import Provider
@testable import Transport

/// What comes by lease streams and HTTP, what a hello says, and texts that strangers write.
extension DecoderFuzzTests {
  static var requestTargets: [Target] { leaseTargets + proofTargets + textTargets }

  // MARK: Tenant and provider

  private static var leaseTargets: [Target] {
    let lease = LeaseID(
      deployment: DeploymentID(owner: key.address, sequence: 1),
      group: 1,
      order: 1,
      provider: key.address
    )
    let requests: [LeaseRequest] = [
      .submitManifest(lease, json: manifest), .status(lease), .logs(lease, service: "web", tail: 100),
      .checkManifest(lease, json: manifest),
    ]
    let service = WorkloadStatus.Service(name: "web", ready: 1, replicas: 2, urls: ["http://a.example:80"])
    let chunk = LogChunk(service: "web", replica: 0, stream: .output, lines: ["a", "b"])
    let answers: [LeaseAnswer] = [
      .ok(message: "done"), .status(WorkloadStatus(state: "running", message: "up", services: [service])),
      .logs([chunk]), .error(LeaseFault(.notOwner, "no", fix: "sign as the owner")),
    ]
    return [
      Target(name: "lease request", corpus: requests.map { [$0.type] + $0.encoded }) { bytes in
        guard let type = bytes.first else { throw Primitives.DecodingError.truncated }
        let request = try LeaseRequest(type: type, decoding: Array(bytes.dropFirst()))
        return [request.type] + request.encoded
      },
      Target(name: "lease answer", corpus: answers.map { [$0.type] + $0.encoded }) { bytes in
        guard let type = bytes.first else { throw Primitives.DecodingError.truncated }
        let answer = try LeaseAnswer(type: type, decoding: Array(bytes.dropFirst()))
        return [answer.type] + answer.encoded
      },
      Target(name: "lease gateway", corpus: requests.map { [$0.type] + $0.encoded }) { bytes in
        let gateway = LeaseGateway(provider: key.address, maximumProcesses: 64)
        let admitted = gateway.admit(
          account: key.publicKey,
          type: bytes.first ?? 0,
          bytes: Array(bytes.dropFirst()),
          isActive: { _ in true }
        )
        guard case .submitManifest(let lease, let json) = try admitted.get() else { return nil }
        let hash = (try? Manifest.decode(json: json).hash) ?? .zero
        let view = DeploymentView(id: lease.deployment, manifestHash: hash, groups: order.groups.map(\.spec))
        _ = try? gateway.accept(json, for: lease, deployment: view, reservation: nil)
        return nil
      },
      Target(name: "manifest", corpus: [manifest]) { bytes in
        let decoded = try Manifest.decode(json: bytes)
        guard try Manifest.decode(json: decoded.canonicalJSON) == decoded else { throw FuzzFailure() }
        return nil
      },
      Target(name: "deploy.yaml", corpus: [Array(Fixture.deployment().utf8)]) { bytes in
        let file = DeploymentFile(bytes)
        guard file.isAccepted == (file.deployment != nil) else { throw FuzzFailure() }
        return nil
      },
    ]
  }

  private static let manifest: [UInt8] =
    DeploymentFile(Array(Fixture.deployment().utf8)).deployment?.manifest.canonicalJSON ?? []

  // MARK: Requests and answers of the HTTP interface

  private static var proofTargets: [Target] {
    let siblings = (0..<8).map { $0 == 2 ? Digest.zero : .sha256([$0]) }
    let proof = StateTreeProof(end: .other(key: .sha256([1]), value: .sha256([2])), siblings: siblings)
    return [
      Target(name: "transaction batch", corpus: [TransactionBatch.encode([[1, 2], [3]])]) {
        guard let batch = TransactionBatch.decode($0) else { throw Primitives.DecodingError.truncated }
        return TransactionBatch.encode(batch)
      },
      Target(name: "proof of a state entry", corpus: proof.map { [$0.encoded()] } ?? []) { bytes in
        let proof = try StateTreeProof(decoding: bytes)
        return proof.encoded()
      },
    ]
  }

  // MARK: Short texts

  private static var textTargets: [Target] {
    let hello = NodeHello(role: .provider, voucher: voucher)
    return [
      Target(name: "hello", corpus: [hello.encoded, [0]]) { bytes in
        switch NodeHello.read(bytes, of: key.publicKey, on: chain) {
        case .plausible(let read):
          // Nobody becomes a validator without a validator's voucher.
          guard read.role != .validator || read.voucher?.role == .validator else { throw FuzzFailure() }
        case .forged: break
        }
        return nil
      },
      text("network address", ["203.0.113.7:26656", "[2001:db8::1]:26656", "node.example:1/2"]) { text in
        _ = AddressGroup(address: text)
        _ = NetworkAddress(record: text)
        guard let address = NetworkAddress(text) else { return }
        guard NetworkAddress(address.description) == address else { throw FuzzFailure() }
      },
      text("account address", [key.address.text()]) { text in
        let address = try Address(text: text)
        guard try Address(text: address.text()) == address else { throw FuzzFailure() }
      },
      text(
        "coin, amount and decimal",
        ["5000000uakt", "1.5", "18446744073709551615", "-0.000000000000000001"]
      ) {
        _ = Denomination($0)
        if let decimal = Decimal18($0), Decimal18("\(decimal)") != decimal { throw FuzzFailure() }
      },
      text("chain id and hex", ["supercloud-1", "00ff"]) { text in
        _ = ChainID(text)
        guard let bytes = Hex.decode(text) else { return }
        guard Hex.encode(bytes) == text.lowercased() else { throw FuzzFailure() }
      },
    ]
  }

  private static func text(
    _ name: String,
    _ samples: [String],
    _ read: @escaping @Sendable (String) throws -> Void
  ) -> Target {
    Target(name: name, corpus: samples.map { Array($0.utf8) }) { bytes in
      try read(String(decoding: bytes, as: UTF8.self))
      return nil
    }
  }
}
