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
          checkAddress(target, expose.values, use, &ports)
        }
      }
      if let volumes = use.resources?.storage, !volumes.isBroken {
        checkMounts(service, volumes.value ?? [], use)
      }
    }
  }

  private mutating func checkReferences(_ use: Use) {
    let profile = use.profile
    let broken = document.brokenSections
    if use.compute == nil, profile.isSound, !broken.contains("compute") {
      missing(.profileComputeMissing, profile, "compute profile", among: \.computeProfiles.names)
    }
    if use.placement == nil, !broken.contains("placement") {
      let name = Located(use.placementName, use.place)
      missing(.profilePlacementMissing, name, "placement", among: \.placements.names)
    }
    if let placement = use.placement, use.price == nil, profile.isSound, !placement.hasUnsoundPrices {
      let kind = "price at the placement \(quoted(use.placementName))"
      missing(.pricingMissing, profile, kind) { _ in placement.prices.names }
    }
    if use.service == nil, !broken.contains("services") {
      let path = Path.root.key("deployment").key(use.serviceName)
      let name = Located(use.serviceName, Place(node: use.place.node, path: path))
      missing(.serviceMissing, name, "service", among: \.services.names)
    }
  }

  private mutating func missing(
    _ rule: Rule,
    _ name: Located<String>,
    _ kind: String,
    among names: (SourceDocument) -> [String]
  ) {
    guard !reader.log.isFull else { return }
    let names = names(document)
    let message = name.value.isEmpty ? "no \(kind) is named" : "there is no \(kind) \(quoted(name.value))"
    let nearest = suggestions(for: name.value, among: names, or: names.count == 1 ? names : [])
    report(rule, name.place, message, nearest)
  }

  private mutating func checkCredentials(_ credentials: MappingSource) {
    let required: [(Rule, String)] = [
      (.credentialsHost, "host"), (.credentialsUsername, "username"), (.credentialsPassword, "password"),
    ]
    for (rule, key) in required {
      let value = credentials.text(key)
      guard value.isSound, value.value.isBlank else { continue }
      report(rule, value.place, "the credentials have no \(key)")
    }
  }

  private mutating func checkAddress(
    _ target: TargetSource,
    _ expose: MappingSource,
    _ use: Use,
    _ ports: inout [Name: String]
  ) {
    let address = target.ip.value
    if !target.isGlobal.value, target.isGlobal.isSound {
      let message = "the address \(quoted(address)) is given to a port that is not global"
      report(.ipNotGlobal, target.ip.place, message, ["global: true beside it"])
    }
    guard document.endpoints.contains(Name(address)) else {
      if !document.brokenSections.contains("endpoints") {
        missing(.ipEndpointMissing, target.ip, "endpoint", among: \.endpoints.names)
      }
      return
    }
    let (external, proto) = (expose.number("as"), expose.text("proto"))
    guard target.isGlobal.value, external.isSound, proto.isSound else { return }
    // The ports are compared as they are written: a default port does not collide with the same port written
    // out.
    let key = Name("\(address)-\(external.value)-\(proto.value)")
    if let other = ports[key] {
      let port = external.value == 0 ? "the default port" : "port \(external.value)"
      let owner = "is in use by the service \(quoted(other)) already"
      report(.ipPortCollision, target.ip.place, "\(port) of the address \(quoted(address)) \(owner)")
    }
    ports[key] = use.serviceName
  }

  private mutating func checkMounts(_ service: ServiceSource, _ volumes: [VolumeSource], _ use: Use) {
    let named = Dictionary(volumes.map { (Name($0.name.value), $0) }) { first, _ in first }
    var mounts: [Name: String] = [:]
    for (name, source) in service.parameters?.mounts.sorted ?? [] {
      let (mount, isReadOnly) = (source.text("mount"), source.flag("readOnly"))
      guard let volume = named[name] else {
        let kind = "volume in the compute profile \(quoted(use.profile.value))"
        let written = Located(name.text, Place(node: mount.place.node, path: source.place.path))
        missing(.volumeMissing, written, kind) { _ in volumes.map(\.name.value) }
        continue
      }
      guard mount.isSound else { continue }
      let place = mount.value
      guard place.utf8.first == UInt8(ascii: "/") else {
        let isName = place.utf8.first.map(NumberSyntax.isLetter) == true
        let message = place.isEmpty ? "the volume has no mount" : "\(quoted(place)) does not begin with /"
        report(.mountNotAbsolute, mount.place, message, place.isEmpty ? [] : ["/" + place], isFix: isName)
        continue
      }
      if let other = mounts[Name(place)] {
        let message = "the volume \(quoted(other)) is mounted at \(quoted(place)) already"
        report(.mountDuplicate, mount.place, message)
      }
      mounts[Name(place)] = name.text
      if document.version == .v2_1, volume.attribute("class") == "ram", isReadOnly.value {
        let message = "the volume \(quoted(name.text)) is memory and read only"
        report(.ramReadOnly, isReadOnly.place, message, ["readOnly: false"])
      }
    }
    checkPersistentVolumes(service, volumes)
  }

  /// Checks, in version 2.0, that a service with a persistent volume has a mount. As in Akash's parser, a
  /// mount of any volume is enough.
  private mutating func checkPersistentVolumes(_ service: ServiceSource, _ volumes: [VolumeSource]) {
    guard document.version == .v2_0, service.parameters?.mounts.isEmpty ?? true else { return }
    for volume in volumes where volume.attribute("persistent") == "true" {
      let name = volume.name.value
      let message = "the persistent volume \(quoted(name)) is not mounted"
      let advice = "params: {storage: {\(name): {mount: /\(name)}}}"
      report(.persistentWithoutMount, service.place, message, [advice])
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
