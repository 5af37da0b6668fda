import Primitives

// Checks that Akash's SDL parser makes for each service at each placement.
extension DocumentChecker {
  mutating func checkUses() {
    var ports: [Name: String] = [:]
    for use in uses {
      checkReferences(use)
      guard let service = use.service else { continue }
      if let credentials = service.credentials { checkCredentials(credentials) }
      for expose in service.exposes {
        for target in expose.targets where !target.ip.value.isEmpty {
          checkAddress(target, expose, use, &ports)
        }
      }
      if let volumes = use.resources?.storage, !volumes.isBroken {
        checkMounts(service, volumes.value ?? [], use)
      }
    }
  }

  private mutating func checkReferences(_ use: Use) {
    let profile = use.source.profile
    let path = use.source.path
    if use.compute == nil, profile.isSound, !document.brokenSections.contains("compute") {
      missing(
        .profileComputeMissing,
        profile.node,
        path.key("profile"),
        profile.value,
        "compute profile",
        among: \.computeProfiles.names
      )
    }
    if use.placement == nil, !document.brokenSections.contains("placement") {
      missing(
        .profilePlacementMissing,
        use.source.node,
        path,
        use.placementName,
        "placement",
        among: \.placements.names
      )
    }
    if let placement = use.placement, use.price == nil, profile.isSound, !placement.hasUnsoundPrices {
      missing(
        .pricingMissing,
        profile.node,
        path.key("profile"),
        profile.value,
        "price at the placement \(quoted(use.placementName))",
        among: { _ in placement.prices.names }
      )
    }
    if use.service == nil, !document.brokenSections.contains("services") {
      missing(
        .serviceMissing,
        use.source.node,
        Path.root.key("deployment").key(use.serviceName),
        use.serviceName,
        "service",
        among: \.services.names
      )
    }
  }

  private mutating func missing(
    _ rule: Rule,
    _ node: Int,
    _ path: Path,
    _ name: String,
    _ kind: String,
    among names: (SourceDocument) -> [String]
  ) {
    guard !reader.log.isFull else { return }
    let names = names(document)
    let nearest = Spelling.nearest(to: name, among: names)
    report(
      rule,
      node,
      path,
      name.isEmpty ? "no \(kind) is named" : "there is no \(kind) \(quoted(name))",
      suggestions: nearest.map { [$0] } ?? (names.count == 1 ? names : [])
    )
  }

  private mutating func checkCredentials(_ credentials: CredentialsSource) {
    let required: [(Rule, String, Located<String>)] = [
      (.credentialsHost, "host", credentials.host), (.credentialsUsername, "username", credentials.username),
      (.credentialsPassword, "password", credentials.password),
    ]
    for (rule, key, value) in required where value.isSound && value.value.isBlank {
      report(rule, value.node, credentials.path.key(key), "the credentials have no \(key)")
    }
  }

  private mutating func checkAddress(
    _ target: TargetSource,
    _ expose: ExposeSource,
    _ use: Use,
    _ ports: inout [Name: String]
  ) {
    let path = target.path.key("ip")
    let address = target.ip.value
    if !target.isGlobal.value, target.isGlobal.isSound {
      report(
        .ipNotGlobal,
        target.ip.node,
        path,
        "the address \(quoted(address)) is given to a port that is not global",
        suggestions: ["global: true beside it"]
      )
    }
    guard document.endpoints.contains(Name(address)) else {
      if !document.brokenSections.contains("endpoints") {
        missing(
          .ipEndpointMissing,
          target.ip.node,
          path,
          address,
          "endpoint",
          among: \.endpoints.names
        )
      }
      return
    }
    guard target.isGlobal.value, expose.external.isSound, expose.proto.isSound else { return }
    // The ports are compared as they are written: a default port does not collide with the same port written
    // out.
    let key = Name("\(address)-\(expose.external.value)-\(expose.proto.value)")
    if let other = ports[key] {
      let port = expose.external.value == 0 ? "the default port" : "port \(expose.external.value)"
      report(
        .ipPortCollision,
        target.ip.node,
        path,
        "\(port) of the address \(quoted(address)) is in use by the service \(quoted(other)) already"
      )
    }
    ports[key] = use.serviceName
  }

  private mutating func checkMounts(_ service: ServiceSource, _ volumes: [VolumeSource], _ use: Use) {
    let named = Dictionary(volumes.map { (Name($0.name.value), $0) }) { first, _ in first }
    var mounts: [Name: String] = [:]
    for (name, mount) in service.parameters?.mounts.sorted ?? [] {
      guard let volume = named[name] else {
        missing(
          .volumeMissing,
          mount.mount.node,
          mount.path,
          name.text,
          "volume in the compute profile \(quoted(use.source.profile.value))",
          among: { _ in volumes.map(\.name.value) }
        )
        continue
      }
      guard mount.mount.isSound else { continue }
      let path = mount.path.key("mount")
      let place = mount.mount.value
      guard place.utf8.first == UInt8(ascii: "/") else {
        let isName = !place.isEmpty && place.utf8.first.map { NumberSyntax.isLetter($0) } == true
        report(
          .mountNotAbsolute,
          mount.mount.node,
          path,
          place.isEmpty ? "the volume has no mount" : "\(quoted(place)) does not begin with /",
          suggestions: place.isEmpty ? [] : ["/" + place],
          edits: isName ? reader.replace(mount.mount.node, with: "/" + place) : []
        )
        continue
      }
      if let other = mounts[Name(place)] {
        report(
          .mountDuplicate,
          mount.mount.node,
          path,
          "the volume \(quoted(other)) is mounted at \(quoted(place)) already"
        )
      }
      mounts[Name(place)] = name.text
      if document.version == .v2_1, volume.attribute("class") == "ram", mount.isReadOnly.value {
        report(
          .ramReadOnly,
          mount.isReadOnly.node,
          mount.path.key("readOnly"),
          "the volume \(quoted(name.text)) is memory and read only",
          suggestions: ["readOnly: false"]
        )
      }
    }
    checkPersistentVolumes(service, volumes)
  }

  /// Akash's parser requires only that there is one mount, for any volume.
  private mutating func checkPersistentVolumes(_ service: ServiceSource, _ volumes: [VolumeSource]) {
    guard document.version == .v2_0, service.parameters?.mounts.isEmpty ?? true else { return }
    for volume in volumes where volume.attribute("persistent") == "true" {
      report(
        .persistentWithoutMount,
        service.node,
        service.path,
        "the persistent volume \(quoted(volume.name.value)) is not mounted",
        suggestions: ["params: {storage: {\(volume.name.value): {mount: /\(volume.name.value)}}}"]
      )
    }
  }
}

extension String {
  /// Whether the text contains nothing but white space.
  var isBlank: Bool { unicodeScalars.allSatisfy(\.properties.isWhitespace) }

  /// The text without white space at its ends.
  var trimmed: String {
    var view = unicodeScalars[...]
    while view.first?.properties.isWhitespace == true { view.removeFirst() }
    while view.last?.properties.isWhitespace == true { view.removeLast() }
    return String(view)
  }
}
