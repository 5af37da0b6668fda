import Chain
import Cryptography
import Primitives
import Replication
import Wire

extension DecoderFuzzTests {
  /// What a joining node reads from strangers, and what a node reads from a joining one.
  static var snapshotTargets: [Target] {
    let path = NibblePath(prefixOf: .sha256([1]), count: 2)
    let chunk = SnapshotChunk(path: path, entries: [([1, 2], [3]), ([4], [5, 6, 7])]).encoded
    let messages: [SnapshotMessage] = [
      .offersRequest, .offers([SnapshotOffer(height: 7, bytes: 8), SnapshotOffer(height: 5, bytes: 1)]),
      .lightBlockRequest(9), .lightBlock(9, [1, 2, 3]), .lightBlock(9, nil), .partRequest(9, .manifest),
      .partRequest(9, .chunk(path)), .part(9, .manifest, [1]), .part(9, .chunk(path), chunk),
    ]
    var targets = FrameKind.allCases.filter(SnapshotMessage.isKind).map { kind in
      Target(name: "frame \(kind)", corpus: messages.filter { $0.kind == kind }.map(\.encoded)) { bytes in
        let message = try SnapshotMessage(kind: kind, bytes: bytes)
        _ = try SnapshotMessage(kind: kind, bytes: message.encoded)
        return nil
      }
    }
    targets += [
      Target(name: "snapshot chunk", corpus: [chunk]) { try SnapshotChunk(decoding: $0).encoded },
      Target(name: "snapshot manifest", corpus: manifest.map { [$0.bytes] } ?? []) { bytes in
        guard let root = manifest?.root else { return nil }
        return try SnapshotManifest(decoding: bytes, height: 9, root: root).encoded
      },
      Target(name: "light block", corpus: lightBlock.map { [$0] } ?? []) { bytes in
        _ = try LightBlock(decoding: bytes)
        return nil
      },
      Target(name: "evidence", corpus: [evidence.encoded]) { try Evidence(decoding: $0).encoded },
    ]
    return targets
  }

  private static let manifest: (bytes: [UInt8], root: Digest)? = {
    var pages: [NibblePath: StateTreePage] = [:]
    let changes = (0..<200).map { StateTreeChange(key: [UInt8($0)], value: [1]) }
    guard let update = try? StateTree.apply(changes, to: pages, root: StateTree.emptyRoot) else { return nil }
    for (path, page) in update.pages { pages[path] = page }
    guard let made = try? SnapshotManifest(of: pages, height: 9, root: update.root, depth: 2) else {
      return nil
    }
    return (made.encoded, update.root)
  }()

  private static var signer: SigningKey { SigningKey(seed: Array(repeating: 4, count: 32))! }

  private static var lightBlock: [UInt8]? {
    let key = signer
    guard let set = try? ValidatorSet([Validator(address: key.address, key: key.publicKey, power: 1)]) else {
      return nil
    }
    let header = Header.empty(height: 4, milliseconds: 5, validators: set.hash, proposer: key.address)
    let certificate = Certificate(
      kind: .precommit,
      height: 4,
      round: 0,
      validRound: nil,
      block: header.identifier,
      signers: [1],
      signatures: [key.sign([1])]
    )
    return LightBlock(header: header, certificate: certificate, validators: set, nextValidators: set).encoded
  }

  static var evidence: Evidence {
    func proposal(_ number: UInt8) -> Proposal {
      Proposal(
        height: 3,
        round: 0,
        validRound: nil,
        block: .sha256([number]),
        validator: 0,
        signature: signer.sign([number])
      )
    }
    return .duplicateProposal(proposal(1), proposal(2))
  }
}
