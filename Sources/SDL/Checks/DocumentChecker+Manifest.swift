// Checks of the manifest that the provider makes.
extension DocumentChecker {
  mutating func checkManifest() {
    for (name, service) in deployedServices { checkService(name, service) }
    checkHosts()
    checkGlobal()
  }

  private mutating func checkService(_ name: String, _ service: ServiceSource) {
    if !Manifest.isServiceName(name) {
      let nearest = Self.nearestServiceName(name)
      report(
        .serviceName,
        service.node,
        service.path,
        "\(quoted(name)) cannot be the name of a service",
        suggestions: nearest.map { ["\($0) in every place"] } ?? []
      )
    }
    if service.image.isSound, service.image.value.isEmpty {
      report(
        .imageEmpty,
        service.image.node,
        service.path.key("image"),
        "the service \(quoted(name)) has no image"
      )
    }
    for (position, variable) in (service.environment ?? []).enumerated() where variable.isSound {
      guard !Manifest.isEnvironmentEntry(variable.value) else { continue }
      let path = service.path.key("env").item(position)
      let name = String(
        decoding: Array(variable.value.utf8.prefix { $0 != UInt8(ascii: "=") }),
        as: UTF8.self
      )
      report(
        .envName,
        variable.node,
        path,
        name.isEmpty ? "the variable has no name" : "\(quoted(name)) cannot be the name of a variable",
        suggestions: Self.nearestVariable(variable.value).map { [$0] } ?? []
      )
    }
    for expose in service.exposes where expose.port.isSound && !(1...65_535).contains(expose.port.value) {
      report(
        .portRange,
        expose.port.node,
        expose.path.key("port"),
        expose.port.value == 0 ? "there is no port" : "\(expose.port.value) is not a port"
      )
    }
    for expose in service.exposes { checkHostNames(expose) }
  }

  private mutating func checkHostNames(_ expose: ExposeSource) {
    for (position, host) in (expose.hosts ?? []).enumerated() where host.isSound {
      guard !HostSyntax.isDNSName(host.value) else { continue }
      let nearest = HostSyntax.nearest(to: host.value)
      report(
        .hostInvalid,
        host.node,
        expose.path.key("accept").item(position),
        host.value.isEmpty ? "the host has no name" : "\(quoted(host.value)) is not a DNS name",
        suggestions: nearest.map { [$0] } ?? [],
        edits: nearest.map { reader.replace(host.node, with: $0) } ?? []
      )
    }
  }

  /// A service's hosts occur once for each placement, and there once for each target.
  private mutating func checkHosts() {
    var known: Set<Name> = []
    for use in uses {
      for expose in use.service?.exposes ?? [] {
        guard let hosts = expose.hosts else { continue }
        for _ in 0..<max(1, expose.targets.count) {
          for (position, host) in hosts.enumerated() where host.isSound {
            if !known.insert(Name(host.value)).inserted {
              report(
                .hostDuplicate,
                host.node,
                expose.path.key("accept").item(position),
                "the host \(quoted(host.value)) leads to more than one place"
              )
            }
          }
          if reader.log.isFull { return }
        }
      }
    }
  }

  private mutating func checkGlobal() {
    let services = deployedServices
    guard !uses.isEmpty, !document.brokenSections.contains("services"),
      uses.allSatisfy({ $0.service != nil }), !services.contains(where: \.source.hasUnsoundExposes)
    else { return }
    let isReachable = services.contains { service in
      service.source.exposes.contains { $0.targets.contains { $0.isGlobal.value } }
    }
    guard !isReachable else { return }
    let first = services.first?.source
    report(
      .noGlobalService,
      first?.node ?? document.root,
      first?.path.key("expose") ?? .root,
      "no deployed service can be reached from outside",
      suggestions: ["expose: [{port: 80, to: [{global: true}]}]"]
    )
  }

  /// For example `web-1` for `Web_1`.
  private static func nearestServiceName(_ name: String) -> String? {
    let bytes = name.utf8.map(NumberSyntax.lowercased).map { byte in
      NumberSyntax.isLetter(byte) || NumberSyntax.isDigit(byte) ? byte : UInt8(ascii: "-")
    }
    let dash = UInt8(ascii: "-")
    var trimmed = bytes.drop { !NumberSyntax.isLetter($0) }
    while trimmed.last == dash { trimmed = trimmed.dropLast() }
    let nearest = String(decoding: trimmed, as: UTF8.self)
    return !nearest.isEmpty && name.utf8.allSatisfy({ $0 < 0x80 }) ? nearest : nil
  }

  /// For example `MY_VAR=1` for `MY VAR=1`.
  private static func nearestVariable(_ entry: String) -> String? {
    let name = entry.utf8.prefix { $0 != UInt8(ascii: "=") }
    let rest = entry.utf8.dropFirst(name.count)
    guard !name.isEmpty, name.allSatisfy({ $0 < 0x80 }), entry.utf8.count <= 80 else { return nil }
    var bytes = name.map { byte in
      NumberSyntax.isLetter(byte) || NumberSyntax.isDigit(byte) || "-._".utf8.contains(byte)
        ? byte : UInt8(ascii: "_")
    }
    if let first = bytes.first, NumberSyntax.isDigit(first) { bytes.insert(UInt8(ascii: "_"), at: 0) }
    let nearest = String(decoding: bytes + Array(rest), as: UTF8.self)
    return Manifest.isEnvironmentEntry(nearest) ? nearest : nil
  }
}
