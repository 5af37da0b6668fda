import Primitives

/// Resolves the references of a document and makes the checks that Akash's SDL parser makes after reading, in
/// the same order.
///
/// Values that the reader has already reported (`isSound` is false) are skipped.
struct DocumentChecker {
  let document: SourceDocument
  private(set) var reader: DocumentReader

  /// A service at a placement, with the sections to which it refers; nil where a section does not exist.
  struct Use {
    var serviceName: String
    var placementName: String
    var source: MappingSource
    var service: ServiceSource?
    var compute: ComputeSource?
    var placement: PlacementSource?
    var price: PriceSource?

    var place: Place { source.place }
    var profile: Located<String> { source.text("profile") }
    var count: Located<UInt32> { source.number("count") }
    var resources: ResourcesSource? { compute?.resources.value }
  }

  /// The uses, sorted by the service's name, then the placement's, in byte order.
  let uses: [Use]

  init(_ document: SourceDocument, reader: DocumentReader) {
    self.document = document
    self.reader = reader
    uses = document.deployments.sorted.flatMap { service, deployment in
      deployment.uses.sorted.map { placement, source in
        let profile = Name(source.text("profile").value)
        let target = document.placements[placement]
        return Use(
          serviceName: service.text,
          placementName: placement.text,
          source: source,
          service: document.services[service],
          compute: document.computeProfiles[profile],
          placement: target,
          price: target?.prices[profile]
        )
      }
    }
  }

  /// Reports an error; see `DocumentReader.report`.
  mutating func report(
    _ rule: Rule,
    _ place: Place,
    _ message: String,
    _ suggestions: [String] = [],
    isFix: Bool = false
  ) {
    reader.report(rule, place, message, suggestions, isFix: isFix)
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
      guard let service = use.service, services.last.map({ Name($0.name) }) != Name(use.serviceName)
      else { continue }
      services.append((use.serviceName, service))
    }
    return services
  }

  private mutating func checkReclamation() {
    guard let window = document.reclamation?.text("min_window"), window.isSound else { return }
    if let nanoseconds = Durations.nanoseconds(window.value), nanoseconds > 0 { return }
    let nearest = WindowSpelling.nearest(to: window.value)
    let message =
      window.value.isEmpty ? "there is no window" : "\(quoted(window.value)) is not a time above zero"
    report(.reclamationWindow, window.place, message, nearest, isFix: true)
  }

  private mutating func checkEndpoints() {
    for (name, endpoint) in document.endpoints.sorted {
      let name = name.text
      if !Patterns.isEndpointName(name) {
        report(.endpointName, endpoint.place, "\(quoted(name)) cannot be the name of an endpoint")
      }
      let kind = endpoint.text("kind")
      guard kind.isSound, kind.value != "ip" else { continue }
      if kind.value.isEmpty {
        report(.endpointKindMissing, kind.place, "the endpoint \(quoted(name)) has no kind", ["kind: ip"])
      } else {
        let isSame = Spelling.isSame(kind.value, "ip")
        report(.endpointKindUnknown, kind.place, "\(quoted(kind.value)) is not a kind", ["ip"], isFix: isSame)
      }
    }
  }

  private mutating func checkUnusedEndpoints() {
    let used = Set(uses.compactMap(\.service).flatMap(\.exposes).flatMap(\.targets).map { Name($0.ip.value) })
    for (name, endpoint) in document.endpoints.sorted where !used.contains(name) {
      report(.endpointUnused, endpoint.place, "no deployed service uses the endpoint \(quoted(name.text))")
    }
  }
}
