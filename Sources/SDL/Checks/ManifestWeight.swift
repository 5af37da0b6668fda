import Chain

/// An upper bound of what one service at one placement adds to the manifest, computed without building it.
struct ManifestWeight {
  /// The number of JSON objects and texts together.
  private(set) var records = 1
  private(set) var bytes = 600

  init(_ name: String, _ service: ServiceSource, _ resources: ResourcesSource?) {
    add([name, service.image.value])
    for list in [service.command, service.arguments, service.environment] {
      add(list?.map(\.value) ?? [])
    }
    for attribute in resources?.gpu.value?.attributes ?? [] { add([attribute.key], fixed: 40) }
    for attribute in resources?.cpu.value?.attributes ?? [] { add([attribute.value.value], fixed: 40) }
    for volume in resources?.storage.value ?? [] { add([volume.name.value], fixed: 160) }
    for expose in service.exposes { add(expose) }
    if let parameters = service.parameters {
      for (name, mount) in parameters.mounts.entries {
        add([name.text, mount.text("mount").value], fixed: 50)
      }
      add(parameters.permissions ?? [])
    }
    if let credentials = service.credentials {
      add(["host", "email", "username", "password"].map { credentials.text($0).value })
    }
  }

  /// In the manifest every target has its own copy of the hosts and the next cases.
  private mutating func add(_ expose: ExposeSource) {
    let repeated = ((expose.hosts ?? []) + expose.nextCases).map(\.value)
    let weight = repeated.reduce(0) { $0 + Self.weight(of: $1) }
    let copies = max(1, expose.targets.count)
    records += copies * (1 + repeated.count)
    bytes += copies * (400 + weight)
    for target in expose.targets { add([target.service, target.ip.value]) }
  }

  private mutating func add(_ texts: [String], fixed: Int = 0) {
    records += texts.count
    bytes += texts.reduce(fixed) { $0 + Self.weight(of: $1) }
  }

  /// The most bytes that a text takes in JSON. An escaped character takes six bytes.
  private static func weight(of text: String) -> Int {
    text.utf8.reduce(3) { sum, byte in
      let isEscaped = byte < 0x20 || byte == 0xE2 || "\"\\<>&".utf8.contains(byte)
      return sum + (isEscaped ? 6 : 1)
    }
  }
}
