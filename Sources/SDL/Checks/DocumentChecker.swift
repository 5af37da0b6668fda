import Primitives

/// Resolves the references of a document and makes the checks that Akash's SDL parser makes after reading, in
/// the same order.
///
/// Values that the reader has already reported (`isSound` is false) are skipped.
struct DocumentChecker {
  let document: SourceDocument
  var reader: DocumentReader

  /// A service at a placement, with the sections to which it refers; nil where a section does not exist.
  struct Use {
    var serviceName: String
    var placementName: String
    var source: UseSource
    var service: ServiceSource?
    var compute: ComputeSource?
    var placement: PlacementSource?
    var price: PriceSource?

    var resources: ResourcesSource? { compute?.resources.value }
  }

  /// Sorted by the service's name, then the placement's, in byte order.
  let uses: [Use]

  init(_ document: SourceDocument, reader: DocumentReader) {
    self.document = document
    self.reader = reader
    var uses: [Use] = []
    for (service, deployment) in document.deployments.sorted {
      for (placement, source) in deployment.uses.sorted {
        let profile = Name(source.profile.value)
        let target = document.placements[placement]
        uses.append(
          Use(
            serviceName: service.text,
            placementName: placement.text,
            source: source,
            service: document.services[service],
            compute: document.computeProfiles[profile],
            placement: target,
            price: target?.prices[profile]
          )
        )
      }
    }
    self.uses = uses
  }

  mutating func report(
    _ rule: Rule,
    _ node: Int,
    _ path: Path,
    _ message: String,
    suggestions: [String] = [],
    edits: [TextEdit] = []
  ) {
    reader.report(rule, node, path, message, suggestions: suggestions, edits: edits)
  }

  mutating func check() {
    guard checkExpansion() else { return }
    checkBuilding()
    checkReclamation()
    checkEndpoints()
    checkUses()
    checkUnusedEndpoints()
    checkGroups()
    checkManifest()
  }

  /// The services that have at least one placement, without repetitions.
  var deployedServices: [(name: String, source: ServiceSource)] {
    var services: [(name: String, source: ServiceSource)] = []
    for use in uses {
      guard let service = use.service, services.last?.name.utf8.elementsEqual(use.serviceName.utf8) != true
      else { continue }
      services.append((use.serviceName, service))
    }
    return services
  }

  private mutating func checkReclamation() {
    guard let reclamation = document.reclamation, reclamation.window.isSound else { return }
    let text = reclamation.window.value
    if let nanoseconds = Durations.nanoseconds(text), nanoseconds > 0 { return }
    let nearest = WindowSpelling.nearest(to: text)
    report(
      .reclamationWindow,
      reclamation.window.node,
      reclamation.path.key("min_window"),
      text.isEmpty ? "there is no window" : "\(quoted(text)) is not a time above zero",
      suggestions: nearest,
      edits: nearest.first.map { reader.replace(reclamation.window.node, with: $0) } ?? []
    )
  }

  private mutating func checkEndpoints() {
    for (name, endpoint) in document.endpoints.sorted {
      if !Patterns.isEndpointName(name.text) {
        report(
          .endpointName,
          endpoint.node,
          endpoint.path,
          "\(quoted(name.text)) cannot be the name of an endpoint"
        )
      }
      guard endpoint.kind.isSound, endpoint.kind.value != "ip" else { continue }
      let path = endpoint.path.key("kind")
      if endpoint.kind.value.isEmpty {
        report(
          .endpointKindMissing,
          endpoint.kind.node,
          path,
          "the endpoint \(quoted(name.text)) has no kind",
          suggestions: ["kind: ip"]
        )
      } else {
        let isSame = Spelling.isSame(endpoint.kind.value, "ip")
        report(
          .endpointKindUnknown,
          endpoint.kind.node,
          path,
          "\(quoted(endpoint.kind.value)) is not a kind",
          suggestions: ["ip"],
          edits: isSame ? reader.replace(endpoint.kind.node, with: "ip") : []
        )
      }
    }
  }

  private mutating func checkUnusedEndpoints() {
    let used = Set(
      uses.compactMap(\.service).flatMap(\.exposes).flatMap(\.targets).map { Name($0.ip.value) }
    )
    for (name, endpoint) in document.endpoints.sorted where !used.contains(name) {
      report(
        .endpointUnused,
        endpoint.node,
        endpoint.path,
        "no deployed service uses the endpoint \(quoted(name.text))"
      )
    }
  }
}
