import API
import Chain
import Cryptography
import Gossip
import Ledger
import Primitives
import Replication
import Storage

extension NodeService {
  /// How long a proof waits for the block after the state: a network that is idle makes one at least this often.
  private static let patience: Duration = .seconds(30)

  func proof(kind: String, key: String) async throws -> Answer.Proof {
    guard let kind = ProvenEntry.Kind(rawValue: kind) else {
      throw ServingError.invalid("`\(kind)` cannot be proven", fix: "balance, lease or vote")
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
    let evidence = StateEvidence(
      entry: entry,
      value: value,
      proof: proof,
      header: header,
      certificate: certificate,
      validators: validators
    )
    return Answer.Proof(evidence)
  }

  /// The block at `height`, which may be the next one.
  private func committed(_ height: Height) async throws -> (Header, Certificate) {
    let store = parts.store
    let deadline = ContinuousClock.now.advanced(by: Self.patience)
    while ContinuousClock.now < deadline {
      if let header = try store.header(at: height).map({ try Header(decoding: $0) }),
        let certificate = try store.certificate(at: height).map({ try Certificate(decoding: $0) })
      {
        return (header, certificate)
      }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw ServingError.unavailable(
      "no block followed height \(height - 1) for \(Self.patience.components.seconds) s; the network may stand still"
    )
  }

  // MARK: Why not

  func whyNot(order text: String) async throws -> [Answer.Match] {
    let identifier = try await identifier(text)
    let found = await host.read { replica -> [Answer.Match]? in
      guard case .order(let order)? = replica.book[identifier]?.content else { return nil }
      return Self.matches(order, replica)
    }
    guard let found else {
      throw ServingError.notFound("order \(text) is not live: agreed, withdrawn, expired or never seen here")
    }
    return found
  }

  func whyNot(body: [UInt8]) async throws -> [Answer.Match] {
    let order: Order
    do {
      order = try Order(decoding: body)
    } catch {
      throw ServingError.invalid("this is not an order: \(error)", fix: nil)
    }
    return await host.read { Self.matches(order, $0) }
  }

  /// The ledger's rules first; where they are met, what the provider itself says is free.
  private static func matches(_ order: Order, _ replica: borrowing Replica<StoreState>) -> [Answer.Match] {
    let query = LedgerQuery(state: replica.view)
    var list: [Answer.Match] = []
    for group in order.groups {
      for match in query.matches(group.spec, requiresAuditedGPUs: order.requiresAuditedGPUs) {
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
        list.append(
          Answer.Match(
            provider: match.provider.text(),
            hostUri: query.provider(match.provider)?.record.hostURI ?? "",
            group: group.sequence,
            matches: code == nil,
            code: code,
            reason: reason
          )
        )
      }
    }
    return list
  }
}
