public import API
public import Chain
public import Cryptography
import Foundation
import Node
import Primitives

/// Makes leases one after the other: publishes an order, agrees with the cheapest bid, closes the deployment.
public struct LeaseRun: Sendable {
  /// The durations of the steps of one lease, in seconds, and the number of its bids.
  public struct Sample: Sendable {
    var firstBid: Double
    var lease: Double
    var agreement: Double
    var bids: Int
  }

  /// The content of each order.
  public struct Request: Sendable {
    /// The deployment of lease 0. Lease `n` adds `n` to its sequence number.
    public var deployment: DeploymentID
    public var group: Order.Group
    public var denomination: Denomination
    public var manifestHash: Digest

    public init(
      deployment: DeploymentID,
      group: Order.Group,
      denomination: Denomination,
      manifestHash: Digest
    ) {
      self.deployment = deployment
      self.group = group
      self.denomination = denomination
      self.manifestHash = manifestHash
    }
  }

  let wallet: Wallet
  let request: Request
  let wait: UInt64
  let timeout: UInt64

  /// `wallet`: the tenant's. `wait`: how many milliseconds to gather further bids after the first. `timeout`:
  /// how many seconds to wait for a first bid.
  public init(wallet: Wallet, request: Request, wait: UInt64, timeout: UInt64) {
    self.wallet = wallet
    self.request = request
    self.wait = wait
    self.timeout = timeout
  }

  /// Makes one lease and closes it.
  ///
  /// `number`: added to the request's sequence number, so that each deployment of the run has its own.
  ///
  /// - Throws: `Failure` when no bid comes or the ledger refuses, `ClientError` when the node does not
  ///   answer.
  public func lease(_ number: UInt64) async throws -> Sample {
    let first = request.deployment
    let deployment = DeploymentID(owner: first.owner, sequence: first.sequence + number)
    guard let minimum = wallet.currency(request.denomination).flatMap({ UInt64($0.minimumDeposit) }) else {
      throw Failure("the node does not say what the least deposit in \(request.denomination) is")
    }
    let signedAt = Date()
    let order = Order(
      deployment: deployment,
      groups: [request.group],
      manifestHash: request.manifestHash,
      deposit: Coin(minimum, request.denomination),
      expiresAt: Timestamp.now.advanced(byMilliseconds: 120_000)
    )
    let object = SignedObject(kind: .order, body: order.encoded, signer: wallet.key, chain: wallet.chain)
    do {
      let _: Answer.Submitted = try await wallet.client.post("/v1/objects", body: object.encoded)
    } catch let error as ClientError {
      throw Failure(error)
    }
    let (bids, firstBid) = try await bids(object, signedAt)
    let price = { (bid: Answer.Bid) in
      bid.groups.first.flatMap { Decimal18($0.price) } ?? Decimal18(raw: .max)
    }
    guard let cheapest = bids.min(by: { price($0) < price($1) }), let bytes = Hex.decode(cheapest.encoded)
    else { throw Failure("the node sent a bid that is not hex") }
    let bid = try SignedObject(decoding: bytes, chain: wallet.chain)
    let agreedAt = Date()
    let agreement = AgreeLease(
      owner: wallet.address,
      order: object,
      bids: [bid],
      choices: [.init(group: request.group.sequence, bid: 0)]
    )
    try await wallet.send([.agreeLease(agreement)], preferring: request.denomination)
    let now = Date()
    let sample = Sample(
      firstBid: firstBid,
      lease: now.timeIntervalSince(signedAt),
      agreement: now.timeIntervalSince(agreedAt),
      bids: bids.count
    )
    try await wallet.send([.closeDeployment(deployment)], preferring: request.denomination)
    return sample
  }

  private func bids(_ order: SignedObject, _ signedAt: Date) async throws -> ([Answer.Bid], Double) {
    let gathering = BidGathering(
      client: wallet.client,
      order: order.identifier,
      chain: wallet.chain,
      timeout: .seconds(Int64(clamping: timeout)),
      wait: .milliseconds(Int64(clamping: wait)),
      isComplete: { !$0.isEmpty }
    )
    let found = try await gathering.run(arrived: { _ in }, dropped: { _ in }, interrupted: { _ in })
    guard found.isComplete, let first = found.firstBidAt else {
      throw Failure(
        "no bid within \(timeout) s",
        why: found.interruption
          ?? "no provider has what is asked for, or its devices are still held by leases that were just closed",
        fix: "`supercloud market gpus` shows what is free"
      )
    }
    return (found.bids, first.timeIntervalSince(signedAt))
  }
}
