extension DocumentReader {
  mutating func readService(_ index: Int, _ path: Path) -> ServiceSource {
    var service = ServiceSource(node: index, path: path, image: Located(value: "", node: index))
    guard let fields = fields(index, path) else {
      service.image.isSound = false
      service.hasUnsoundExposes = true
      return service
    }
    for field in fields {
      let at = path.key(field.key)
      switch field.key {
      case "image": service.image = text(field.value, at)
      case "command": service.command = texts(field.value, at)
      case "args": service.arguments = texts(field.value, at)
      case "env": service.environment = readEnvironment(field.value, at)
      case "expose":
        service.exposes = []
        switch items(field.value, at) {
        case .absent: break
        case .broken: service.hasUnsoundExposes = true
        case .present(let items):
          for (position, item) in items.enumerated() {
            service.exposes.append(readExpose(item, at.item(position), &service.hasUnsoundExposes))
          }
        }
      case "dependencies": checkDependencies(field.value, at)
      case "params": service.parameters = readParameters(field.value, at)
      case "credentials": service.credentials = readCredentials(field.value, at)
      default: break
      }
    }
    return service
  }

  /// Reads a list of `NAME=value`. For a mapping, which other tools accept, it reports the required spelling.
  private mutating func readEnvironment(_ index: Int, _ path: Path) -> [Located<String>]? {
    guard let target = resolve(index, path) else { return nil }
    if yaml[target].kind == .mapping {
      reportAssignments(target, index, path, wanted: "a list of NAME=value", prefix: "- ")
      return nil
    }
    guard case .present(let items) = items(index, path, wanted: "a list of NAME=value") else { return nil }
    var variables: [Located<String>] = []
    for (position, item) in items.enumerated() {
      let at = path.item(position)
      if let target = yaml.resolve(item), yaml[target].kind == .mapping {
        reportAssignments(target, item, at, wanted: "NAME=value", prefix: "")
        variables.append(Located(value: "", node: item, isSound: false))
      } else {
        variables.append(text(item, at))
      }
    }
    return variables
  }

  private mutating func reportAssignments(
    _ mapping: Int,
    _ node: Int,
    _ path: Path,
    wanted: String,
    prefix: String
  ) {
    let children = yaml[mapping].children
    var suggestions: [String] = []
    var edits: [TextEdit] = []
    var isWhole = prefix.isEmpty ? children.count == 2 : !children.isEmpty
    for position in stride(from: 0, to: children.count - 1, by: 2) {
      let repair = assignmentRepair(key: children[position], value: children[position + 1], prefix: prefix)
      suggestions += repair.suggestions
      edits += repair.edits
      isWhole = isWhole && !repair.edits.isEmpty
    }
    let isBlock = source[safe: yaml[mapping].bytes.lowerBound] != UInt8(ascii: "{")
    reportType(
      node,
      path,
      wanted: wanted,
      suggestions: Array(suggestions.prefix(1)),
      edits: isWhole && isBlock && mapping == node ? edits : []
    )
  }

  private mutating func checkDependencies(_ index: Int, _ path: Path) {
    guard case .present(let items) = items(index, path) else { return }
    for (position, item) in items.enumerated() {
      let at = path.item(position)
      for field in fields(item, at, wanted: "service: NAME") ?? [] where field.key == "service" {
        _ = text(field.value, at.key("service"))
      }
    }
  }

  private mutating func readParameters(_ index: Int, _ path: Path) -> ParametersSource? {
    guard !isNull(index) else { return nil }
    var parameters = ParametersSource(path: path, tee: Located(value: "", node: index))
    var broken: Set<String> = []
    for field in fields(index, path) ?? [] {
      let at = path.key(field.key)
      switch field.key {
      case "storage":
        readEach(field.value, at, of: &parameters.mounts, section: "", &broken) { $0.readMount($1, $2) }
      case "permissions":
        parameters.permissions = isNull(field.value) ? nil : readPermissions(field.value, at)
      case "tee":
        parameters.tee = text(field.value, at)
      default:
        break
      }
    }
    return parameters
  }

  private mutating func readPermissions(_ index: Int, _ path: Path) -> [String] {
    var read: [String] = []
    for field in fields(index, path) ?? [] where field.key == "read" {
      read = texts(field.value, path.key("read"))?.map(\.value) ?? []
    }
    return read
  }

  private mutating func readMount(_ index: Int, _ path: Path) -> MountSource {
    var mount = MountSource(
      path: path,
      mount: Located(value: "", node: index),
      isReadOnly: Located(value: false, node: index)
    )
    guard let fields = fields(index, path, wanted: "a mapping with mount") else {
      mount.mount.isSound = false
      return mount
    }
    for field in fields {
      switch field.key {
      case "mount": mount.mount = text(field.value, path.key(field.key))
      case "readOnly": mount.isReadOnly = flag(field.value, path.key(field.key))
      default: break
      }
    }
    return mount
  }

  private mutating func readCredentials(_ index: Int, _ path: Path) -> CredentialsSource? {
    guard !isNull(index), let fields = fields(index, path) else { return nil }
    let nothing = Located(value: "", node: index)
    var credentials = CredentialsSource(
      node: index,
      path: path,
      host: nothing,
      email: nothing,
      username: nothing,
      password: nothing
    )
    for field in fields {
      let at = path.key(field.key)
      switch field.key {
      case "host": credentials.host = text(field.value, at)
      case "email": credentials.email = text(field.value, at)
      case "username": credentials.username = text(field.value, at)
      case "password": credentials.password = text(field.value, at)
      default: break
      }
    }
    return credentials
  }
}

extension Array {
  /// The element at `index`; nil when there is none.
  subscript(safe index: Int) -> Element? {
    indices.contains(index) ? self[index] : nil
  }
}
