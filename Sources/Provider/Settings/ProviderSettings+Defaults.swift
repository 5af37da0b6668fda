import Primitives

extension ProviderSettings {
  /// Default settings for a new provider: prices in AKT and the same in USDC, 100 GiB of storage, all tenants
  /// accepted.
  ///
  /// `hourly`: the price of one GPU of any model for an hour, in AKT.
  public static func defaults(
    gpus: [GPUSetting],
    cpuMillis: UInt64,
    memoryBytes: UInt64,
    hourly: Decimal18
  ) -> ProviderSettings {
    let akt = PriceEntry(
      denomination: "uakt",
      gpu: ["*": hourly],
      cpu: Decimal18(raw: Decimal18.one / 100),
      memory: Decimal18(raw: Decimal18.one / 500),
      storage: ["ephemeral": Decimal18(raw: Decimal18.one / 10_000)],
      endpoint: Decimal18(raw: Decimal18.one / 1_000)
    )
    return ProviderSettings(
      inventory: InventorySettings(
        cpuMillis: cpuMillis,
        memoryBytes: memoryBytes,
        storageBytes: 100 << 30,
        gpus: gpus
      ),
      prices: [akt, PriceEntry(denomination: "uusdc", like: "uakt")]
    )
  }
}
