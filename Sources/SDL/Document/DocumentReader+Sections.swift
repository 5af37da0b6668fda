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
    var document = SourceDocument(root: Place(node: root, path: .root))
    let children = yaml[root].children
    let versionKey = children.indices.first { yaml[children[$0]].text == "version" }
    if let versionKey, versionKey + 1 < children.count {
      document.version = readVersion(document.root.key("version", in: children[versionKey + 1]))
    } else if yaml[root].kind == .mapping {
      report(.versionMissing, document.root, "there is no version", ["version: \"2.0\""])
    } else {
      let message = "\(describe(root)) is given where the sections are expected"
      report(.versionMissing, document.root, message)
      return nil
    }
    for (key, value) in yaml.pairs(root) { readSection(key, value, into: &document) }
    return document
  }

  private mutating func readVersion(_ place: Place) -> Deployment.Version {
    let text = yaml[place.node].text
    guard let number = VersionNumber(text) else {
      report(.versionSyntax, place, "\(quoted(text)) is not a version number", ["\"2.0\""])
      return .v2_0
    }
    if number.isExactly(2, 0, 0) { return .v2_0 }
    if number.isAtLeast(2, 1, 0) { return .v2_1 }
    report(.versionUnsupported, place, "version \(quoted(text)) is not read", ["\"2.0\""])
    return .v2_0
  }

  private mutating func readSection(_ key: Int, _ value: Int, into document: inout SourceDocument) {
    let name = yaml[key].text
    let place = document.root.key(name, in: value)
    var isRead = true
    switch name {
    case "version": break
    case "services": isRead = readEach(place, of: &document.services) { $0.readService($1) }
    case "profiles": readProfiles(place, into: &document)
    case "deployment": isRead = readEach(place, of: &document.deployments) { $0.readDeployment($1) }
    case "endpoints":
      isRead = readEach(place, of: &document.endpoints) { $0.values($1, texts: ["kind"]) }
    case "reclamation": document.reclamation = values(place, texts: ["min_window"])
    case "include": _ = texts(place)
    default:
      let at = document.root.key(name, in: key)
      reportKey(.unknownTopLevelKey, at, of: document.root.node, "a section", Self.sections)
    }
    if !isRead { document.brokenSections.insert(name) }
  }

  /// Reports an unknown key of a mapping that is read key by key. It is corrected unless the mapping has the
  /// key that was probably meant.
  mutating func reportKey(
    _ rule: Rule,
    _ place: Place,
    of mapping: Int,
    _ what: String,
    _ known: [String],
    or others: [String] = []
  ) {
    guard !log.isFull else { return }
    let name = yaml[place.node].text
    let nearest = Spelling.nearest(to: name, among: known)
    let children = yaml[mapping].children
    let isFree = nearest.map { nearest in
      !stride(from: 0, to: children.count, by: 2).contains { yaml[children[$0]].text == nearest }
    }
    let suggestions = nearest.map { [$0] } ?? others
    report(rule, place, "\(quoted(name)) is not \(what)", suggestions, isFix: isFree == true)
  }

  /// Reads the entries of a mapping into `map`; false when it cannot be read. An entry that is null keeps
  /// what an earlier section of this name defined; a section that is null removes all earlier entries.
  mutating func readEach<Value>(
    _ place: Place,
    of map: inout NameMap<Value>,
    read: (inout DocumentReader, Place) -> Value
  ) -> Bool {
    guard let fields = fields(place) else { return false }
    if isNull(place) { map.removeAll() }
    for field in fields {
      let name = Name(field.key)
      if isNull(field.place), map.contains(name) { continue }
      map.set(name, to: read(&self, field.place))
    }
    return true
  }

  private mutating func readProfiles(_ place: Place, into document: inout SourceDocument) {
    guard let fields = fields(place) else {
      document.brokenSections.formUnion(["compute", "placement"])
      return
    }
    for field in fields {
      var isRead = true
      switch field.key {
      case "compute": isRead = readEach(field.place, of: &document.computeProfiles) { $0.readCompute($1) }
      case "placement": isRead = readEach(field.place, of: &document.placements) { $0.readPlacement($1) }
      default: break
      }
      if !isRead { document.brokenSections.insert(field.key) }
    }
  }

  private mutating func readDeployment(_ place: Place) -> DeploymentSource {
    var deployment = DeploymentSource()
    _ = readEach(place, of: &deployment.uses) {
      $0.values($1, wanted: "a mapping with profile and count", texts: ["profile"], numbers: ["count"])
    }
    return deployment
  }
}
