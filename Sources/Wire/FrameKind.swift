/// The kinds of frames that peers send over an authenticated session, with the most that each may hold.
///
/// The limit is checked on the announced length, before anything is allocated or decoded.
public enum FrameKind: UInt8, CaseIterable, Sendable {
  case status = 1
  case transactions = 2
  case proposal = 3
  case votes = 4
  case certificates = 5
  case blocksRequest = 6
  case blocksResponse = 7
  case evidence = 8
  /// A block that was proposed, asked for by its identifier.
  case candidateRequest = 9
  case candidate = 10
  /// Gossip that fits a datagram, or its like over a stream.
  case packet = 16
  /// Objects too large for a datagram.
  case objects = 17
  case ranges = 18
  case recordsRequest = 19
  case records = 20
  /// What a joining node asks and is answered: see `supercloud/snapshot.proto`.
  case snapshotOffersRequest = 24
  case snapshotOffers = 25
  case lightBlockRequest = 26
  case lightBlock = 27
  case snapshotPartRequest = 28
  case snapshotPart = 29

  public var limit: Int {
    switch self {
    case .status, .blocksRequest, .candidateRequest, .recordsRequest: 4 * 1024
    case .transactions: 1024 * 1024
    case .proposal, .candidate: WireLimits.blockBytes + 64 * 1024
    case .votes: 64 * 1024
    case .certificates: 4 * WireLimits.certificateBytes
    case .blocksResponse: WireLimits.blockBytes + WireLimits.certificateBytes + 64 * 1024
    case .evidence: 64 * 1024
    case .packet: 2 * 1024
    case .objects: 1024 * 1024
    case .ranges, .records: 64 * 1024
    case .snapshotOffersRequest, .snapshotOffers, .lightBlockRequest, .snapshotPartRequest: 1024
    case .lightBlock: WireLimits.lightBlockBytes + 64
    case .snapshotPart: WireLimits.snapshotPartBytes + 256
    }
  }
}
