import Chain
import Primitives

extension Explanation {
  /// An amount of CPU in words, such as `0.5 cores` or `1 core`.
  static func cores(_ millis: UInt64) -> String {
    millis == 1000 ? "1 core" : "\(decimal(UInt128(millis), over: 1000)) cores"
  }

  /// `number` divided by a power of ten, without zeros at the end.
  private static func decimal(_ number: UInt128, over divisor: UInt128) -> Substring {
    var text = Substring("\(number / divisor).\(String(divisor + number % divisor).dropFirst())")
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }

  /// The size in the largest suitable binary unit, with at most two decimals.
  static func size(_ bytes: UInt64) -> String {
    let units = [(60, "EiB"), (50, "PiB"), (40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")]
    guard let (shift, name) = units.first(where: { bytes >= 1 << UInt64($0.0) }) else {
      return "\(bytes) bytes"
    }
    let hundredths = (UInt128(bytes) * 100) >> UInt128(shift)
    let isExact = hundredths << UInt128(shift) == UInt128(bytes) * 100
    return (isExact ? "" : "about ") + "\(decimal(hundredths, over: 100)) \(name)"
  }

  /// The requested GPU models in words, such as `any NVIDIA model`, or `one of h100 with 80 GiB on sxm; any
  /// a100`.
  static func models(_ attributes: [Attribute]) -> String {
    let models = attributes.map { model($0.key) }
    guard models.count > 1 else { return models.first ?? "any model" }
    return "one of " + models.joined(separator: "; ")
  }

  /// Puts an attribute key such as `vendor/nvidia/model/h100/ram/80Gi/interface/sxm` into words.
  private static func model(_ key: String) -> String {
    let parts = key.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    var values: [String: String] = [:]
    for index in stride(from: 0, to: parts.count - 1, by: 2) { values[parts[index]] = parts[index + 1] }
    let vendor = values["vendor"] == "nvidia" ? "NVIDIA" : values["vendor"] ?? "of any vendor"
    let name = values["model"] ?? ""
    if name == "*" || name.isEmpty, values["ram"] == nil, values["interface"] == nil {
      return "any \(vendor) model, with any memory and interface"
    }
    let memory = values["ram"].map { "\($0.replacing("Gi", with: "")) GiB of its own memory" } ?? "any memory"
    let interface = values["interface"].map { "the interface \($0)" } ?? "any interface"
    return "\(vendor) \(name.isEmpty ? "without a name" : name) with \(memory) and \(interface)"
  }

  static func volume(_ volume: Volume, _ parameters: ServiceParameters?) -> String {
    let mount = parameters?.mounts?.first { Name($0.name) == Name(volume.name) }
    let values = Dictionary(volume.attributes.map { ($0.key, $0.value) }) { first, _ in first }
    var text = size(volume.bytes)
    if volume.name != "default" { text += " named \(volume.name)" }
    if let mount { text += " at \(mount.mount)" + (mount.isReadOnly ? ", read only" : "") }
    switch (values["class"], values["persistent"]) {
    case ("ram", _): text += ", in memory"
    case (let storageClass?, "true"): text += ", kept when a container restarts, class \(storageClass)"
    case (nil, "true"): text += ", kept when a container restarts"
    default: text += ", lost when the container ends"
    }
    return text
  }

  /// The name of an environment variable. Values are not shown, because they are often secrets.
  static func variable(_ entry: String) -> String {
    String(decoding: Array(entry.utf8.prefix { $0 != UInt8(ascii: "=") }), as: UTF8.self)
  }

  static func reach(_ expose: ServiceExpose) -> String {
    let port = "\(expose.proto.rawValue) port \(expose.port)"
    guard expose.isGlobal else {
      let peer = expose.service.isEmpty ? "every service of this deployment" : "the service \(expose.service)"
      return "by \(peer) on \(port)"
    }
    var text = "by everybody "
    if !expose.ip.isEmpty {
      text += "at the leased address \(expose.ip), port \(expose.effectivePort)"
    } else if expose.isIngress {
      text += "over HTTP and HTTPS"
    } else {
      text += "on a port that the provider chooses"
    }
    text += ", leading to \(port)"
    if let hosts = expose.hosts, !hosts.isEmpty { text += ", as " + hosts.joined(separator: ", ") }
    if !expose.service.isEmpty { text += "; and by the service \(expose.service)" }
    return text
  }
}

/// The highest cost of a deployment.
struct Cost {
  let denomination: Denomination
  /// Name and cost of each time span; nil where the cost is out of range.
  let spans: [(name: String, amount: Decimal18?)]
  /// The cost of one tick.
  let tick: Decimal18

  init?(_ deployment: Deployment, tickSeconds: UInt64) {
    guard let denomination = deployment.denomination else { return nil }
    self.denomination = denomination
    var tick = Decimal18.zero
    for group in deployment.groups {
      guard let price = try? group.maximumPrice(), let sum = try? tick.adding(price) else { return nil }
      tick = sum
    }
    self.tick = tick
    spans = [("hour", UInt64(3600)), ("day", 86_400), ("month", 2_592_000)].map { name, seconds in
      // The amount is multiplied before it is divided, so that the result is exact when a tick does not
      // divide an hour.
      let amount = (try? tick.multiplied(by: seconds)).map { Decimal18(raw: $0.raw / UInt128(tickSeconds)) }
      return (name == "month" ? "month (30 days)" : name, amount)
    }
  }

  /// The amount in the denomination and, where it is known, in the main unit.
  static func text(_ amount: Decimal18, _ denomination: Denomination) -> String {
    let own = "\(Self.rounded(amount)) \(denomination)"
    guard let name = KnownCurrency.named(denomination)?.symbol else { return own }
    return "\(Self.rounded(Decimal18(raw: (amount.raw + 999_999) / 1_000_000))) \(name) (\(own))"
  }

  /// Rounds up to six decimals, because the text says "at most".
  private static func rounded(_ amount: Decimal18) -> Decimal18 {
    let step: UInt128 = 1_000_000_000_000
    return Decimal18(raw: (amount.raw / step + (amount.raw % step == 0 ? 0 : 1)) * step)
  }
}
