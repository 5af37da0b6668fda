/// The durations of the steps of all leases of a run, in milliseconds.
public struct LeasesReport: Codable, Sendable {
  /// Percentiles of one duration over all leases.
  public struct Percentiles: Codable, Sendable {
    public var p50: Double
    public var p95: Double
    public var p99: Double
    public var maximum: Double

    init(_ seconds: [Double]) {
      var latencies = Latencies()
      for value in seconds { latencies.add(value) }
      func at(_ share: Double) -> Double { (latencies.quantile(share) * 10).rounded() / 10 }
      p50 = at(0.5)
      p95 = at(0.95)
      p99 = at(0.99)
      maximum = at(1)
    }
  }

  public var leases: Int
  public var bidsPerOrder: Double
  /// The time from signing the order to the first bid that the tenant's node shows.
  public var firstBid: Percentiles
  /// The time from signing the order to the block that opens the lease.
  public var lease: Percentiles
  /// The part of `lease` from submitting the agreement to its block.
  public var agreement: Percentiles

  public init(_ samples: [LeaseRun.Sample]) {
    leases = samples.count
    bidsPerOrder = Double(samples.reduce(0) { $0 + $1.bids }) / Double(max(1, samples.count))
    firstBid = Percentiles(samples.map(\.firstBid))
    lease = Percentiles(samples.map(\.lease))
    agreement = Percentiles(samples.map(\.agreement))
  }
}
