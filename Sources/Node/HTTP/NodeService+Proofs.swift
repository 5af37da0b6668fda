import API
import Chain
import Cryptography
import Gossip
import Ledger
import Primitives
import Replication
import Storage

extension NodeService {
  /// How long a request waits for the block after the state's, because that block's header contains the state
  /// root. An idle network makes a block at least this often.
  private static let nextBlockTimeout: Duration = .seconds(30)

  func proof(kind: String, key: String) async throws -> Answer.Proof {
    guard let kind = ProvenEntry.Kind(rawValue: kind) else {
      let problem = "`\(kind)` is not a kind of entry that can be proven"
      throw ServingError.invalid(problem, fix: "balance, lease or vote")
    }
    guard let entry = ProvenEntry(kind, key) else {
      throw ServingError.invalid("`\(key)` is not the key of a \(kind.rawValue)", fix: kind.form)
    }
    let (value, proof, validators, height) = await host.read { replica in
      (
        replica.view.value(for: entry.key), replica.proof(of: entry.key), replica.tip.validators,
        replica.tip.height
      )
    }
    guard let proof else { throw ServingError.unavailable("the state tree cannot be read") }
    let (header, certificate) = try await committed(height + 1)
    let evidence = CertifiedProof(
      entry: entry,
      value: value,
      proof: proof,
      header: header,
      certificate: certificate,
      validators: validators
    )
    return Answer.Proof(evidence)
  }

  /// The header and certificate of block `height`. If it is the next block, waits for it.
  private func committed(_ height: Height) async throws -> (Header, Certificate) {
    let store = parts.store
    let deadline = ContinuousClock.now.advanced(by: Self.nextBlockTimeout)
    while ContinuousClock.now < deadline {
      if let header = try store.header(at: height).map({ try Header(decoding: $0) }),
        let certificate = try store.certificate(at: height).map({ try Certificate(decoding: $0) })
      {
        return (header, certificate)
      }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw ServingError.unavailable(
      "no block followed height \(height - 1) for \(Self.nextBlockTimeout.components.seconds) s; the network may have halted"
    )
  }

  // MARK: Why not

  func whyNot(order text: String, _ page: PageQuery) async throws -> Answer.Page<Answer.MatchResult> {
    let identifier = try await identifier(text)
    let order = await host.read { replica -> Order? in replica.book.order(identifier) }
    guard let order else {
      throw ServingError.notFound("order \(text) is not live: agreed, withdrawn, expired or never seen here")
    }
    return try await matchPage(order, page)
  }

  func whyNot(body: [UInt8], _ page: PageQuery) async throws -> Answer.Page<Answer.MatchResult> {
    let order: Order
    do {
      order = try Order(decoding: body)
    } catch {
      throw ServingError.invalid("this is not an order: \(error)", fix: nil)
    }
    return try await matchPage(order, page)
  }

  /// A page of providers and whether they match the order. The page size counts providers; each has an entry
  /// per group of the order.
  private func matchPage(_ order: Order, _ page: PageQuery) async throws -> Answer.Page<Answer.MatchResult> {
    try await self.page(page) { (request, replica) throws(PageFault) in
      try Self.matchPage(order, request, replica)
    }
  }

  /// Checks the ledger's rules first. If a provider meets them, checks the free capacity that it has offered.
  private static func matchPage(
    _ order: Order,
    _ request: PageRequest,
    _ replica: borrowing Replica<StoreState>
  ) throws(PageFault) -> Page<Answer.MatchResult> {
    let query = LedgerQuery(state: replica.view)
    var list = Page<Answer.MatchResult>(items: [], next: nil)
    for group in order.groups {
      let found = try query.matches(group.spec, requiresAuditedGPUs: order.requiresAuditedGPUs, request)
      list.next = found.next
      for match in found.items {
        var code = match.reason?.code
        var reason = match.reason?.description
        if match.reason == nil {
          if let offer = replica.book.offer(of: match.provider) {
            reason = FreeCapacity.shortage(of: group.spec, in: offer)?.description
            if reason != nil { code = "capacity" }
          } else {
            code = "no_offer"
            reason = "it matches, but no live offer of it is known here: its node is offline"
          }
        }
        list.items.append(
          Answer.MatchResult(
            match.provider,
            hostUri: query.provider(match.provider)?.record.hostURI ?? "",
            group: group.sequence,
            code: code,
            reason: reason
          )
        )
      }
    }
    return list
  }

  func lightBlock(_ height: Height?) async throws -> Answer.LightBlock {
    let last = parts.store.lastHeight ?? 0
    let height = height ?? last
    guard let block = try LightBlocks.block(at: height, in: parts.store) else {
      guard (parts.store.lowestBlock...max(last, parts.store.lowestBlock)).contains(height) else {
        throw missing(block: height)
      }
      throw ServingError.notFound("the validators of height \(height) are not known here")
    }
    return Answer.LightBlock(block)
  }
}
