public import Chain
public import Cryptography
import Primitives

/// From where a node that knows nothing of a chain's present believes it.
public enum TrustAnchor: Hashable, Sendable {
  /// What the node itself has, or genesis: good while the stake of those validators is bonded.
  case tip(Tip)
  /// A header that the operator vouches for.
  case header(Height, Digest)
}

/// Verifies headers of wanted heights, in ascending order, from an anchor, with blocks that anybody may send.
///
/// Each block asked for is the next step of the light client's bisection. A block that does not hold accuses whoever
/// sent it and nobody else: one that was kept while blocks between were fetched keeps its sender's name.
public struct HeaderProof<Source: Hashable & Sendable>: Sendable {
  public enum Outcome: Hashable, Sendable {
    /// It helped, or nobody asked for it.
    case progress
    /// These sent what is not the chain's.
    case wrong(Source)
    /// No block can help any more.
    case failed(LightError)
  }

  private let chain: ChainID
  private let settings: LightClient.Settings
  private let check: SignatureCheck
  private let anchor: TrustAnchor
  private var client: LightClient?
  /// Heights to be believed, the next one last.
  private var stack: [Height]
  private let targets: Set<Height>
  /// Blocks that wait for one between.
  private var held: [Height: (block: LightBlock, from: Source)] = [:]
  /// The wanted blocks that are believed.
  public private(set) var proven: [Height: LightBlock] = [:]
  /// Every header that was verified on the way, in order.
  public private(set) var steps: [Height] = []

  /// `targets`: not below the anchor.
  public init(
    chain: ChainID,
    anchor: TrustAnchor,
    targets: [Height],
    settings: LightClient.Settings,
    check: @escaping SignatureCheck = ValidatorSet.ed25519
  ) {
    self.chain = chain
    self.settings = settings
    self.check = check
    self.anchor = anchor
    self.targets = Set(targets)
    stack = self.targets.sorted(by: >)
    switch anchor {
    case .tip(let tip):
      client = LightClient(
        chain: chain,
        trusted: .init(height: tip.height, time: tip.time, block: tip.block, nextValidators: tip.validators),
        settings: settings,
        check: check
      )
    case .header(let height, _):
      if stack.last != height { stack.append(height) }
    }
  }

  /// The height whose block is needed now; nil when all are believed.
  public var next: Height? { stack.last }

  public mutating func arrived(_ block: LightBlock, from source: Source, at now: Timestamp) -> Outcome {
    guard block.height == stack.last else { return .progress }
    held[block.height] = (block, source)
    while let height = stack.last, let (block, source) = held[height] {
      switch offer(block, from: source, at: now) {
      case .progress: continue
      case let outcome:
        held[height] = nil
        return outcome
      }
    }
    return .progress
  }

  private mutating func offer(_ block: LightBlock, from source: Source, at now: Timestamp) -> Outcome {
    guard client != nil else {
      guard begin(with: block) else { return .wrong(source) }
      believed(block)
      return .progress
    }
    do throws(LightError) {
      switch try client?.offer(block, at: now) {
      case .needs(let height): stack.append(height)
      case .trusted, nil: believed(block)
      }
      return .progress
    } catch {
      return error == .trustExpired ? .failed(error) : .wrong(source)
    }
  }

  /// Takes the anchor's block, of which only the hash is known.
  private mutating func begin(with block: LightBlock) -> Bool {
    guard case .header(let height, let hash) = anchor, block.height == height, block.identifier == hash,
      block.header.chain == chain
    else { return false }
    do {
      try block.checkParts()
      try block.validators.verify(block.certificate, chain: chain, using: check)
    } catch {
      return false
    }
    client = LightClient(
      chain: chain,
      trusted: .init(block),
      settings: settings,
      check: check
    )
    return true
  }

  private mutating func believed(_ block: LightBlock) {
    if targets.contains(block.height) { proven[block.height] = block }
    steps.append(block.height)
    held[block.height] = nil
    stack.removeLast()
  }
}
