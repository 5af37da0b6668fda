import Primitives

extension ProviderSettings {
  /// Default settings for a new provider: prices in AKT and the same in USDC, 100 GiB of storage, all tenants
  /// accepted.
  ///
  /// `hourly`: the price of one GPU of any model for an hour, in AKT; 1 when the text is not a number.
  public static func defaults(
    gpus: [GPUSetting],
    cpuMillis: UInt64,
    memoryBytes: UInt64,
    hourly: String
  ) -> ProviderSettings {
    let akt = PriceEntry(
      denomination: "uakt",
      gpu: ["*": Decimal18(hourly) ?? Decimal18(1)],
      cpu: Decimal18("0.01") ?? .zero,
      memory: Decimal18("0.002") ?? .zero,
      storage: ["ephemeral": Decimal18("0.0001") ?? .zero],
      endpoint: Decimal18("0.001") ?? .zero
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
