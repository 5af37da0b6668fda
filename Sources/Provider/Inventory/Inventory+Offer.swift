import Chain
import Cryptography
import Primitives

extension Inventory {
  /// The offer that the provider publishes: free and total capacity, with prices per GPU and tick from
  /// `prices`.
  public func offer(
    provider: Address,
    sequence: UInt64,
    expiresAt: Timestamp,
    endpoint: String,
    prices: PriceSheet?
  ) -> Offer {
    let free = free
    let freeByModel = Dictionary(grouping: freeDevices, by: \.model).mapValues(\.count)
    let gpus = models.map { model in
      let all = devices.filter { $0.model == model }
      return Offer.GPU(
        vendor: model.vendor,
        model: model.model,
        memory: model.memory,
        interface: model.interface,
        free: UInt32(clamping: freeByModel[model] ?? 0),
        total: UInt32(clamping: all.count),
        prices: (prices?.denominations ?? []).prefix(ChainLimits.prices).compactMap { denomination in
          prices?.gpuPrice(model, in: denomination)
        },
        isDeclared: all.contains(where: \.isDeclared)
      )
    }
    return Offer(
      provider: provider,
      sequence: sequence,
      expiresAt: expiresAt,
      cpuMillis: Offer.Capacity(free: free.cpuMillis, total: total.cpuMillis),
      memoryBytes: Offer.Capacity(free: free.memoryBytes, total: total.memoryBytes),
      storageBytes: Offer.Capacity(free: free.storageBytes, total: total.storageBytes),
      gpus: gpus,
      endpoint: endpoint
    )
  }
}
