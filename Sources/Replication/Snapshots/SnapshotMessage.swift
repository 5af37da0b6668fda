public import Chain
public import Cryptography
public import Primitives
public import Wire

/// A snapshot that a peer says it has. It is not proven, so it is used only to choose which peer to ask.
public struct SnapshotOffer: Hashable, Sendable {
  /// The height after whose block the snapshot was made.
  public var height: Height
  /// The length of all chunks together, in bytes.
  public var bytes: UInt64

  public init(height: Height, bytes: UInt64) {
    self.height = height
    self.bytes = bytes
  }
}

/// The name of a part of a snapshot.
public enum SnapshotPart: Hashable, Sendable {
  case manifest
  case chunk(NibblePath)
}

/// A message between a joining node and a peer.
public enum SnapshotMessage: Hashable, Sendable {
  case offersRequest
  case offers([SnapshotOffer])
  case lightBlockRequest(Height)
  /// The bytes of `LightBlock.encoded`; nil when the sender does not have the block.
  case lightBlock(Height, [UInt8]?)
  case partRequest(Height, SnapshotPart)
  /// The bytes of the manifest or the chunk; nil when the sender does not have it.
  case part(Height, SnapshotPart, [UInt8]?)

  /// The greatest number of snapshots that a node stores and offers.
  public static let offerLimit = 4

  /// Whether a frame of this kind contains such a message.
  public static func isKind(_ kind: FrameKind) -> Bool {
    [
      .snapshotOffersRequest, .snapshotOffers, .lightBlockRequest, .lightBlock, .snapshotPartRequest,
      .snapshotPart,
    ].contains(kind)
  }

  /// The kind of frame in which the message is sent.
  public var kind: FrameKind {
    switch self {
    case .offersRequest: .snapshotOffersRequest
    case .offers: .snapshotOffers
    case .lightBlockRequest: .lightBlockRequest
    case .lightBlock: .lightBlock
    case .partRequest: .snapshotPartRequest
    case .part: .snapshotPart
    }
  }

  /// The payload of the frame.
  public var encoded: [UInt8] {
    switch self {
    case .offersRequest: Supercloud_Snapshot_V1_OffersRequest().encoded
    case .offers(let offers):
      Supercloud_Snapshot_V1_Offers.filled {
        $0.offers = offers.map { offer in
          .filled {
            $0.height = offer.height
            $0.bytes = offer.bytes
          }
        }
      }.encoded
    case .lightBlockRequest(let height):
      Supercloud_Snapshot_V1_LightBlockRequest.filled { $0.height = height }.encoded
    case .lightBlock(let height, let block):
      Supercloud_Snapshot_V1_LightBlock.filled {
        $0.height = height
        $0.block = .init(wire: block ?? [])
      }.encoded
    case .partRequest(let height, let part):
      Supercloud_Snapshot_V1_PartRequest.filled {
        $0.height = height
        $0.path = .init(wire: part.wire)
      }.encoded
    case .part(let height, let part, let content):
      Supercloud_Snapshot_V1_Part.filled {
        $0.height = height
        $0.path = .init(wire: part.wire)
        $0.content = .init(wire: content ?? [])
      }.encoded
    }
  }

  /// Decodes the payload of a frame. The transport has checked its length against `kind.limit` before.
  ///
  /// - Throws: `DecodingError` when the bytes are not a message of that kind, or the kind is not one of these
  ///   messages.
  public init(kind: FrameKind, bytes: [UInt8]) throws(DecodingError) {
    let limit = kind.limit
    switch kind {
    case .snapshotOffersRequest:
      _ = try Supercloud_Snapshot_V1_OffersRequest(decoding: bytes, limit: limit)
      self = .offersRequest
    case .snapshotOffers:
      let wire = try Supercloud_Snapshot_V1_Offers(decoding: bytes, limit: limit)
      guard wire.offers.count <= Self.offerLimit, wire.offers.allSatisfy({ $0.height <= ChainLimits.height })
      else { throw .outOfRange(field: "offers") }
      self = .offers(wire.offers.map { SnapshotOffer(height: $0.height, bytes: $0.bytes) })
    case .lightBlockRequest:
      let wire = try Supercloud_Snapshot_V1_LightBlockRequest(decoding: bytes, limit: limit)
      self = .lightBlockRequest(wire.height)
    case .lightBlock:
      let wire = try Supercloud_Snapshot_V1_LightBlock(decoding: bytes, limit: limit)
      self = .lightBlock(wire.height, wire.block.isEmpty ? nil : wire.block.array)
    case .snapshotPartRequest:
      let wire = try Supercloud_Snapshot_V1_PartRequest(decoding: bytes, limit: limit)
      self = .partRequest(wire.height, try SnapshotPart(wire: wire.path.array))
    case .snapshotPart:
      let wire = try Supercloud_Snapshot_V1_Part(decoding: bytes, limit: limit)
      let content = wire.content.isEmpty ? nil : wire.content.array
      self = .part(wire.height, try SnapshotPart(wire: wire.path.array), content)
    default: throw .invalid(field: "kind")
    }
  }
}

extension SnapshotPart {
  fileprivate var wire: [UInt8] {
    switch self {
    case .manifest: []
    case .chunk(let path): path.encoded()
    }
  }

  fileprivate init(wire bytes: [UInt8]) throws(DecodingError) {
    self = bytes.isEmpty ? .manifest : .chunk(try NibblePath(decoding: bytes))
  }
}
