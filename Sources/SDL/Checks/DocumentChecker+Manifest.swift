// A provider rejects a manifest that fails these checks. They are made on the document before, so that its
// author learns of the mistakes.
extension DocumentChecker {
  mutating func checkManifest() {
    for (name, service) in deployedServices { checkService(name, service) }
    checkHosts()
    checkGlobal()
  }

  private mutating func checkService(_ name: String, _ service: ServiceSource) {
    if !Manifest.isServiceName(name) {
      let nearest = Self.nearestServiceName(name).map { ["\($0) in every place"] } ?? []
      report(.serviceName, service.place, "\(quoted(name)) cannot be the name of a service", nearest)
    }
    if service.image.isSound, service.image.value.isEmpty {
      report(.imageEmpty, service.image.place, "the service \(quoted(name)) has no image")
    }
    for variable in service.environment ?? [] where variable.isSound {
      guard !Manifest.isEnvironmentEntry(variable.value) else { continue }
      let name = Explanation.variable(variable.value)
      let message =
        name.isEmpty ? "the variable has no name" : "\(quoted(name)) cannot be the name of a variable"
      report(.envName, variable.place, message, Self.nearestVariable(variable.value).map { [$0] } ?? [])
    }
    for port in service.exposes.map({ $0.values.number("port") }) {
      guard port.isSound, !(1...65_535).contains(port.value) else { continue }
      report(.portRange, port.place, port.value == 0 ? "there is no port" : "\(port.value) is not a port")
    }
    for host in service.exposes.flatMap({ $0.hosts ?? [] }) where host.isSound {
      guard !HostSyntax.isDNSName(host.value) else { continue }
      let message = host.value.isEmpty ? "the host has no name" : "\(quoted(host.value)) is not a DNS name"
      let nearest = HostSyntax.nearest(to: host.value).map { [$0] } ?? []
      report(.hostInvalid, host.place, message, nearest, isFix: true)
    }
  }

  /// Checks that no host occurs twice. The hosts of a service count once for each target at each placement.
  private mutating func checkHosts() {
    var known: Set<Name> = []
    for expose in uses.compactMap(\.service).flatMap(\.exposes) {
      guard let hosts = expose.hosts else { continue }
      for _ in 0..<max(1, expose.targets.count) {
        for host in hosts where host.isSound && !known.insert(Name(host.value)).inserted {
          let message = "the host \(quoted(host.value)) leads to more than one place"
          report(.hostDuplicate, host.place, message)
        }
        if reader.log.isFull { return }
      }
    }
  }

  private mutating func checkGlobal() {
    let services = deployedServices.map(\.source)
    guard !uses.isEmpty, !document.brokenSections.contains("services"),
      uses.allSatisfy({ $0.service != nil }), !services.contains(where: \.hasUnsoundExposes),
      !services.flatMap(\.exposes).flatMap(\.targets).contains(where: \.isGlobal.value)
    else { return }
    let place = services.first?.place.key("expose") ?? document.root
    let advice = "expose: [{port: 80, to: [{global: true}]}]"
    report(.noGlobalService, place, "no deployed service can be reached from outside", [advice])
  }

  /// Returns a legal service name similar to `name`, for example `web-1` for `Web_1`; nil when there is none.
  private static func nearestServiceName(_ name: String) -> String? {
    let dash = UInt8(ascii: "-")
    let bytes = name.utf8.map(NumberSyntax.lowercased).map { $0.isAlphanumeric() ? $0 : dash }
    var trimmed = bytes.drop { !NumberSyntax.isLetter($0) }
    while trimmed.last == dash { trimmed = trimmed.dropLast() }
    let nearest = String(decoding: trimmed, as: UTF8.self)
    return !nearest.isEmpty && name.utf8.allSatisfy({ $0 < 0x80 }) ? nearest : nil
  }

  /// Returns a legal entry similar to `entry`, for example `MY_VAR=1` for `MY VAR=1`; nil when there is none.
  private static func nearestVariable(_ entry: String) -> String? {
    let name = entry.utf8.prefix { $0 != UInt8(ascii: "=") }
    let rest = entry.utf8.dropFirst(name.count)
    guard !name.isEmpty, name.allSatisfy({ $0 < 0x80 }), entry.utf8.count <= 80 else { return nil }
    var bytes = name.map { $0.isAlphanumeric(or: "-._") ? $0 : UInt8(ascii: "_") }
    if let first = bytes.first, NumberSyntax.isDigit(first) { bytes.insert(UInt8(ascii: "_"), at: 0) }
    let nearest = String(decoding: bytes + Array(rest), as: UTF8.self)
    return Manifest.isEnvironmentEntry(nearest) ? nearest : nil
  }
}
