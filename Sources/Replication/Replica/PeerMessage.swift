public import Chain
public import Cryptography
public import Primitives
public import Wire

/// A message between nodes about the chain. Gossip messages have their own type.
///
/// Large contents are stored by reference, since messages are copied from queue to queue.
public enum PeerMessage: Sendable {
  /// The progress of the sender.
  case status(PeerStatus)
  /// Whole transactions, each the bytes of a `TxRaw`.
  case transactions([[UInt8]])
  /// The sender has these transactions and sends them on request.
  case transactionNames([TransactionName])
  /// Asks for the transactions with these names.
  case transactionRequest([TransactionName])
  /// A proposal with the bytes of its block.
  indirect case proposal(Proposal, block: [UInt8])
  case votes([Vote])
  case certificates([Certificate], rounds: [RoundCertificate])
  /// Asks for at most `count` committed blocks from the height `from` on.
  case blocksRequest(from: Height, count: UInt32)
  case blocksResponse([CommittedBlock])
  case evidence([Evidence])
  /// Asks for the proposed block with this identifier and height.
  case candidateRequest(Digest, Height)
  /// The bytes of a proposed block.
  case candidate([UInt8])
  /// A proposal with its block as hashes of transactions.
  indirect case compactProposal(Proposal, CompactBlock)
  /// Asks for the transactions at `places` of a proposed block. The places must be in ascending order.
  case missingRequest(block: Digest, places: [UInt32])
  /// The answer to `missingRequest`: the bytes of the transactions in the order of the request.
  case missingTransactions(block: Digest, [[UInt8]])
}

/// The encoded bytes of a block and of the certificate that committed it.
public struct CommittedBlock: Sendable {
  public var block: [UInt8]
  public var certificate: [UInt8]

  public init(block: [UInt8], certificate: [UInt8]) {
    self.block = block
    self.certificate = certificate
  }

  /// The answer to a request for `count` blocks from the height `from` on. It ends before the first height
  /// for which `read` returns nil, and before a block that would make it longer than 3,000,000 bytes; the
  /// first block is included whatever its length.
  public static func answer(from: Height, count: UInt32, read: (Height) -> CommittedBlock?)
    -> [CommittedBlock]
  {
    var blocks: [CommittedBlock] = []
    var size = 0
    for height in from..<from + Height(count) {
      guard let block = read(height) else { break }
      size += block.block.count + block.certificate.count + 16
      if !blocks.isEmpty, size > 3_000_000 { break }
      blocks.append(block)
    }
    return blocks
  }
}

extension PeerMessage {
  /// The kind of frame in which the message is sent.
  public var kind: FrameKind {
    switch self {
    case .status: .status
    case .transactions: .transactions
    case .transactionNames: .transactionNames
    case .transactionRequest: .transactionRequest
    case .proposal: .proposal
    case .votes: .votes
    case .certificates: .certificates
    case .blocksRequest: .blocksRequest
    case .blocksResponse: .blocksResponse
    case .evidence: .evidence
    case .candidateRequest: .candidateRequest
    case .candidate: .candidate
    case .compactProposal: .compactProposal
    case .missingRequest: .missingRequest
    case .missingTransactions: .missingTransactions
    }
  }

  /// The payload of the frame.
  public var encoded: [UInt8] {
    switch self {
    case .status(let status): status.encoded
    case .transactions(let transactions):
      Supercloud_Peer_V1_Transactions.filled { $0.transactions = transactions.map { .init(wire: $0) } }
        .encoded
    case .transactionNames(let names), .transactionRequest(let names):
      Supercloud_Peer_V1_TransactionNames.filled { $0.names = .init(wire: TransactionName.encode(names)) }
        .encoded
    case .proposal(let proposal, let block):
      Supercloud_Peer_V1_BlockProposal.filled {
        $0.proposal = proposal.wire
        $0.block = .init(wire: block)
      }.encoded
    case .votes(let votes): Supercloud_Peer_V1_Votes.filled { $0.votes = votes.map(\.wire) }.encoded
    case .certificates(let certificates, let rounds):
      Supercloud_Peer_V1_Certificates.filled {
        $0.certificates = certificates.map(\.wire)
        $0.rounds = rounds.map(\.wire)
      }.encoded
    case .blocksRequest(let from, let count):
      Supercloud_Peer_V1_BlocksRequest.filled {
        $0.from = from
        $0.count = count
      }.encoded
    case .blocksResponse(let blocks):
      Supercloud_Peer_V1_BlocksResponse.filled {
        $0.blocks = blocks.map { committed in
          .filled {
            $0.block = .init(wire: committed.block)
            $0.certificate = .init(wire: committed.certificate)
          }
        }
      }.encoded
    case .evidence(let evidence):
      Supercloud_Peer_V1_EvidenceBatch.filled { $0.evidence = evidence.map { .init(wire: $0.encoded) } }
        .encoded
    case .candidateRequest(let block, let height):
      Supercloud_Peer_V1_CandidateRequest.filled {
        $0.block = .init(wire: block.bytes)
        $0.height = height
      }.encoded
    case .candidate(let block): Supercloud_Peer_V1_Candidate.filled { $0.block = .init(wire: block) }.encoded
    case .compactProposal(let proposal, let block):
      Supercloud_Peer_V1_CompactProposal.filled {
        $0.proposal = proposal.wire
        $0.block = block.wire
      }.encoded
    case .missingRequest(let block, let places):
      Supercloud_Peer_V1_MissingRequest.filled {
        $0.block = .init(wire: block.bytes)
        $0.places = places
      }.encoded
    case .missingTransactions(let block, let transactions):
      Supercloud_Peer_V1_MissingTransactions.filled {
        $0.block = .init(wire: block.bytes)
        $0.transactions = transactions.map { .init(wire: $0) }
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
    case .status: self = .status(try PeerStatus(decoding: bytes))
    case .transactions:
      let wire = try Supercloud_Peer_V1_Transactions(decoding: bytes, limit: limit)
      self = .transactions(wire.transactions.map(\.array))
    case .transactionNames: self = .transactionNames(try Self.names(bytes, limit: limit))
    case .transactionRequest: self = .transactionRequest(try Self.names(bytes, limit: limit))
    case .proposal:
      let wire = try Supercloud_Peer_V1_BlockProposal(decoding: bytes, limit: limit)
      self = .proposal(try Proposal(wire.proposal), block: wire.block.array)
    case .votes:
      let wire = try Supercloud_Peer_V1_Votes(decoding: bytes, limit: limit)
      self = .votes(try wire.votes.map { wire throws(DecodingError) in try Vote(wire) })
    case .certificates:
      let wire = try Supercloud_Peer_V1_Certificates(decoding: bytes, limit: limit)
      self = .certificates(
        try wire.certificates.map { wire throws(DecodingError) in try Certificate(wire) },
        rounds: try wire.rounds.map { wire throws(DecodingError) in try RoundCertificate(wire) }
      )
    case .blocksRequest:
      let wire = try Supercloud_Peer_V1_BlocksRequest(decoding: bytes, limit: limit)
      self = .blocksRequest(from: wire.from, count: wire.count)
    case .blocksResponse:
      let wire = try Supercloud_Peer_V1_BlocksResponse(decoding: bytes, limit: limit)
      self = .blocksResponse(
        wire.blocks.map { CommittedBlock(block: $0.block.array, certificate: $0.certificate.array) }
      )
    case .evidence:
      let wire = try Supercloud_Peer_V1_EvidenceBatch(decoding: bytes, limit: limit)
      self = .evidence(
        try wire.evidence.map { data throws(DecodingError) in try Evidence(decoding: data.array) }
      )
    case .candidateRequest:
      let wire = try Supercloud_Peer_V1_CandidateRequest(decoding: bytes, limit: limit)
      guard let block = Digest(wire.block.array) else { throw .invalid(field: "block") }
      self = .candidateRequest(block, wire.height)
    case .candidate:
      self = .candidate(try Supercloud_Peer_V1_Candidate(decoding: bytes, limit: limit).block.array)
    case .compactProposal:
      let wire = try Supercloud_Peer_V1_CompactProposal(decoding: bytes, limit: limit)
      self = .compactProposal(try Proposal(wire.proposal), try CompactBlock(wire.block))
    case .missingRequest:
      let wire = try Supercloud_Peer_V1_MissingRequest(decoding: bytes, limit: limit)
      guard let block = Digest(wire.block.array) else { throw .invalid(field: "block") }
      self = .missingRequest(block: block, places: wire.places)
    case .missingTransactions:
      let wire = try Supercloud_Peer_V1_MissingTransactions(decoding: bytes, limit: limit)
      guard let block = Digest(wire.block.array) else { throw .invalid(field: "block") }
      self = .missingTransactions(block: block, wire.transactions.map(\.array))
    default: throw .invalid(field: "kind")
    }
  }

  private static func names(_ bytes: [UInt8], limit: Int) throws(DecodingError) -> [TransactionName] {
    try TransactionName.decode(Supercloud_Peer_V1_TransactionNames(decoding: bytes, limit: limit).names.array)
  }
}
