import Primitives

// Checks that Akash's SDL parser makes while it builds groups.
extension DocumentChecker {
  /// The largest sum of `ManifestWeight.records` over all services at all placements.
  static let recordLimit = 100_000

  /// Reports a document whose manifest would exceed `recordLimit` or `Manifest.byteLimit`, and returns false.
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
        report(
          .limitExpansion,
          use.source.node,
          use.source.path,
          "all services at all placements come to more than \(Self.recordLimit) records or \(Manifest.byteLimit) bytes"
        )
        return false
      }
    }
    return true
  }

  mutating func checkBuilding() {
    var teeByPlacement: [Name: String] = [:]
    for use in uses {
      guard let service = use.service else { continue }
      checkTEE(use, service, &teeByPlacement)
    }
    for (_, service) in deployedServices {
      for expose in service.exposes {
        checkProtocol(expose)
        checkHTTPOptions(expose.options)
      }
    }
  }

  private mutating func checkTEE(_ use: Use, _ service: ServiceSource, _ known: inout [Name: String]) {
    guard let parameters = service.parameters, parameters.tee.isSound, !parameters.tee.value.isEmpty else {
      return
    }
    let tee = parameters.tee.value
    let path = parameters.path.key("tee")
    guard tee == "cpu" || tee == "cpu-gpu" else {
      let nearest = Spelling.nearest(to: tee, among: ["cpu", "cpu-gpu"])
      let isSame = nearest.map { Spelling.isSame($0, tee) } ?? false
      report(
        .teeUnknown,
        parameters.tee.node,
        path,
        "\(quoted(tee)) is not a kind of confidential computing",
        suggestions: nearest.map { [$0] } ?? ["cpu", "cpu-gpu"],
        edits: isSame ? reader.replace(parameters.tee.node, with: nearest ?? tee) : []
      )
      return
    }
    if tee == "cpu-gpu", let resources = use.resources, !resources.gpu.isBroken {
      let units = resources.gpu.value?.units
      if units?.value ?? 0 == 0, units?.isSound ?? true {
        report(
          .teeNeedsGPU,
          parameters.tee.node,
          path,
          "the compute profile \(quoted(use.source.profile.value)) has no GPU",
          suggestions: ["cpu"]
        )
      }
    }
    let placement = Name(use.placementName)
    if let other = known[placement], other != tee {
      report(
        .teeConflict,
        parameters.tee.node,
        path,
        "another service at the placement \(quoted(use.placementName)) asks for \(other)"
      )
    }
    known[placement] = known[placement] ?? tee
  }

  private mutating func checkProtocol(_ expose: ExposeSource) {
    let written = expose.proto.value
    guard expose.proto.isSound, !written.isEmpty, TransportProtocol(text: written) == nil else { return }
    // These application protocols run over TCP.
    let lower = String(decoding: written.utf8.map(NumberSyntax.lowercased), as: UTF8.self)
    let isTCP = ["http", "https", "ws", "wss", "grpc", "tls"].contains(lower)
    report(
      .protoUnknown,
      expose.proto.node,
      expose.path.key("proto"),
      "\(quoted(written)) is not a protocol",
      suggestions: isTCP ? ["tcp"] : ["tcp", "udp"],
      edits: isTCP ? reader.replace(expose.proto.node, with: "tcp") : []
    )
  }

  private mutating func checkHTTPOptions(_ options: HTTPOptionsSource) {
    let limits: [(key: String, value: Located<UInt32>, limit: UInt32, unit: String)] = [
      ("max_body_size", options.maxBodySize, 104_857_600, "bytes"),
      ("proxy_buffer_size", options.proxyBufferSize, 1_048_576, "bytes"),
      ("read_timeout", options.readTimeout, 60_000, "ms"),
      ("send_timeout", options.sendTimeout, 60_000, "ms"),
    ]
    for (key, value, limit, unit) in limits where value.value > limit {
      report(
        .httpOptionLimit,
        value.node,
        options.path.key(key),
        "\(value.value) is above \(limit) \(unit)",
        suggestions: [String(limit)],
        edits: reader.replace(value.node, with: String(limit))
      )
    }
    let cases = ["error", "timeout", "500", "502", "503", "504", "403", "404", "429", "off"]
    let path = options.path.key("next_cases")
    for (position, item) in options.nextCases.enumerated() where item.isSound {
      if !cases.contains(item.value) {
        let nearest = Spelling.nearest(to: item.value, among: cases)
        report(
          .httpNextCaseUnknown,
          item.node,
          path.item(position),
          "\(quoted(item.value)) is not a case",
          suggestions: nearest.map { [$0] } ?? []
        )
      } else if item.value == "off", options.nextCases.count > 1 {
        report(.httpNextCaseOff, item.node, path.item(position), "off is combined with other cases")
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
