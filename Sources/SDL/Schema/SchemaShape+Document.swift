// The rules of the schema, section by section.
extension SchemaShape {
  static let document = object(
    [
      "version": .choice(["2.0", "2.1"]), "services": .map(service), "profiles": profiles,
      "deployment": .map(.map(use)), "endpoints": endpoints, "include": .list(.text()),
      "reclamation": .object(["min_window": window], required: ["min_window"]),
    ],
    required: ["version", "services", "profiles", "deployment"]
  )

  private static let most = Double.greatestFiniteMagnitude

  private static let use = object(
    ["profile": .text(), "count": .whole(1...most)],
    required: ["profile", "count"]
  )

  private static let endpoints = checked(nil) { checker, view, path in
    guard case .object(let fields) = view.value else {
      return checker.noteType(view, path, wanted: "a mapping")
    }
    for field in fields {
      let at = path.key(field.key)
      guard Patterns.isEndpointName(field.key) else {
        let message = "\(quoted(field.key)) is not a name of an endpoint"
        checker.note(.schemaUnknownKey, field.value, at, message)
        continue
      }
      checker.check(field.value, at, .object(["kind": .choice(["ip"])], required: ["kind"]))
    }
  }

  private static let window = checked(.text()) { checker, view, path in
    guard let text = view.text, !Patterns.isWindow(text) else { return }
    checker.note(.schemaPattern, view, path, "\(quoted(text)) is not a whole number followed by s, m or h")
  }

  // MARK: Services

  private static let service = object(
    [
      "args": texts, "command": texts, "env": texts, "credentials": credentials,
      "dependencies": .list(.object(["service": .text()])), "expose": .list(expose, orNull: true),
      "image": .text(minimum: 1), "params": parameters,
    ],
    required: ["image"]
  )

  private static let texts = list(.text(), orNull: true)

  private static let credentials = object(
    [
      "email": .text(minimum: 5), "host": .text(minimum: 1), "password": .text(minimum: 6),
      "username": .text(minimum: 1),
    ],
    required: ["host", "username", "password"]
  )

  private static let expose = object(
    [
      "accept": .list(.text()), "as": .whole(1...65_535), "port": .whole(1...65_535),
      "http_options": httpOptions, "proto": .choice(["TCP", "UDP", "tcp", "udp"]), "to": .list(target),
    ],
    required: ["port"]
  )

  private static let target = checked(
    .object(["global": .flag, "ip": .text(minimum: 1), "service": .text()])
  ) { checker, view, path in
    guard let address = view["ip"]?.text, !address.isEmpty else { return }
    if case .boolean(true)? = view["global"]?.value { return }
    checker.note(.schemaRequired, view, path, "an address is given without global: true")
  }

  private static let httpOptions = object([
    "max_body_size": .whole(0...104_857_600), "next_cases": nextCases, "next_timeout": .whole(0...most),
    "next_tries": .whole(0...most), "proxy_buffer_size": .whole(0...1_048_576),
    "read_timeout": .whole(0...60_000), "send_timeout": .whole(0...60_000),
  ])

  private static let nextCases = checked(
    .list(.choice(["error", "timeout", "500", "502", "503", "504", "403", "404", "429", "off"]))
  ) { checker, view, path in
    guard case .array(let items) = view.value, items.count > 1, items.contains(where: { $0.text == "off" })
    else { return }
    checker.note(.schemaValue, view, path, "off is combined with other cases")
  }

  private static let parameters = object([
    "storage": .map(.object(["mount": mount, "readOnly": .flag])),
    "permissions": .object(["read": .list(.choice(["deployment", "logs", "events"]))]),
    "tee": .choice(["cpu", "cpu-gpu"]),
  ])

  private static let mount = checked(.text(minimum: 1)) { checker, view, path in
    guard let text = view.text, !text.isEmpty, text.utf8.first != UInt8(ascii: "/") else { return }
    checker.note(.schemaPattern, view, path, "\(quoted(text)) does not begin with /")
  }

  // MARK: Compute profiles

  private static let profiles = object(
    [
      "compute": .map(.object(["resources": resources], required: ["resources"])),
      "placement": .map(placement),
    ],
    required: ["compute", "placement"]
  )

  private static let resources = object(
    [
      "cpu": .object(["attributes": .object(nil), "units": cpuUnits], required: ["units"]), "gpu": gpu,
      "memory": .object(["size": .text()], required: ["size"]),
      "storage": checked(nil) { checker, view, path in
        if case .array = view.value {
          checker.check(view, path, .list(volume))
        } else {
          checker.check(view, path, volume)
        }
      },
    ],
    required: ["cpu", "memory", "storage"]
  )

  private static let cpuUnits = numberOrText { checker, view, path in
    switch view.value {
    case .number(let number) where number <= 0:
      checker.note(.schemaRange, view, path, "\(SchemaChecker.describe(view)) is not above 0")
    case .string(let text) where !Patterns.isCPU(text):
      checker.note(.schemaPattern, view, path, "\(quoted(text)) is not an amount of cpu above 0")
    default: break
    }
  }

  private static func numberOrText(
    _ check: @escaping @Sendable (inout SchemaChecker, JSONView, Path) -> Void = { _, _, _ in }
  ) -> SchemaShape {
    checked(nil) { checker, view, path in
      switch view.value {
      case .number, .string: check(&checker, view, path)
      default: checker.noteType(view, path, wanted: "a number or a text")
      }
    }
  }

  private static let gpu = checked(
    .object(["attributes": .object(["vendor": vendor]), "units": numberOrText()])
  ) { checker, view, path in
    let units = view["units"]
    let hasAttributes = view["attributes"] != nil
    let isAboveZero =
      switch units?.value {
      case .number(let number): number > 0
      case .string(let text): !Patterns.isZero(text)
      default: false
      }
    if isAboveZero, !hasAttributes {
      checker.note(.schemaRequired, view, path, "units above 0 are given without attributes")
    }
    if hasAttributes, !isAboveZero {
      checker.note(.schemaValue, units ?? view, path, "attributes are given without units above 0")
    }
  }

  private static let vendor = checked(
    .object(["nvidia": .list(.object(gpuModel), orNull: true)])
  ) { checker, view, path in
    guard case .object(let fields) = view.value, fields.isEmpty else { return }
    checker.note(.schemaRequired, view, path, "no vendor is named")
  }

  private static let gpuModel: [String: SchemaShape] = [
    "interface": .choice(["pcie", "sxm"]), "model": .text(), "ram": .text(),
  ]

  private static let volume = object(
    ["attributes": storageAttributes, "name": .text(), "size": .text()],
    required: ["size"]
  )

  private static let persistent = checked(nil) { checker, view, path in
    switch view.value {
    case .boolean, .string: break
    default: checker.noteType(view, path, wanted: "true, false or a text")
    }
  }

  private static let storageAttributes = checked(
    .object(["class": .text(), "persistent": persistent], required: ["class", "persistent"])
  ) { checker, view, path in
    guard let storageClass = view["class"]?.text else { return }
    let isPersistent =
      switch view["persistent"]?.value {
      case .boolean(let flag): flag
      case .string(let text): text == "true"
      default: false
      }
    if storageClass == "ram", isPersistent {
      checker.note(.schemaValue, view, path, "a volume of class ram is persistent")
    }
    if ["beta1", "beta2", "beta3", "default"].contains(storageClass), !isPersistent {
      checker.note(.schemaValue, view, path, "a volume of class \(storageClass) is not persistent")
    }
  }

  // MARK: Placements

  private static let placement = object(
    [
      "attributes": .object(nil), "pricing": .map(price),
      "signedBy": .object(["allOf": .list(.text()), "anyOf": .list(.text())]),
    ],
    required: ["pricing"]
  )

  private static let price = object(
    ["amount": amount, "denom": .choice(["uakt", "uact"])],
    required: ["denom", "amount"]
  )

  private static let amount = numberOrText { checker, view, path in
    switch view.value {
    case .number(let number) where number < 0:
      checker.note(.schemaRange, view, path, "\(SchemaChecker.describe(view)) is below 0")
    case .string(let text) where !Patterns.isDecimal(text):
      checker.note(.schemaPattern, view, path, "\(quoted(text)) is not a decimal number")
    default: break
    }
  }
}
