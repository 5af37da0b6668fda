import Primitives

// Checks that Akash's SDL parser makes while it builds groups.
extension DocumentChecker {
  /// The largest sum of `ManifestWeight.records` over all services at all placements.
  static let recordLimit = 100_000

  /// Returns false, after reporting it, when the manifest would exceed `recordLimit` or `Manifest.byteLimit`.
  /// Without this limit a small file could describe a huge manifest.
  mutating func checkExpansion() -> Bool {
    var records = 0
    var bytes = 0
    for use in uses {
      guard let service = use.service else { continue }
      let size = ManifestWeight(use.serviceName, service, use.resources)
      records += size.records
      bytes += size.bytes
      guard records <= Self.recordLimit, bytes <= Manifest.byteLimit else {
        let limits = "\(Self.recordLimit) records or \(Manifest.byteLimit) bytes"
        let message = "all services at all placements come to more than \(limits)"
        report(.limitExpansion, use.place, message)
        return false
      }
    }
    return true
  }

  mutating func checkBuilding() {
    var teeByPlacement: [Name: String] = [:]
    for use in uses {
      guard let tee = use.service?.parameters?.tee, tee.isSound, !tee.value.isEmpty else { continue }
      checkTEE(use, tee, &teeByPlacement)
    }
    for expose in deployedServices.flatMap(\.source.exposes) {
      checkProtocol(expose.values.text("proto"))
      checkHTTPOptions(expose)
    }
  }

  private mutating func checkTEE(_ use: Use, _ tee: Located<String>, _ known: inout [Name: String]) {
    let kinds = ["cpu", "cpu-gpu"]
    guard kinds.contains(tee.value) else {
      let nearest = suggestions(for: tee.value, among: kinds, or: kinds)
      let message = "\(quoted(tee.value)) is not a kind of confidential computing"
      report(.teeUnknown, tee.place, message, nearest, isFix: Spelling.isSame(nearest.first ?? "", tee.value))
      return
    }
    if tee.value == "cpu-gpu", let resources = use.resources, !resources.gpu.isBroken {
      let units = resources.gpu.value?.units
      if units?.value ?? 0 == 0, units?.isSound ?? true {
        let message = "the compute profile \(quoted(use.profile.value)) has no GPU"
        report(.teeNeedsGPU, tee.place, message, ["cpu"])
      }
    }
    let placement = Name(use.placementName)
    if let other = known[placement], other != tee.value {
      let message = "another service at the placement \(quoted(use.placementName)) asks for \(other)"
      report(.teeConflict, tee.place, message)
    }
    known[placement] = known[placement] ?? tee.value
  }

  private mutating func checkProtocol(_ proto: Located<String>) {
    guard proto.isSound, !proto.value.isEmpty, TransportProtocol(text: proto.value) == nil else { return }
    // These application protocols run over TCP.
    let lower = NumberSyntax.lowercased(proto.value)
    let isTCP = ["http", "https", "ws", "wss", "grpc", "tls"].contains(lower)
    let message = "\(quoted(proto.value)) is not a protocol"
    report(.protoUnknown, proto.place, message, isTCP ? ["tcp"] : ["tcp", "udp"], isFix: isTCP)
  }

  private mutating func checkHTTPOptions(_ expose: ExposeSource) {
    let limits: [(key: String, limit: UInt32, unit: String)] = [
      ("max_body_size", 104_857_600, "bytes"), ("proxy_buffer_size", 1_048_576, "bytes"),
      ("read_timeout", 60_000, "ms"), ("send_timeout", 60_000, "ms"),
    ]
    for (key, limit, unit) in limits {
      guard let option = expose.options[key], option.value > limit else { continue }
      let message = "\(option.value) is above \(limit) \(unit)"
      report(.httpOptionLimit, option.place, message, [String(limit)], isFix: true)
    }
    let cases = ["error", "timeout", "500", "502", "503", "504", "403", "404", "429", "off"]
    for item in expose.nextCases where item.isSound {
      if !cases.contains(item.value) {
        let nearest = suggestions(for: item.value, among: cases)
        report(.httpNextCaseUnknown, item.place, "\(quoted(item.value)) is not a case", nearest)
      } else if item.value == "off", expose.nextCases.count > 1 {
        report(.httpNextCaseOff, item.place, "off is combined with other cases")
      }
    }
  }
}

extension TransportProtocol {
  /// Reads upper and lower case; an empty text means TCP.
  init?(text: String) {
    switch text.uppercased() {
    case "", "TCP": self = .tcp
    case "UDP": self = .udp
    default: return nil
    }
  }
}
