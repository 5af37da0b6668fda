import Chain
import Primitives

// The JSON forms of Akash's newest types, field by field: which fields are omitted when empty, which are
// null, and the order of the keys in the indented form.

extension GroupSpec {
  /// `emptyAuditorLists` has the keys of those lists that are written as `[]` when empty; other empty lists
  /// are `null`.
  func json(emptyAuditorLists: Set<String>) -> JSONValue {
    func auditors(_ key: String, _ list: [String]) -> (key: String, value: JSONValue) {
      (key, list.isEmpty && !emptyAuditorLists.contains(key) ? .null : .strings(list))
    }
    return .object([
      ("name", .string(name)),
      (
        "requirements",
        .object([
          (
            "signed_by",
            .object([auditors("all_of", requirements.allOf), auditors("any_of", requirements.anyOf)])
          ),
          (
            "attributes",
            requirements.attributes.isEmpty ? .null : .array(requirements.attributes.map(\.json))
          ),
        ])
      ),
      ("resources", .array(units.map(\.json))),
    ])
  }
}

extension ResourceUnit {
  var json: JSONValue {
    .object([
      ("resource", resources.json),
      ("count", .number(UInt64(count))),
      (
        "price",
        .object([("denom", .string(price.denomination.name)), ("amount", .string(price.amount.fixedText))])
      ),
    ])
  }
}

extension Attribute {
  var json: JSONValue {
    var fields: [(key: String, value: JSONValue)] = []
    if !key.isEmpty { fields.append(("key", .string(key))) }
    if !value.isEmpty { fields.append(("value", .string(value))) }
    return .object(fields)
  }
}

extension ServiceEndpoint {
  var json: JSONValue {
    var fields: [(key: String, value: JSONValue)] = []
    if kind != .sharedHTTP { fields.append(("kind", .number(UInt64(kind.rawValue)))) }
    fields.append(("sequence_number", .number(UInt64(sequence))))
    return .object(fields)
  }
}

extension Volume {
  var json: JSONValue {
    .quantity("size", bytes, attributes, after: [("name", .string(name))])
  }
}

extension JSONValue {
  /// A quantity under `key` as a decimal text, with its attributes if there are any.
  fileprivate static func quantity(
    _ key: String,
    _ number: UInt64,
    _ attributes: [Attribute],
    after start: [(key: String, value: JSONValue)] = []
  ) -> JSONValue {
    var fields = start
    fields.append((key, .object([("val", .string(String(number)))])))
    if !attributes.isEmpty { fields.append(("attributes", .array(attributes.map(\.json)))) }
    return .object(fields)
  }
}

extension Resources {
  var json: JSONValue {
    .object([
      ("id", .number(UInt64(id))),
      ("cpu", .quantity("units", cpuMillis, cpuAttributes)),
      ("memory", .quantity("size", memoryBytes, memoryAttributes)),
      ("storage", .array(volumes.map(\.json))),
      ("gpu", .quantity("units", gpus, gpuAttributes)),
      ("endpoints", .array(endpoints.map(\.json))),
    ])
  }
}

extension Manifest {
  var json: JSONValue {
    .array(
      groups.map { group in
        .object([("name", .string(group.name)), ("services", .array(group.services.map(\.json)))])
      }
    )
  }
}

extension ManifestService {
  var json: JSONValue {
    var fields: [(key: String, value: JSONValue)] = [
      ("name", .string(name)),
      ("image", .string(image)),
      ("command", .strings(command)),
      ("args", .strings(arguments)),
      ("env", .strings(environment)),
      ("resources", resources.json),
      ("count", .number(UInt64(count))),
      ("expose", .array(exposes.map(\.json))),
    ]
    if let parameters { fields.append(("params", parameters.json)) }
    fields.append(("credentials", credentials?.json ?? .null))
    return .object(fields)
  }
}

extension ServiceExpose {
  var json: JSONValue {
    .object([
      ("port", .number(UInt64(port))),
      ("externalPort", .number(UInt64(externalPort))),
      ("proto", .string(proto.rawValue)),
      ("service", .string(service)),
      ("global", .boolean(isGlobal)),
      ("hosts", .strings(hosts)),
      ("httpOptions", options.json),
      ("ip", .string(ip)),
      ("endpointSequenceNumber", .number(UInt64(endpointSequence))),
    ])
  }
}

extension HTTPOptions {
  var json: JSONValue {
    var fields: [(key: String, value: JSONValue)] = [
      ("maxBodySize", .number(UInt64(maxBodySize))),
      ("readTimeout", .number(UInt64(readTimeout))),
      ("sendTimeout", .number(UInt64(sendTimeout))),
      ("nextTries", .number(UInt64(nextTries))),
      ("nextTimeout", .number(UInt64(nextTimeout))),
    ]
    if !nextCases.isEmpty { fields.append(("nextCases", .strings(nextCases))) }
    if proxyBufferSize != 0 { fields.append(("proxyBufferSize", .number(UInt64(proxyBufferSize)))) }
    return .object(fields)
  }
}

extension ServiceParameters {
  var json: JSONValue {
    let storage = mounts?.map { mount in
      JSONValue.object([
        ("name", .string(mount.name)), ("mount", .string(mount.mount)),
        ("readOnly", .boolean(mount.isReadOnly)),
      ])
    }
    var fields: [(key: String, value: JSONValue)] = [("storage", storage.map(JSONValue.array) ?? .null)]
    if let permissions {
      let read = permissions.read
      fields.append(("permissions", .object(read.isEmpty ? [] : [("read", .strings(read))])))
    }
    if let tee = confidentialComputing {
      fields.append(
        ("tee", .object([("type", .string(tee.type)), ("attestation", .boolean(tee.needsAttestation))]))
      )
    }
    return .object(fields)
  }
}

extension ImageCredentials {
  var json: JSONValue {
    .object([
      ("host", .string(host)), ("email", .string(email)), ("username", .string(username)),
      ("password", .string(password)),
    ])
  }
}
