extension DocumentReader {
  mutating func readService(_ place: Place) -> ServiceSource {
    var service = ServiceSource(place)
    guard let fields = fields(place) else {
      service.image.isSound = false
      service.hasUnsoundExposes = true
      return service
    }
    for field in fields {
      switch field.key {
      case "image": service.image = text(field.place)
      case "command": service.command = texts(field.place)
      case "args": service.arguments = texts(field.place)
      case "env": service.environment = readEnvironment(field.place)
      case "expose":
        service.exposes = []
        switch items(field.place) {
        case .absent: break
        case .broken: service.hasUnsoundExposes = true
        case .present(let items):
          for item in items { service.exposes.append(readExpose(item, &service.hasUnsoundExposes)) }
        }
      case "dependencies":
        guard case .present(let items) = items(field.place) else { break }
        for item in items { _ = values(item, wanted: "service: NAME", texts: ["service"]) }
      case "params": service.parameters = readParameters(field.place)
      case "credentials":
        let keys: Set = ["host", "email", "username", "password"]
        let credentials = isNull(field.place) ? nil : values(field.place, texts: keys)
        service.credentials = credentials?.isBroken == false ? credentials : nil
      default: break
      }
    }
    return service
  }

  /// Reads a list of `NAME=value`. For a mapping, which other tools accept, it reports the required spelling.
  private mutating func readEnvironment(_ place: Place) -> [Located<String>]? {
    guard let target = resolve(place) else { return nil }
    let wanted = "a list of NAME=value"
    if yaml[target].kind == .mapping {
      reportAssignments(target, place, wanted: wanted, prefix: "- ")
      return nil
    }
    guard case .present(let items) = items(place, wanted: wanted) else { return nil }
    var variables: [Located<String>] = []
    for item in items {
      if let target = yaml.resolve(item.node), yaml[target].kind == .mapping {
        reportAssignments(target, item, wanted: "NAME=value", prefix: "")
        variables.append(Located("", item, isSound: false))
      } else {
        variables.append(text(item))
      }
    }
    return variables
  }

  private mutating func reportAssignments(_ mapping: Int, _ place: Place, wanted: String, prefix: String) {
    let pairs = yaml.pairs(mapping)
    let repairs = pairs.map { assignmentRepair(key: $0.key, value: $0.value, prefix: prefix) }
    let isBlock = source[safe: yaml[mapping].bytes.lowerBound] != UInt8(ascii: "{")
    let isWhole =
      (prefix.isEmpty ? pairs.count == 1 : !pairs.isEmpty) && repairs.allSatisfy { !$0.edits.isEmpty }
    let edits = isWhole && isBlock && mapping == place.node ? repairs.flatMap(\.edits) : []
    reportType(place, wanted: wanted, (Array(repairs.flatMap(\.suggestions).prefix(1)), edits))
  }

  private mutating func readParameters(_ place: Place) -> ParametersSource? {
    guard !isNull(place) else { return nil }
    var parameters = ParametersSource(tee: Located("", place.key("tee")))
    for field in fields(place) ?? [] {
      switch field.key {
      case "storage":
        _ = readEach(field.place, of: &parameters.mounts) {
          $0.values($1, wanted: "a mapping with mount", texts: ["mount"], flags: ["readOnly"])
        }
      case "permissions":
        parameters.permissions = isNull(field.place) ? nil : []
        for field in fields(field.place) ?? [] where field.key == "read" {
          parameters.permissions = texts(field.place)?.map(\.value) ?? []
        }
      case "tee": parameters.tee = text(field.place)
      default: break
      }
    }
    return parameters
  }
}

extension Array {
  /// The element at `index`; nil when there is none.
  subscript(safe index: Int) -> Element? {
    indices.contains(index) ? self[index] : nil
  }
}
