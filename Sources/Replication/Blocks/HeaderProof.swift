public import Chain
public import Cryptography
import Primitives

/// The block that a node trusts without proof and from which it verifies later headers.
public enum TrustAnchor: Hashable, Sendable {
  /// The node's own tip, or genesis. It can be trusted as long as the stake of its validators is bonded.
  case tip(Tip)
  /// The height and hash of a header that the operator has configured.
  case header(Height, Digest)
}

/// Verifies the headers of given heights in ascending order, starting from a trust anchor. The blocks may
/// come from any peers.
///
/// `next` is the height of the block that the light client's bisection needs now. Every block is stored with
/// its sender, so that an invalid block is blamed on the peer that sent it, even if other blocks were fetched
/// in between.
public struct HeaderProof<Source: Hashable & Sendable>: Sendable {
  /// The result of handling a block.
  public enum Outcome: Hashable, Sendable {
    /// The block was verified, stored until a block in between arrives, or ignored because it was not needed.
    case progress
    /// This source sent a block that is not of the chain.
    case wrong(Source)
    /// The anchor is too old to be trusted, so no block can be verified.
    case failed(LightError)
  }

  private let chain: ChainID
  private let settings: LightClient.Settings
  private let checks: Checks
  private let anchor: TrustAnchor
  private var client: LightClient?
  /// The heights still to be verified; the next one is last.
  private var stack: [Height]
  private let targets: Set<Height>
  /// Blocks that cannot be verified before a block in between, with their sources.
  private var waiting: [Height: (block: LightBlock, from: Source)] = [:]
  /// The verified blocks of the target heights.
  public private(set) var proven: [Height: LightBlock] = [:]
  /// The heights of all headers that were verified, in order.
  public private(set) var steps: [Height] = []

  /// `targets` are the heights to verify. They must not be below the anchor.
  public init(
    chain: ChainID,
    anchor: TrustAnchor,
    targets: [Height],
    settings: LightClient.Settings,
    checks: Checks = .ed25519
  ) {
    self.chain = chain
    self.settings = settings
    self.checks = checks
    self.anchor = anchor
    self.targets = Set(targets)
    stack = self.targets.sorted(by: >)
    switch anchor {
    case .tip(let tip):
      client = LightClient(
        chain: chain,
        trusted: .init(height: tip.height, time: tip.time, block: tip.block, nextValidators: tip.validators),
        settings: settings,
        checks: checks
      )
    case .header(let height, _): if stack.last != height { stack.append(height) }
    }
  }

  /// The height whose block is needed now; nil when all targets are verified.
  public var next: Height? { stack.last }

  /// Handles a block that `source` sent. `now` is the wall clock, by which the light client decides whether
  /// the anchor is too old.
  public mutating func add(_ block: LightBlock, from source: Source, at now: Timestamp) -> Outcome {
    guard block.height == stack.last else { return .progress }
    waiting[block.height] = (block, source)
    while let height = stack.last, let (block, source) = waiting[height] {
      switch offer(block, from: source, at: now) {
      case .progress: continue
      case let outcome:
        waiting[height] = nil
        return outcome
      }
    }
    return .progress
  }

  private mutating func offer(_ block: LightBlock, from source: Source, at now: Timestamp) -> Outcome {
    guard client != nil else {
      guard begin(with: block) else { return .wrong(source) }
      markVerified(block)
      return .progress
    }
    do throws(LightError) {
      switch try client?.offer(block, at: now) {
      case .needs(let height): stack.append(height)
      case .trusted, nil: markVerified(block)
      }
      return .progress
    } catch { return error == .trustExpired ? .failed(error) : .wrong(source) }
  }

  /// Starts the light client with the block of the configured header; false when the block is not the one
  /// with that height and hash, or its certificate is not valid.
  private mutating func begin(with block: LightBlock) -> Bool {
    guard case .header(let height, let hash) = anchor, block.height == height, block.identifier == hash,
      block.header.chain == chain
    else { return false }
    do {
      try block.checkParts()
      try block.validators.verify(block.certificate, chain: chain, using: checks)
    } catch { return false }
    client = LightClient(chain: chain, trusted: .init(block), settings: settings, checks: checks)
    return true
  }

  private mutating func markVerified(_ block: LightBlock) {
    if targets.contains(block.height) { proven[block.height] = block }
    steps.append(block.height)
    waiting[block.height] = nil
    stack.removeLast()
  }
}
