/// The kinds of frames that peers send over an authenticated session, and the largest size of each.
///
/// The announced length is checked against the limit before anything is allocated or decoded.
public enum FrameKind: UInt8, CaseIterable, Sendable {
  case status = 1
  case transactions = 2
  case proposal = 3
  case votes = 4
  case certificates = 5
  case blocksRequest = 6
  case blocksResponse = 7
  case evidence = 8
  /// Asks for a proposed block by its identifier.
  case candidateRequest = 9
  case candidate = 10
  /// A proposal with a block that has the hashes of its transactions instead of the transactions.
  case compactProposal = 11
  /// Asks for transactions of a proposed block by their indices in it.
  case missingRequest = 12
  case missingTransactions = 13
  /// Announces transactions that the sender has, by short identifiers (`TransactionName`).
  case transactionNames = 14
  /// Asks for transactions by the same short identifiers.
  case transactionRequest = 15
  /// A gossip message that fits a datagram; it is sent as one, or over a stream.
  case packet = 16
  /// Objects too large for a datagram.
  case objects = 17
  /// Reconciliation: digests of ranges of identifiers, by which two peers find the objects that one lacks.
  case ranges = 18
  /// Asks for node records, the signed addresses of nodes.
  case recordsRequest = 19
  /// Node records: the sender's own, or the answer to `recordsRequest`.
  case records = 20
  /// Tests whether this connection, or the receiver's connection to another node, works.
  case probe = 21
  /// The questions of a joining node and their answers; see `supercloud/snapshot.proto`.
  case snapshotOffersRequest = 24
  case snapshotOffers = 25
  case lightBlockRequest = 26
  case lightBlock = 27
  case snapshotPartRequest = 28
  case snapshotPart = 29

  /// The name in answers and metrics.
  public var name: String {
    switch self {
    case .status: "status"
    case .transactions: "transactions"
    case .proposal: "proposal"
    case .votes: "votes"
    case .certificates: "certificates"
    case .blocksRequest: "blocks_request"
    case .blocksResponse: "blocks_response"
    case .evidence: "evidence"
    case .candidateRequest: "candidate_request"
    case .candidate: "candidate"
    case .compactProposal: "compact_proposal"
    case .missingRequest: "missing_request"
    case .missingTransactions: "missing_transactions"
    case .transactionNames: "transaction_names"
    case .transactionRequest: "transaction_request"
    case .packet: "packet"
    case .objects: "objects"
    case .ranges: "ranges"
    case .recordsRequest: "records_request"
    case .records: "records"
    case .probe: "probe"
    case .snapshotOffersRequest: "snapshot_offers_request"
    case .snapshotOffers: "snapshot_offers"
    case .lightBlockRequest: "light_block_request"
    case .lightBlock: "light_block"
    case .snapshotPartRequest: "snapshot_part_request"
    case .snapshotPart: "snapshot_part"
    }
  }

  /// The largest size in bytes.
  public var limit: Int {
    switch self {
    case .probe: 128
    case .status, .blocksRequest, .candidateRequest, .recordsRequest, .transactionNames, .transactionRequest:
      4 * 1024
    case .transactions: 1024 * 1024
    case .proposal, .candidate, .missingTransactions: WireLimits.blockBytes + 64 * 1024
    // 32 bytes for each of the at most 32,768 transactions of a block, and the other parts of a block.
    case .compactProposal:
      32 * 32_768 + WireLimits.certificateBytes + 64 * WireLimits.evidenceBytes + 4 * 1024
    case .missingRequest: 3 * 32_768 + 1024
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
