import Chain
public import Primitives

/// The capacity and the prices of one GPU model in the network, summed up from the providers' live offers.
public struct GPUMarketRow: Hashable, Sendable {
  public struct Price: Hashable, Sendable {
    public var denomination: Denomination
    /// The lowest price per GPU and tick.
    public var low: Decimal18
    /// The median price; the mean of the two middle prices for an even number of offers.
    public var median: Decimal18
  }

  public var vendor: String
  public var model: String
  public var memory: String
  public var interface: String
  public var free: UInt64
  public var total: UInt64
  /// The number of entries for the model in the live offers, usually one for each provider.
  public var providers: Int
  /// The part of `total` that providers declare without a report of the GPU driver.
  public var declared: UInt64
  /// The prices in ascending order of their denomination.
  public var prices: [Price]
}

extension OrderBook {
  /// Capacity and prices by GPU model, sorted by vendor, model, memory and interface.
  public var gpuMarket: [GPUMarketRow] { GPUMarketRow.summary(of: offers) }
}

extension GPUMarketRow {
  static func summary(of offers: [Offer]) -> [GPUMarketRow] {
    Dictionary(grouping: offers.flatMap(\.gpus)) { [$0.vendor, $0.model, $0.memory, $0.interface] }
      .sorted { $0.key.lexicographicallyPrecedes($1.key) }
      .map { key, gpus in
        GPUMarketRow(
          vendor: key[0],
          model: key[1],
          memory: key[2],
          interface: key[3],
          free: gpus.reduce(0) { $0 + UInt64(min($1.free, $1.total)) },
          total: gpus.reduce(0) { $0 + UInt64($1.total) },
          providers: gpus.count,
          declared: gpus.reduce(0) { $0 + ($1.isDeclared ? UInt64($1.total) : 0) },
          prices: prices(of: gpus)
        )
      }
  }

  private static func prices(of gpus: [Offer.GPU]) -> [Price] {
    var amounts: [Denomination: [UInt128]] = [:]
    for gpu in gpus {
      for price in gpu.prices { amounts[price.denomination, default: []].append(price.amount.raw) }
    }
    return amounts.sorted { $0.key < $1.key }.map { denomination, unsorted in
      let sorted = unsorted.sorted()
      let upper = sorted[sorted.count / 2]
      let lower = sorted[(sorted.count - 1) / 2]
      return Price(
        denomination: denomination,
        low: Decimal18(raw: sorted[0]),
        median: Decimal18(raw: lower + (upper - lower) / 2)
      )
    }
  }
}
