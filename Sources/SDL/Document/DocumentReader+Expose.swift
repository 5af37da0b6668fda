extension DocumentReader {
  mutating func readExpose(_ index: Int, _ path: Path, _ isUnsound: inout Bool) -> ExposeSource {
    let nothing = Located<UInt32>(value: 0, node: index)
    var expose = ExposeSource(
      node: index,
      path: path,
      port: nothing,
      external: nothing,
      proto: Located(value: "", node: index),
      options: httpOptions(index, path)
    )
    guard let fields = fields(index, path, wanted: "a mapping with port and to") else {
      expose.port.isSound = false
      isUnsound = true
      return expose
    }
    for field in fields {
      let at = path.key(field.key)
      switch field.key {
      case "port": expose.port = number(field.value, at)
      case "as": expose.external = number(field.value, at)
      case "proto": expose.proto = text(field.value, at)
      case "to": expose.targets = readTargets(field.value, at, &isUnsound)
      case "accept": expose.hosts = readHosts(field.value, at)
      case "http_options": readHTTPOptions(field.value, at, into: &expose.options)
      default: break
      }
    }
    return expose
  }

  private mutating func readTargets(_ index: Int, _ path: Path, _ isUnsound: inout Bool) -> [TargetSource] {
    guard case .present(let items) = items(index, path) else {
      isUnsound = isUnsound || !isNull(index)
      return []
    }
    var targets: [TargetSource] = []
    for (position, item) in items.enumerated() {
      let at = path.item(position)
      let nothing = Located(value: "", node: item)
      var target = TargetSource(
        node: item,
        path: at,
        service: nothing,
        isGlobal: Located(value: false, node: item),
        ip: nothing
      )
      let wanted = "a mapping such as global: true"
      guard let fields = fields(item, at, wanted: wanted) else {
        isUnsound = true
        continue
      }
      for field in fields {
        let at = at.key(field.key)
        switch field.key {
        case "service": target.service = text(field.value, at)
        case "global": target.isGlobal = flag(field.value, at)
        case "ip": target.ip = text(field.value, at)
        case "http_options":
          // As in Akash's parser, these options are type-checked here but have no effect.
          var ignored = httpOptions(item, at)
          readHTTPOptions(field.value, at, into: &ignored)
        default: break
        }
      }
      isUnsound = isUnsound || !target.isGlobal.isSound
      targets.append(target)
    }
    return targets
  }

  private mutating func readHosts(_ index: Int, _ path: Path) -> [Located<String>]? {
    guard var hosts = texts(index, path) else { return nil }
    for position in hosts.indices where hosts[position].isSound {
      let host = hosts[position].value
      guard !HostSyntax.isURLHost(host) else { continue }
      hosts[position].isSound = false
      let nearest = HostSyntax.nearest(to: host)
      report(
        .acceptNotAHost,
        hosts[position].node,
        path.item(position),
        "\(quoted(host)) is not a host",
        suggestions: nearest.map { [$0] } ?? []
      )
    }
    return hosts
  }

  private func httpOptions(_ node: Int, _ path: Path) -> HTTPOptionsSource {
    let nothing = Located<UInt32>(value: 0, node: node)
    return HTTPOptionsSource(
      path: path.key("http_options"),
      maxBodySize: nothing,
      proxyBufferSize: nothing,
      readTimeout: nothing,
      sendTimeout: nothing,
      nextTries: nothing,
      nextTimeout: nothing
    )
  }

  private mutating func readHTTPOptions(_ index: Int, _ path: Path, into options: inout HTTPOptionsSource) {
    for field in fields(index, path) ?? [] {
      let at = path.key(field.key)
      switch field.key {
      case "max_body_size": options.maxBodySize = number(field.value, at)
      case "proxy_buffer_size": options.proxyBufferSize = number(field.value, at)
      case "read_timeout": options.readTimeout = number(field.value, at)
      case "send_timeout": options.sendTimeout = number(field.value, at)
      case "next_tries": options.nextTries = number(field.value, at)
      case "next_timeout": options.nextTimeout = number(field.value, at)
      case "next_cases": options.nextCases = texts(field.value, at) ?? []
      default: break
      }
    }
  }
}
