import Chain

extension Manifest {
  /// Decodes a manifest from untrusted JSON.
  ///
  /// The rules that affect the hash are those of Akash's provider: missing numbers, texts and flags become
  /// zero, empty and false; missing lists become null; unknown fields are dropped, so the hash of a manifest
  /// with unknown fields differs from the sender's. Wrong types, repeated keys, fractions and negative
  /// numbers are errors. Call `check(against:)` and compare `hash` afterwards.
  ///
  /// - Throws: `tooLarge` above `byteLimit` bytes, `malformed` when the bytes are not a manifest.
  public static func decode(json: [UInt8]) throws(ManifestError) -> Manifest {
    let value = try JSONReader.read(json, byteLimit: byteLimit)
    let groups = try FieldReader.list(value, "manifest") { value, path throws(ManifestError) in
      let fields = try FieldReader(value, path)
      let name = try fields.text("name")
      return ManifestGroup(name: name, services: try fields.list("services", FieldReader.service))
    }
    return Manifest(groups: groups)
  }
}

/// Reads the fields of a JSON object.
private struct FieldReader {
  private let fields: [String: JSONValue]
  private let path: String

  init(_ value: JSONValue, _ path: String) throws(ManifestError) {
    guard case .object(let fields) = value else {
      throw .malformed(path: path, reason: "an object is expected")
    }
    self.fields = Dictionary(fields.map { ($0.key, $0.value) }) { first, _ in first }
    self.path = path
  }

  /// The field's value; nil when it is missing or null.
  private func field(_ key: String) -> JSONValue? {
    if case .null? = fields[key] { return nil }
    return fields[key]
  }

  private func wrong(_ key: String, _ wanted: String) -> ManifestError {
    .malformed(path: "\(path).\(key)", reason: "\(wanted) is expected")
  }

  func text(_ key: String) throws(ManifestError) -> String {
    switch field(key) {
    case nil: return ""
    case .string(let text): return text
    default: throw wrong(key, "a text")
    }
  }

  func flag(_ key: String) throws(ManifestError) -> Bool {
    switch field(key) {
    case nil: return false
    case .boolean(let flag): return flag
    default: throw wrong(key, "true or false")
    }
  }

  func number(_ key: String) throws(ManifestError) -> UInt32 {
    switch field(key) {
    case nil: return 0
    case .number(let number):
      guard let number = UInt32(exactly: number) else { throw wrong(key, "a number below 2^32") }
      return number
    default: throw wrong(key, "a number")
    }
  }

  func texts(_ key: String) throws(ManifestError) -> [String]? {
    guard let value = field(key) else { return nil }
    return try Self.list(value, "\(path).\(key)") { value, path throws(ManifestError) in
      guard case .string(let text) = value else { throw .malformed(path: path, reason: "a text is expected") }
      return text
    }
  }

  func object(_ key: String) throws(ManifestError) -> FieldReader? {
    guard let value = field(key) else { return nil }
    return try FieldReader(value, "\(path).\(key)")
  }

  func required(_ key: String) throws(ManifestError) -> FieldReader {
    guard let object = try object(key) else { throw wrong(key, "an object") }
    return object
  }

  func list<Element>(
    _ key: String,
    _ read: (FieldReader) throws(ManifestError) -> Element
  ) throws(ManifestError) -> [Element] {
    guard let value = field(key) else { throw wrong(key, "a list") }
    return try Self.list(value, "\(path).\(key)") { value, path throws(ManifestError) in
      try read(try FieldReader(value, path))
    }
  }

  static func list<Element>(
    _ value: JSONValue,
    _ path: String,
    _ read: (JSONValue, String) throws(ManifestError) -> Element
  ) throws(ManifestError) -> [Element] {
    guard case .array(let items) = value else { throw .malformed(path: path, reason: "a list is expected") }
    var elements: [Element] = []
    elements.reserveCapacity(items.count)
    for (index, item) in items.enumerated() { elements.append(try read(item, "\(path)[\(index)]")) }
    return elements
  }
}

extension FieldReader {
  static func service(_ fields: FieldReader) throws(ManifestError) -> ManifestService {
    ManifestService(
      name: try fields.text("name"),
      image: try fields.text("image"),
      command: try fields.texts("command"),
      arguments: try fields.texts("args"),
      environment: try fields.texts("env"),
      resources: try fields.required("resources").resources(),
      count: try fields.number("count"),
      exposes: try fields.list("expose", expose),
      parameters: try fields.object("params")?.parameters(),
      credentials: try fields.object("credentials")?.credentials()
    )
  }

  private func resources() throws(ManifestError) -> Resources {
    let (cpu, memory, gpu) = (try required("cpu"), try required("memory"), try required("gpu"))
    return Resources(
      id: try number("id"),
      cpuMillis: try cpu.quantity("units"),
      cpuAttributes: try cpu.attributes(),
      memoryBytes: try memory.quantity("size"),
      memoryAttributes: try memory.attributes(),
      volumes: try list("storage") { fields throws(ManifestError) in
        let (name, bytes) = (try fields.text("name"), try fields.quantity("size"))
        return Volume(name: name, bytes: bytes, attributes: try fields.attributes())
      },
      gpus: try gpu.quantity("units"),
      gpuAttributes: try gpu.attributes(),
      endpoints: try list("endpoints") { fields throws(ManifestError) in
        guard let kind = ServiceEndpoint.Kind(rawValue: try fields.number("kind")) else {
          throw .malformed(path: "\(fields.path).kind", reason: "not a kind of endpoint")
        }
        return ServiceEndpoint(kind: kind, sequence: try fields.number("sequence_number"))
      }
    )
  }

  /// Reads a quantity in the form `{"val": "123"}`. Other spellings of the number are rejected, because
  /// writing the number again would not give the same bytes, and so another hash.
  private func quantity(_ key: String) throws(ManifestError) -> UInt64 {
    let text = try required(key).text("val")
    guard let number = NumberSyntax.digits(text.utf8), String(number) == text else {
      throw wrong("\(key).val", "a whole number without leading zeros, as a text,")
    }
    return number
  }

  private func attributes() throws(ManifestError) -> [Attribute] {
    guard field("attributes") != nil else { return [] }
    return try list("attributes") { fields throws(ManifestError) in
      Attribute(key: try fields.text("key"), value: try fields.text("value"))
    }
  }

  private static func expose(_ fields: FieldReader) throws(ManifestError) -> ServiceExpose {
    guard let proto = TransportProtocol(rawValue: try fields.text("proto")) else {
      throw fields.wrong("proto", "TCP or UDP")
    }
    return ServiceExpose(
      port: try fields.number("port"),
      externalPort: try fields.number("externalPort"),
      proto: proto,
      service: try fields.text("service"),
      isGlobal: try fields.flag("global"),
      hosts: try fields.texts("hosts"),
      options: try fields.required("httpOptions").options(),
      ip: try fields.text("ip"),
      endpointSequence: try fields.number("endpointSequenceNumber")
    )
  }

  private func options() throws(ManifestError) -> HTTPOptions {
    var options = HTTPOptions()
    options.maxBodySize = try number("maxBodySize")
    options.readTimeout = try number("readTimeout")
    options.sendTimeout = try number("sendTimeout")
    options.nextTries = try number("nextTries")
    options.nextTimeout = try number("nextTimeout")
    options.nextCases = try texts("nextCases") ?? []
    options.proxyBufferSize = try number("proxyBufferSize")
    return options
  }

  private func parameters() throws(ManifestError) -> ServiceParameters {
    var mounts: [VolumeMount]?
    if field("storage") != nil {
      mounts = try list("storage") { fields throws(ManifestError) in
        let (name, mount) = (try fields.text("name"), try fields.text("mount"))
        return VolumeMount(name: name, mount: mount, isReadOnly: try fields.flag("readOnly"))
      }
    }
    var permissions: ServicePermissions?
    if let fields = try object("permissions") {
      permissions = ServicePermissions(read: try fields.texts("read") ?? [])
    }
    var tee: ConfidentialComputing?
    if let fields = try object("tee") {
      let type = try fields.text("type")
      tee = ConfidentialComputing(type: type, needsAttestation: try fields.flag("attestation"))
    }
    return ServiceParameters(mounts: mounts, permissions: permissions, confidentialComputing: tee)
  }

  private func credentials() throws(ManifestError) -> ImageCredentials {
    ImageCredentials(
      host: try text("host"),
      email: try text("email"),
      username: try text("username"),
      password: try text("password")
    )
  }
}
