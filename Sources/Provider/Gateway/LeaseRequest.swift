import Chain
import Cryptography
import Primitives

/// A tenant's request on a lease stream: a type byte and a body.
public enum LeaseRequest: Hashable, Sendable {
  /// The manifest as JSON. The tenant sends it again after it has changed the deployment's manifest hash.
  case submitManifest(LeaseID, json: [UInt8])
  case status(LeaseID)
  /// The newest `tail` lines of each log of a service; an empty name means all services.
  case logs(LeaseID, service: String, tail: UInt32)
  /// A manifest that the tenant wants to run instead of the present one. The provider says whether it would take it
  /// if the chain had its hash, and changes nothing.
  case checkManifest(LeaseID, json: [UInt8])

  /// The largest manifest, in bytes.
  public static let manifestLimit = 768 << 10
  /// The largest `tail` of a request for logs.
  public static let tailLimit: UInt32 = 5_000
  static let nameLimit = 256

  public var type: UInt8 {
    switch self {
    case .submitManifest: 1
    case .status: 2
    case .logs: 3
    case .checkManifest: 4
    }
  }

  public var lease: LeaseID {
    switch self {
    case .submitManifest(let lease, _), .status(let lease), .logs(let lease, _, _),
      .checkManifest(let lease, _):
      lease
    }
  }

  public var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.write(lease)
    switch self {
    case .submitManifest(_, let json), .checkManifest(_, let json): writer.writeCounted(json)
    case .status: break
    case .logs(_, let service, let tail):
      writer.write(service)
      writer.write(tail)
    }
    return writer.bytes
  }

  /// - Throws: When `bytes` is not the body of a request of this type.
  public init(type: UInt8, decoding bytes: [UInt8]) throws(DecodingError) {
    guard (1...4).contains(type) else { throw .outOfRange(field: "type") }
    var reader = ByteReader(bytes)
    let lease = try reader.readLease()
    switch type {
    case 1: self = .submitManifest(lease, json: try reader.readCounted(limit: Self.manifestLimit))
    case 2: self = .status(lease)
    case 4: self = .checkManifest(lease, json: try reader.readCounted(limit: Self.manifestLimit))
    default:
      let service = try reader.readText(limit: Self.nameLimit)
      let tail = try reader.read(UInt32.self)
      guard tail <= Self.tailLimit else { throw .outOfRange(field: "tail") }
      self = .logs(lease, service: service, tail: tail)
    }
    try reader.finish()
  }
}
