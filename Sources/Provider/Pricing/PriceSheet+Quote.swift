import Chain
import Primitives

/// Why a group has no price.
public enum PricingError: Error, Hashable, Sendable, CustomStringConvertible {
  case currency(Denomination)
  /// The sheet has no entry for this GPU.
  case gpu(String)
  case storageClass(String)
  case zero
  case outOfRange

  public var description: String {
    switch self {
    case .currency(let denomination): "the price sheet has no prices in \(denomination)"
    case .gpu(let model): "the price sheet has no price for \(model)"
    case .storageClass(let name): "the price sheet has no price for storage of class \(name)"
    case .zero: "the price sheet makes this cost nothing"
    case .outOfRange: "the price is out of range"
    }
  }
}

/// A group's price and its parts.
public struct Quote: Hashable, Sendable {
  public struct Line: Hashable, Sendable {
    /// The resource that is priced, such as `8 × nvidia/h100/80Gi/sxm`.
    public var text: String
    /// The amount per hour in the money in which the price sheet states its prices; see `PriceEntry.rate`.
    public var perHour: Decimal18
  }

  /// The price of one tick in the denomination in which the lease is paid.
  public var perTick: DecimalCoin
  /// The amount per hour in the money in which the price sheet states its prices; see `PriceEntry.rate`.
  public var perHour: Decimal18
  public var lines: [Line]
}

extension PriceSheet {
  /// The price of one group, of which `offers` are the concrete resources.
  public func quote(_ offers: [ResourceOffer], in denomination: Denomination) throws(PricingError) -> Quote {
    guard let sheet = sheets[denomination] else { throw .currency(denomination) }
    var lines: [Quote.Line] = []
    var total = Decimal18.zero
    for offer in offers {
      for line in try sheet.lines(offer) {
        lines.append(line)
        total = try inRange { () throws(ArithmeticError) in try total.adding(line.perHour) }
      }
    }
    let floor = sheet.entry.floor
    if total < floor {
      lines.append(Quote.Line(text: "up to the floor", perHour: Decimal18(raw: floor.raw - total.raw)))
      total = floor
    }
    guard !total.isZero else { throw .zero }
    let sum = total
    let perTick = try inRange { () throws(ArithmeticError) in try self.perTick(sum, in: sheet.entry) }
    return Quote(perTick: DecimalCoin(perTick, denomination), perHour: total, lines: lines)
  }
}

extension PriceSheet.Sheet {
  fileprivate func lines(_ offer: ResourceOffer) throws(PricingError) -> [Quote.Line] {
    let count = UInt64(offer.count)
    let resources = offer.resources
    var lines: [Quote.Line] = []
    func add(_ text: String, _ price: Decimal18, _ quantity: UInt64, per unit: UInt64, times: UInt64)
      throws(PricingError)
    {
      guard !price.isZero, quantity > 0 else { return }
      let perHour = try inRange { () throws(ArithmeticError) in
        try price.scaled(by: UInt128(quantity) * UInt128(times), over: UInt128(unit))
      }
      lines.append(Quote.Line(text: text, perHour: perHour))
    }
    if resources.gpus > 0 {
      guard let key = resources.gpuAttributes.first?.key, let model = GPUModel(attributeKey: key),
        let price = price(of: model)
      else { throw .gpu(resources.gpuAttributes.first?.key ?? "an unnamed GPU") }
      try add("\(resources.gpus * count) × \(model)", price, resources.gpus, per: 1, times: count)
    }
    let gibibyte: UInt64 = 1 << 30
    let (cpu, memory) = (resources.cpuMillis, resources.memoryBytes)
    try add("\(count) × \(cpu)m CPU", entry.cpu, cpu, per: 1_000, times: count)
    let text = "\(count) × \(memory >> 20) MiB memory"
    try add(text, entry.memory, memory, per: gibibyte, times: count)
    for volume in resources.volumes {
      let name = volume.storageClass
      let price = name == "ram" ? entry.memory : entry.storage[name]
      guard let price = price ?? (name == "ephemeral" ? .zero : nil) else { throw .storageClass(name) }
      let text = "\(count) × \(volume.bytes >> 20) MiB \(name) storage"
      try add(text, price, volume.bytes, per: gibibyte, times: count)
    }
    let endpoints = UInt64(resources.endpoints.count)
    try add("\(endpoints) endpoints", entry.endpoint, endpoints, per: 1, times: 1)
    return lines
  }
}

extension Volume {
  /// The class that the volume's attributes name; `ephemeral` when they name none.
  var storageClass: String {
    attributes.first { $0.key == "class" }?.value ?? "ephemeral"
  }
}

/// Turns an arithmetic error into `PricingError.outOfRange`.
private func inRange<Value>(_ compute: () throws(ArithmeticError) -> Value) throws(PricingError) -> Value {
  do throws(ArithmeticError) {
    return try compute()
  } catch {
    throw .outOfRange
  }
}
