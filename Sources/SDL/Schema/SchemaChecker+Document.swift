extension SchemaChecker {
  mutating func document(_ view: JSONView, _ path: Path) {
    object(
      view,
      path,
      [
        "version": { $0.choice($1, $2, ["2.0", "2.1"]) },
        "services": { $0.map($1, $2) { $0.service($1, $2) } },
        "profiles": { $0.profiles($1, $2) },
        "deployment": { $0.map($1, $2) { $0.map($1, $2) { $0.use($1, $2) } } },
        "endpoints": { $0.endpoints($1, $2) },
        "include": { $0.list($1, $2) { $0.text($1, $2) } },
        "reclamation": { $0.object($1, $2, ["min_window": { $0.window($1, $2) }], required: ["min_window"]) },
      ],
      required: ["version", "services", "profiles", "deployment"]
    )
  }

  private mutating func use(_ view: JSONView, _ path: Path) {
    object(
      view,
      path,
      ["profile": { $0.text($1, $2) }, "count": { $0.whole($1, $2, 1...Double.greatestFiniteMagnitude) }],
      required: ["profile", "count"]
    )
  }

  private mutating func endpoints(_ view: JSONView, _ path: Path) {
    guard case .object(_, let fields) = view else { return noteType(view, path, wanted: "a mapping") }
    for field in fields {
      let at = path.key(field.key)
      guard Patterns.isEndpointName(field.key) else {
        note(.schemaUnknownKey, field.value, at, "\(quoted(field.key)) is not a name of an endpoint")
        continue
      }
      object(field.value, at, ["kind": { $0.choice($1, $2, ["ip"]) }], required: ["kind"])
    }
  }

  private mutating func window(_ view: JSONView, _ path: Path) {
    guard case .string(_, let text) = view else { return noteType(view, path, wanted: "a text") }
    if !Patterns.isWindow(text) {
      note(.schemaPattern, view, path, "\(quoted(text)) is not a whole number followed by s, m or h")
    }
  }

  // MARK: Services

  private mutating func service(_ view: JSONView, _ path: Path) {
    let texts: Check = { $0.list($1, $2, orNull: true) { $0.text($1, $2) } }
    object(
      view,
      path,
      [
        "args": texts, "command": texts, "env": texts,
        "credentials": { $0.credentials($1, $2) },
        "dependencies": { $0.list($1, $2) { $0.object($1, $2, ["service": { $0.text($1, $2) }]) } },
        "expose": { $0.list($1, $2, orNull: true) { $0.expose($1, $2) } },
        "image": { $0.text($1, $2, minimum: 1) },
        "params": { $0.parameters($1, $2) },
      ],
      required: ["image"]
    )
  }

  private mutating func credentials(_ view: JSONView, _ path: Path) {
    object(
      view,
      path,
      [
        "email": { $0.text($1, $2, minimum: 5) }, "host": { $0.text($1, $2, minimum: 1) },
        "password": { $0.text($1, $2, minimum: 6) }, "username": { $0.text($1, $2, minimum: 1) },
      ],
      required: ["host", "username", "password"]
    )
  }

  private mutating func expose(_ view: JSONView, _ path: Path) {
    let port: Check = { $0.whole($1, $2, 1...65_535) }
    object(
      view,
      path,
      [
        "accept": { $0.list($1, $2) { $0.text($1, $2) } },
        "as": port, "port": port,
        "http_options": { $0.httpOptions($1, $2) },
        "proto": { $0.choice($1, $2, ["TCP", "UDP", "tcp", "udp"]) },
        "to": { $0.list($1, $2) { $0.target($1, $2) } },
      ],
      required: ["port"]
    )
  }

  private mutating func target(_ view: JSONView, _ path: Path) {
    object(
      view,
      path,
      [
        "global": { $0.flag($1, $2) }, "ip": { $0.text($1, $2, minimum: 1) }, "service": { $0.text($1, $2) },
      ]
    )
    guard case .object(_, let fields) = view,
      case .string(_, let address)? = fields.first(where: { $0.key == "ip" })?.value, !address.isEmpty
    else { return }
    if case .boolean(_, true)? = fields.first(where: { $0.key == "global" })?.value { return }
    note(.schemaRequired, view, path, "an address is given without global: true")
  }

  private mutating func httpOptions(_ view: JSONView, _ path: Path) {
    let free: Check = { $0.whole($1, $2, 0...Double.greatestFiniteMagnitude) }
    object(
      view,
      path,
      [
        "max_body_size": { $0.whole($1, $2, 0...104_857_600) },
        "next_cases": { $0.nextCases($1, $2) },
        "next_timeout": free, "next_tries": free,
        "proxy_buffer_size": { $0.whole($1, $2, 0...1_048_576) },
        "read_timeout": { $0.whole($1, $2, 0...60_000) },
        "send_timeout": { $0.whole($1, $2, 0...60_000) },
      ]
    )
  }

  private mutating func nextCases(_ view: JSONView, _ path: Path) {
    let cases = ["error", "timeout", "500", "502", "503", "504", "403", "404", "429", "off"]
    list(view, path) { $0.choice($1, $2, cases) }
    guard case .array(_, let items) = view, items.count > 1 else { return }
    let hasOff = items.contains { if case .string(_, "off") = $0 { true } else { false } }
    if hasOff { note(.schemaValue, view, path, "off is combined with other cases") }
  }

  private mutating func parameters(_ view: JSONView, _ path: Path) {
    object(
      view,
      path,
      [
        "storage": { checker, view, path in
          checker.map(view, path) {
            $0.object($1, $2, ["mount": { $0.mount($1, $2) }, "readOnly": { $0.flag($1, $2) }])
          }
        },
        "permissions": {
          $0.object(
            $1,
            $2,
            ["read": { $0.list($1, $2) { $0.choice($1, $2, ["deployment", "logs", "events"]) } }]
          )
        },
        "tee": { $0.choice($1, $2, ["cpu", "cpu-gpu"]) },
      ]
    )
  }

  private mutating func mount(_ view: JSONView, _ path: Path) {
    text(view, path, minimum: 1)
    guard case .string(_, let text) = view, !text.isEmpty, text.utf8.first != UInt8(ascii: "/") else {
      return
    }
    note(.schemaPattern, view, path, "\(quoted(text)) does not begin with /")
  }
}
