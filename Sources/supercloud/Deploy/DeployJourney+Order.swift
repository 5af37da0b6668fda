import API
import Chain
import Cryptography
import Foundation
import Node
import Primitives

// The order, its bids, the choice among them, and the agreement. Nothing is paid before the agreement.

extension DeployJourney {
  /// How long an order lives, in milliseconds.
  private static let lifetime: UInt64 = 300_000

  func signedOrder() async throws -> SignedObject {
    let status: Answer.Status = try await wallet.client.get("/v1/status")
    let now = Timestamp(iso8601: status.time) ?? .now
    let order = Order(
      deployment: plan.deployment,
      groups: plan.groups,
      manifestHash: plan.manifestHash,
      deposit: payment.deposit,
      expiresAt: max(now, .now).advanced(byMilliseconds: Self.lifetime),
      isExisting: payment.isExisting,
      depositor: payment.depositor
    )
    return SignedObject(kind: .order, body: order.encoded, signer: wallet.key, chain: wallet.chain)
  }

  func post(_ order: SignedObject) async throws {
    do {
      let _: Answer.Submitted = try await wallet.client.post("/v1/objects", body: order.encoded)
    } catch ClientError.refused(let status, let answer) where status < 500 {
      throw OrderRefused(
        failure: Failure(
          "the node did not accept the order of \(Money.short(wallet.address.text()))",
          why: answer.message,
          fix: answer.fix
            ?? "`supercloud account show \(wallet.address)` tells what the account has; nothing was paid"
        )
      )
    }
    let deposit = Money.text(payment.deposit.amount, payment.deposit.denomination)
    let with = payment.isExisting ? "" : ", deposit \(deposit)"
    say("order \(order.identifier.description.prefix(16)) gossiped\(with)")
  }

  /// The node has refused the order, so no book has it.
  private struct OrderRefused: Error {
    var failure: Failure
  }

  /// Takes the order back after `error`. Returns the error, with what became of the order.
  func takeBack(_ order: SignedObject, after error: any Error, paid: String = "nothing") async -> Failure {
    if let refused = error as? OrderRefused { return refused.failure }
    var failure = Self.failure(error)
    let identifier = order.identifier.description
    do {
      let wallet = wallet
      let expiry = try Order(decoding: order.body).expiresAt
      try await Interruption.shielding {
        try await wallet.withdraw(order.identifier, expiresAt: expiry, within: .seconds(5))
      }
      say("order \(identifier.prefix(16)) taken back")
      failure.fix = (failure.fix.map { $0 + "; " } ?? "") + "the order is taken back and \(paid) was paid"
    } catch {
      failure.fix =
        (failure.fix.map { $0 + "; " } ?? "")
        + "\(paid) was paid, but the order could not be taken back (\(Self.failure(error).what)): `supercloud order cancel \(identifier)` tries again, "
        + "and the order ends by itself after five minutes"
    }
    return failure
  }

  /// Waits until every group has a bid, and then for `terms.wait` for cheaper ones; prints each bid.
  ///
  /// Returns the bids, and the milliseconds from signing the order to the first one.
  func gatherBids(_ order: SignedObject, signedAt: Date) async throws -> ([Answer.Bid], Double) {
    let gathering = BidGathering(
      client: wallet.client,
      order: order.identifier,
      chain: wallet.chain,
      timeout: terms.patience,
      wait: terms.wait,
      isComplete: { missing($0).isEmpty }
    )
    let found = try await gathering.run(
      arrived: show,
      dropped: { say("not counted: \($0)") },
      interrupted: { say("\($0); following again") }
    )
    guard found.isComplete else {
      let seconds = (terms.patience / .seconds(1)).formatted()
      throw Failure(
        "no bid for \(missing(found.bids).joined(separator: ", ")) within \(seconds) s",
        why: found.interruption
          ?? "no provider has what is asked for at this price; `supercloud market gpus` shows what there is",
        fix: "raise the price in the file, or ask for another GPU"
      )
    }
    return (found.bids, found.firstBidAt.map { milliseconds(since: signedAt, until: $0) } ?? 0)
  }

  /// The names of the groups without a bid.
  private func missing(_ bids: [Answer.Bid]) -> [String] {
    let covered = Set(bids.flatMap { $0.groups.map(\.sequence) })
    return plan.groups.filter { !covered.contains($0.sequence) }.map(\.spec.name)
  }

  private func show(_ bid: Answer.Bid) {
    for group in bid.groups {
      let gpus = group.gpus.isEmpty ? "no GPU" : group.gpus.joined(separator: ", ")
      say(
        "bid  \(Money.short(bid.provider))  \(gpus)  \(group.price) \(group.denomination) per tick = "
          + "\(ticks.hourly(group.price, group.denomination)) per hour = \(ticks.monthly(group.price, group.denomination)) per month"
      )
    }
  }

  /// The cheapest bid of each group, or the one that the person at the terminal chooses.
  func choose(_ bids: [Answer.Bid]) async throws -> [Choice] {
    var choices: [Choice] = []
    for group in plan.groups {
      let offers = bids.compactMap { bid in
        bid.groups.first { $0.sequence == group.sequence }.map { Choice(group: group, bid: bid, offer: $0) }
      }.sorted { $0.price < $1.price }
      guard let cheapest = offers.first else { throw Failure("no bid for \(group.spec.name)") }
      if case .asked = terms.approval, offers.count > 1 {
        choices.append(try await ask(group, offers))
      } else {
        choices.append(cheapest)
      }
    }
    return choices
  }

  private func ask(_ group: Order.Group, _ offers: [Choice]) async throws -> Choice {
    var lines = ["bids for \(group.spec.name):"]
    for (index, choice) in offers.enumerated() {
      lines.append(
        "  \(index + 1)  \(choice.bid.provider)  \(choice.offer.gpus.joined(separator: ", "))  "
          + ticks.hourly(choice.offer.price, choice.offer.denomination) + " per hour"
      )
    }
    let text = try await Console.ask(lines.joined(separator: "\n") + "\nwhich one? [1]")
    guard let number = text.flatMap({ $0.isEmpty ? 1 : Int($0) }), offers.indices.contains(number - 1) else {
      throw Failure.usage(
        text.map { "`\($0)` is none of 1 to \(offers.count)" } ?? "no bid is chosen: the input has ended"
      )
    }
    return offers[number - 1]
  }

  /// Makes sure that the tenant agrees to what the choices cost.
  ///
  /// - Throws: `Failure` when the tenant does not.
  func approve(_ choices: [Choice]) async throws {
    switch terms.approval {
    case .given: return
    case .upTo(let limit):
      guard ticks.hourlyCost(of: total(choices), isAtMost: limit) else {
        throw Failure(
          "the cheapest bids cost \(hourly(choices)) per hour",
          why: "--max-price allows \(Money.text(limit, plan.denomination)) per hour",
          fix: "raise --max-price, or ask for less in the file"
        )
      }
    case .asked:
      let monthly = ticks.monthly(total(choices).description, plan.denomination.name)
      let count = "\(choices.count) lease\(choices.count == 1 ? "" : "s")"
      let price = "\(hourly(choices)) per hour = \(monthly) per month"
      let answer = try await Console.ask("agree to \(count) for \(price)? [y/N]")
      guard ["y", "yes"].contains(answer?.lowercased()) else { throw Failure("not agreed: no bid was taken") }
    }
  }

  /// Sends the agreement; returns the height of its block. `command` is the one that closes what was leased.
  ///
  /// With `closesOnFailure` the end of one that is late is awaited too, because it can open leases until the order
  /// expires, and nobody would close them.
  ///
  /// - Throws: `Failure`; its `openTransaction` names an agreement that may still get into a block.
  func agree(to chosen: [Choice], of order: SignedObject, closing command: String) async throws -> UInt64 {
    let (wallet, agreement, denomination) = (wallet, try agreement(order, chosen), plan.denomination)
    let expiry = try Order(decoding: order.body).expiresAt
    // A transaction that is on its way cannot be called back; so its end is awaited also after Ctrl-C.
    return try await Interruption.shielding {
      do {
        return try await wallet.send([agreement], preferring: denomination).height
      } catch let failure as Failure {
        guard terms.closesOnFailure, let hash = failure.openTransaction else { throw failure }
        Console.note(
          "\(failure.what); it is awaited until the order expires, at most five minutes. "
            + "If this command is ended before, `\(command)` closes what it leases"
        )
        return try await lateAgreement(hash, until: expiry, after: failure)
      }
    }
  }

  /// Asks for a late agreement until a block has it, or no block can take it any more because of the order's expiry.
  ///
  /// - Throws: `failure` when neither is known a minute after the order has expired; else a `Failure` without an
  ///   open transaction.
  private func lateAgreement(_ hash: String, until expiry: Timestamp, after failure: Failure) async throws
    -> UInt64
  {
    while Timestamp.now < expiry.advanced(byMilliseconds: 60_000) {
      // The chain's time is asked for first: what no block has then, the order's expiry keeps out of all later ones.
      let status: Answer.Status? = try? await wallet.client.get("/v1/status")
      let time = status.flatMap { Timestamp(iso8601: $0.time) } ?? .zero
      var isKnown = true
      do {
        let found: Answer.TransactionResult = try await wallet.client.get("/v1/transactions/\(hash)")
        if found.height > 0, found.code == 0 { return found.height }
        if found.height > 0 {
          throw Failure("the agreement was rejected: \(found.log)", why: "in block \(found.height)")
        }
      } catch ClientError.refused(404, _) {
        // It is in no block of this node.
      } catch is ClientError {
        isKnown = false
      }
      if isKnown, time >= expiry {
        throw Failure("the order expired before a block took the agreement", why: failure.why)
      }
      try await Task.sleep(for: .milliseconds(200))
    }
    throw failure
  }

  func agreement(_ order: SignedObject, _ chosen: [Choice]) throws -> Action {
    var bids: [SignedObject] = []
    var choices: [AgreeLease.Choice] = []
    for choice in chosen {
      guard let bytes = Hex.decode(choice.bid.encoded) else {
        throw Failure("the node sent a bid that is not hex")
      }
      let bid = try SignedObject(decoding: bytes, chain: wallet.chain)
      let known = bids.firstIndex { $0.identifier == bid.identifier }
      if known == nil { bids.append(bid) }
      let index = known ?? bids.count - 1
      choices.append(AgreeLease.Choice(group: choice.group.sequence, bid: UInt32(index)))
    }
    return .agreeLease(AgreeLease(owner: wallet.address, order: order, bids: bids, choices: choices))
  }
}
