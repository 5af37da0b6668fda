extension DocumentReader {
  private static let optionNumbers: Set = [
    "max_body_size", "proxy_buffer_size", "read_timeout", "send_timeout", "next_tries", "next_timeout",
  ]

  mutating func readExpose(_ place: Place, _ isUnsound: inout Bool) -> ExposeSource {
    var expose = ExposeSource(values: MappingSource(place: place))
    let wanted = "a mapping with port and to"
    expose.values = values(place, wanted: wanted, texts: ["proto"], numbers: ["port", "as"]) {
      reader,
      field in
      switch field.key {
      case "to": expose.targets = reader.readTargets(field.place, &isUnsound)
      case "accept": expose.hosts = reader.readHosts(field.place)
      case "http_options": reader.readHTTPOptions(field.place, into: &expose)
      default: break
      }
    }
    isUnsound = isUnsound || expose.values.isBroken
    return expose
  }

  private mutating func readTargets(_ place: Place, _ isUnsound: inout Bool) -> [TargetSource] {
    guard case .present(let items) = items(place) else {
      isUnsound = isUnsound || !isNull(place)
      return []
    }
    var targets: [TargetSource] = []
    for item in items {
      let wanted = "a mapping such as global: true"
      let target = values(item, wanted: wanted, texts: ["service", "ip"], flags: ["global"]) {
        reader,
        field in
        guard field.key == "http_options" else { return }
        // As in Akash's parser, these options are type-checked here but have no effect.
        var ignored = ExposeSource(values: MappingSource(place: item))
        reader.readHTTPOptions(field.place, into: &ignored)
      }
      let isGlobal = target.flag("global")
      isUnsound = isUnsound || !isGlobal.isSound
      guard !target.isBroken else { continue }
      let service = target.text("service").value
      targets.append(TargetSource(service: service, isGlobal: isGlobal, ip: target.text("ip")))
    }
    return targets
  }

  private mutating func readHosts(_ place: Place) -> [Located<String>]? {
    guard var hosts = texts(place) else { return nil }
    for (position, host) in hosts.enumerated() where host.isSound && !HostSyntax.isURLHost(host.value) {
      hosts[position].isSound = false
      let nearest = HostSyntax.nearest(to: host.value).map { [$0] } ?? []
      report(.acceptNotAHost, host.place, "\(quoted(host.value)) is not a host", nearest)
    }
    return hosts
  }

  private mutating func readHTTPOptions(_ place: Place, into expose: inout ExposeSource) {
    for field in fields(place) ?? [] {
      if Self.optionNumbers.contains(field.key) { expose.options[field.key] = number(field.place) }
      if field.key == "next_cases" { expose.nextCases = texts(field.place) ?? [] }
    }
  }
}
