import Primitives

extension DocumentReader {
  static let sections = [
    "version", "services", "profiles", "deployment", "endpoints", "reclamation", "include",
  ]

  /// Reads the whole document; nil when nothing more can be checked.
  ///
  /// The top level is read key by key: merge keys are not supported, and a section that is written twice adds
  /// to the first.
  mutating func readDocument() -> SourceDocument? {
    guard let root = yaml.root, !isNull(root) else {
      log.add(Finding(rule: .emptyDocument, position: .start, message: "the document is empty"))
      return nil
    }
    var document = SourceDocument(root: root)
    let children = yaml[root].children
    let versionKey = children.indices.first { yaml[children[$0]].text == "version" }
    if let versionKey, versionKey + 1 < children.count {
      document.version = readVersion(children[versionKey + 1])
    } else {
      let isMapping = yaml[root].kind == .mapping
      report(
        .versionMissing,
        root,
        .root,
        isMapping ? "there is no version" : "\(describe(root)) is given where the sections are expected",
        suggestions: isMapping ? ["version: \"2.0\""] : []
      )
      guard isMapping else { return nil }
    }
    for position in stride(from: 0, to: children.count - 1, by: 2) {
      readSection(children[position], children[position + 1], of: children, into: &document)
    }
    return document
  }

  private mutating func readVersion(_ value: Int) -> SourceDocument.Version {
    let text = yaml[value].text
    let path = Path.root.key("version")
    guard let number = VersionNumber(text) else {
      report(
        .versionSyntax,
        value,
        path,
        "\(quoted(text)) is not a version number",
        suggestions: ["\"2.0\""]
      )
      return .v2_0
    }
    if number.isExactly(2, 0, 0) { return .v2_0 }
    if number.isAtLeast(2, 1, 0) { return .v2_1 }
    report(.versionUnsupported, value, path, "version \(quoted(text)) is not read", suggestions: ["\"2.0\""])
    return .v2_0
  }

  private mutating func readSection(
    _ key: Int,
    _ value: Int,
    of children: [Int],
    into document: inout SourceDocument
  ) {
    let name = yaml[key].text
    let path = Path.root.key(name)
    switch name {
    case "version":
      break
    case "services":
      readEach(value, path, of: &document.services, section: name, &document.brokenSections) {
        $0.readService($1, $2)
      }
    case "profiles":
      readProfiles(value, path, into: &document)
    case "deployment":
      readEach(value, path, of: &document.deployments, section: name, &document.brokenSections) {
        $0.readDeployment($1, $2)
      }
    case "endpoints":
      readEach(value, path, of: &document.endpoints, section: name, &document.brokenSections) {
        $0.readEndpoint($1, $2)
      }
    case "reclamation":
      document.reclamation = readReclamation(value, path)
    case "include":
      _ = texts(value, path)
    default:
      guard !log.isFull else { return }
      let nearest = Spelling.nearest(to: name, among: Self.sections)
      let isFree = nearest.map { self.isFree($0, among: children) } ?? false
      report(
        .unknownTopLevelKey,
        key,
        path,
        "\(quoted(name)) is not a section",
        suggestions: nearest.map { [$0] } ?? [],
        edits: isFree ? replace(key, with: nearest ?? name) : []
      )
    }
  }

  /// Reads the entries of a mapping into `map`. An entry that is null keeps what an earlier section of this
  /// name defined; a section that is null removes all earlier entries.
  mutating func readEach<Value>(
    _ value: Int,
    _ path: Path,
    of map: inout NameMap<Value>,
    section: String,
    _ brokenSections: inout Set<String>,
    read: (inout DocumentReader, Int, Path) -> Value
  ) {
    guard let fields = fields(value, path) else {
      brokenSections.insert(section)
      return
    }
    if isNull(value) { map.removeAll() }
    for field in fields {
      let name = Name(field.key)
      if isNull(field.value), map.contains(name) { continue }
      map.set(name, to: read(&self, field.value, path.key(field.key)))
    }
  }

  /// Whether no key of the mapping has this name. Used for mappings that are read key by key.
  func isFree(_ name: String, among children: [Int]) -> Bool {
    !stride(from: 0, to: children.count, by: 2).contains { yaml[children[$0]].text == name }
  }

  private mutating func readProfiles(_ value: Int, _ path: Path, into document: inout SourceDocument) {
    guard let fields = fields(value, path) else {
      document.brokenSections.formUnion(["compute", "placement"])
      return
    }
    for field in fields {
      let at = path.key(field.key)
      switch field.key {
      case "compute":
        readEach(field.value, at, of: &document.computeProfiles, section: "compute", &document.brokenSections)
        {
          $0.readCompute($1, $2)
        }
      case "placement":
        readEach(field.value, at, of: &document.placements, section: "placement", &document.brokenSections) {
          $0.readPlacement($1, $2)
        }
      default:
        break
      }
    }
  }

  private mutating func readDeployment(_ index: Int, _ path: Path) -> DeploymentSource {
    var deployment = DeploymentSource(node: index, path: path)
    var broken: Set<String> = []
    readEach(index, path, of: &deployment.uses, section: "", &broken) { reader, index, path in
      var use = UseSource(
        node: index,
        path: path,
        profile: Located(value: "", node: index),
        count: Located(value: 0, node: index)
      )
      guard let fields = reader.fields(index, path, wanted: "a mapping with profile and count") else {
        use.profile.isSound = false
        use.count.isSound = false
        return use
      }
      for field in fields {
        switch field.key {
        case "profile": use.profile = reader.text(field.value, path.key(field.key))
        case "count": use.count = reader.number(field.value, path.key(field.key))
        default: break
        }
      }
      return use
    }
    return deployment
  }

  private mutating func readEndpoint(_ index: Int, _ path: Path) -> EndpointSource {
    var endpoint = EndpointSource(node: index, path: path, kind: Located(value: "", node: index))
    guard let fields = fields(index, path) else {
      endpoint.kind.isSound = false
      return endpoint
    }
    for field in fields where field.key == "kind" {
      endpoint.kind = text(field.value, path.key("kind"))
    }
    return endpoint
  }

  private mutating func readReclamation(_ index: Int, _ path: Path) -> ReclamationSource {
    var reclamation = ReclamationSource(path: path, window: Located(value: "", node: index))
    guard let fields = fields(index, path) else {
      reclamation.window.isSound = false
      return reclamation
    }
    for field in fields where field.key == "min_window" {
      reclamation.window = text(field.value, path.key("min_window"))
    }
    return reclamation
  }
}
