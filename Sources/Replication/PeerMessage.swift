public import Chain
public import Cryptography
public import Primitives
public import Wire

/// What nodes say to each other about the chain. Gossip has messages of its own.
public enum PeerMessage: Sendable {
  case status(PeerStatus)
  /// `TxRaw` bytes.
  case transactions([[UInt8]])
  case proposal(Proposal, block: [UInt8])
  case votes([Vote])
  case certificates([Certificate], rounds: [RoundCertificate])
  case blocksRequest(from: Height, count: UInt32)
  case blocksResponse([CommittedBlock])
  case evidence([Evidence])
}

/// Where a peer stands. Believed only as far as a wrong answer costs nothing: it says whom to ask.
public struct PeerStatus: Hashable, Sendable {
  public var height: Height
  public var round: Round
  public var step: UInt32
  /// The lowest height whose block the peer can serve.
  public var base: Height
  /// Validators whose prevotes and precommits of (height + 1, round) the peer holds; empty when it holds none.
  public var prevotes: [UInt8]
  public var precommits: [UInt8]

  public init(
    height: Height, round: Round, step: UInt32, base: Height, prevotes: [UInt8] = [], precommits: [UInt8] = []
  ) {
    self.height = height
    self.round = round
    self.step = step
    self.base = base
    self.prevotes = prevotes
    self.precommits = precommits
  }
}

/// A block with the certificate that committed it.
public struct CommittedBlock: Sendable {
  public var block: [UInt8]
  public var certificate: [UInt8]

  public init(block: [UInt8], certificate: [UInt8]) {
    self.block = block
    self.certificate = certificate
  }
}

extension PeerMessage {
  public var kind: FrameKind {
    switch self {
    case .status: .status
    case .transactions: .transactions
    case .proposal: .proposal
    case .votes: .votes
    case .certificates: .certificates
    case .blocksRequest: .blocksRequest
    case .blocksResponse: .blocksResponse
    case .evidence: .evidence
    }
  }

  /// The frame's payload.
  public var encoded: [UInt8] {
    switch self {
    case .status(let status): status.encoded
    case .transactions(let transactions):
      Supercloud_Peer_V1_Transactions.with { $0.transactions = transactions.map { .init(wire: $0) } }.encoded
    case .proposal(let proposal, let block):
      Supercloud_Peer_V1_BlockProposal.with {
        $0.proposal = proposal.wire
        $0.block = .init(wire: block)
      }.encoded
    case .votes(let votes):
      Supercloud_Peer_V1_Votes.with { $0.votes = votes.map(\.wire) }.encoded
    case .certificates(let certificates, let rounds):
      Supercloud_Peer_V1_Certificates.with {
        $0.certificates = certificates.map(\.wire)
        $0.rounds = rounds.map(\.wire)
      }.encoded
    case .blocksRequest(let from, let count):
      Supercloud_Peer_V1_BlocksRequest.with {
        $0.from = from
        $0.count = count
      }.encoded
    case .blocksResponse(let blocks):
      Supercloud_Peer_V1_BlocksResponse.with {
        $0.blocks = blocks.map { committed in
          .with {
            $0.block = .init(wire: committed.block)
            $0.certificate = .init(wire: committed.certificate)
          }
        }
      }.encoded
    case .evidence(let evidence):
      Supercloud_Peer_V1_EvidenceBatch.with { $0.evidence = evidence.map { .init(wire: $0.encoded) } }.encoded
    }
  }

  /// Decodes a frame; its size was checked against `kind.limit` when it was announced.
  ///
  /// - Throws: `DecodingError` when the bytes are not that message.
  public init(kind: FrameKind, bytes: [UInt8]) throws(DecodingError) {
    let limit = kind.limit
    switch kind {
    case .status: self = .status(try PeerStatus(decoding: bytes))
    case .transactions:
      let wire = try Supercloud_Peer_V1_Transactions(decoding: bytes, limit: limit)
      self = .transactions(wire.transactions.map(\.array))
    case .proposal:
      let wire = try Supercloud_Peer_V1_BlockProposal(decoding: bytes, limit: limit)
      self = .proposal(try Proposal(wire.proposal), block: wire.block.array)
    case .votes:
      let wire = try Supercloud_Peer_V1_Votes(decoding: bytes, limit: limit)
      self = .votes(try decodeEach(wire.votes) { wire throws(DecodingError) in try Vote(wire) })
    case .certificates:
      let wire = try Supercloud_Peer_V1_Certificates(decoding: bytes, limit: limit)
      self = .certificates(
        try decodeEach(wire.certificates) { wire throws(DecodingError) in try Certificate(wire) },
        rounds: try decodeEach(wire.rounds) { wire throws(DecodingError) in try RoundCertificate(wire) })
    case .blocksRequest:
      let wire = try Supercloud_Peer_V1_BlocksRequest(decoding: bytes, limit: limit)
      self = .blocksRequest(from: wire.from, count: wire.count)
    case .blocksResponse:
      let wire = try Supercloud_Peer_V1_BlocksResponse(decoding: bytes, limit: limit)
      self = .blocksResponse(
        wire.blocks.map { CommittedBlock(block: $0.block.array, certificate: $0.certificate.array) })
    case .evidence:
      let wire = try Supercloud_Peer_V1_EvidenceBatch(decoding: bytes, limit: limit)
      self = .evidence(
        try decodeEach(wire.evidence) { data throws(DecodingError) in try Evidence(decoding: data.array) })
    case .packet, .objects, .ranges, .recordsRequest, .records:
      throw .invalid(field: "kind")
    }
  }
}

private func decodeEach<Element, Value>(
  _ elements: [Element], _ decode: (Element) throws(DecodingError) -> Value
) throws(DecodingError) -> [Value] {
  var values: [Value] = []
  values.reserveCapacity(elements.count)
  for element in elements { values.append(try decode(element)) }
  return values
}

extension PeerStatus {
  var encoded: [UInt8] {
    Supercloud_Peer_V1_Status.with {
      $0.height = height
      $0.round = round
      $0.step = step
      $0.base = base
      $0.prevotes = .init(wire: prevotes)
      $0.precommits = .init(wire: precommits)
    }.encoded
  }

  init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Supercloud_Peer_V1_Status(decoding: bytes, limit: FrameKind.status.limit)
    guard wire.prevotes.count <= 128, wire.precommits.count <= 128 else { throw .outOfRange(field: "votes") }
    self.init(
      height: wire.height, round: wire.round, step: wire.step, base: wire.base, prevotes: wire.prevotes.array,
      precommits: wire.precommits.array)
  }
}
