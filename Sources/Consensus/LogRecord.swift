import Chain
import Cryptography
public import Primitives
import Wire

/// An input that the machine consumed, in the form in which the consensus log stores it.
///
/// A new machine that is given all records in order reaches the same state (`Tendermint.replay`).
public struct LogRecord: Hashable, Sendable {
  /// The consumed input; never `peerStatus`.
  public let input: Input

  /// Nil for `peerStatus`, which changes no state and is not logged.
  public init?(_ input: Input) {
    if case .peerStatus = input { return nil }
    self.input = input
  }

  init(logged input: Input) { self.input = input }

  /// The greatest length of an encoded record. The longest is a `beginHeight` with the largest validator set
  /// and certificate.
  public static let maximumBytes = 512 * 1_024

  private enum Tag: UInt8 {
    case beginHeight = 1
    case proposal = 2
    case blockValidated = 3
    case vote = 4
    case certificate = 5
    case roundCertificate = 6
    case built = 7
    case timeout = 8
    case signedProposal = 9
    case signedVote = 10
    case workAvailable = 11
  }

  /// The bytes for the log: a tag, then the fields of the input.
  public var encoded: [UInt8] {
    var writer = ByteWriter(capacity: 192)
    func tag(_ tag: Tag) { writer.write(tag.rawValue) }
    func counted(_ kind: Tag, _ bytes: [UInt8]) {
      tag(kind)
      writer.writeCounted(bytes)
    }
    switch input {
    case .beginHeight(let start):
      tag(.beginHeight)
      start.encode(into: &writer)
    case .proposal(let proposal, let time, let receivedAt):
      tag(.proposal)
      writer.writeCounted(proposal.encoded)
      writer.write(time.milliseconds)
      writer.write(receivedAt.milliseconds)
    case .blockValidated(let block, let isValid):
      tag(.blockValidated)
      writer.write(block)
      writer.write(isValid)
    case .vote(let vote): counted(.vote, vote.encoded)
    case .certificate(let certificate): counted(.certificate, certificate.encoded)
    case .roundCertificate(let certificate): counted(.roundCertificate, certificate.encoded)
    case .built(let height, let round, let block, let time):
      tag(.built)
      writer.write(height)
      writer.write(round)
      writer.write(block)
      writer.write(time.milliseconds)
    case .timeout(let timer):
      tag(.timeout)
      writer.write(timer.kind.rawValue)
      writer.write(timer.height)
      writer.write(timer.round)
    case .signed(.proposal(let proposal)): counted(.signedProposal, proposal.encoded)
    case .signed(.vote(let vote)): counted(.signedVote, vote.encoded)
    case .workAvailable, .peerStatus: tag(.workAvailable)
    }
    return writer.bytes
  }

  /// Decodes the bytes of `encoded`. Checks every count before it allocates memory for it.
  ///
  /// - Throws: `DecodingError` when the bytes are too long, incomplete or no such record.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    guard bytes.count <= Self.maximumBytes else { throw .outOfRange(field: "record") }
    var reader = ByteReader(bytes)
    guard let tag = Tag(rawValue: try reader.read()) else { throw .outOfRange(field: "tag") }
    input = try Self.decode(tag, &reader)
    try reader.finish()
  }

  private static func decode(_ tag: Tag, _ reader: inout ByteReader) throws(DecodingError) -> Input {
    func counted(_ limit: Int = WireLimits.evidenceBytes) throws(DecodingError) -> [UInt8] {
      try reader.readCounted(limit: limit)
    }
    let certificateBytes = WireLimits.certificateBytes
    switch tag {
    case .beginHeight: return .beginHeight(try HeightStart(from: &reader))
    case .proposal:
      let proposal = try Proposal(decoding: try counted())
      let time = Timestamp(milliseconds: try reader.read())
      return .proposal(proposal, time: time, receivedAt: Timestamp(milliseconds: try reader.read()))
    case .blockValidated:
      let block = try reader.readDigest()
      return .blockValidated(block, isValid: try reader.readFlag())
    case .vote: return .vote(try Vote(decoding: try counted()))
    case .certificate: return .certificate(try Certificate(decoding: try counted(certificateBytes)))
    case .roundCertificate:
      return .roundCertificate(try RoundCertificate(decoding: try counted(certificateBytes)))
    case .built:
      let height = try reader.read(Height.self)
      let round = try reader.read(Round.self)
      let block = try reader.readDigest()
      let time = Timestamp(milliseconds: try reader.read())
      return .built(height: height, round: round, block: block, time: time)
    case .timeout:
      guard let kind = Timer.Kind(rawValue: try reader.read()) else { throw .outOfRange(field: "timer") }
      let height = try reader.read(Height.self)
      return .timeout(Timer(kind, height: height, round: try reader.read()))
    case .signedProposal: return .signed(.proposal(try Proposal(decoding: try counted())))
    case .signedVote: return .signed(.vote(try Vote(decoding: try counted())))
    case .workAvailable: return .workAvailable
    }
  }
}

extension HeightStart {
  func encode(into writer: inout ByteWriter) {
    writer.write(height)
    validators.encode(into: &writer)
    writer.write(previousTime.milliseconds)
    writer.writeCounted(lastCommit?.encoded ?? [])
    writer.write(UInt32(absent.count))
    for index in absent { writer.write(index) }
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    height = try reader.read()
    validators = try ValidatorSet(from: &reader)
    previousTime = Timestamp(milliseconds: try reader.read())
    let commit = try reader.readCounted(limit: WireLimits.certificateBytes)
    lastCommit = commit.isEmpty ? nil : try Certificate(decoding: commit)
    let count = Int(try reader.read(UInt32.self))
    guard count <= validators.count else { throw .outOfRange(field: "absent") }
    absent = []
    absent.reserveCapacity(count)
    for _ in 0..<count { absent.append(try reader.read()) }
  }
}
