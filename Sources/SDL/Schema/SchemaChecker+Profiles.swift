extension SchemaChecker {
  mutating func profiles(_ view: JSONView, _ path: Path) {
    object(
      view,
      path,
      [
        "compute": { checker, view, path in
          checker.map(view, path) {
            $0.object($1, $2, ["resources": { $0.resources($1, $2) }], required: ["resources"])
          }
        },
        "placement": { $0.map($1, $2) { $0.placement($1, $2) } },
      ],
      required: ["compute", "placement"]
    )
  }

  private mutating func resources(_ view: JSONView, _ path: Path) {
    object(
      view,
      path,
      [
        "cpu": {
          $0.object(
            $1,
            $2,
            ["attributes": { $0.anyObject($1, $2) }, "units": { $0.cpuUnits($1, $2) }],
            required: ["units"]
          )
        },
        "gpu": { $0.gpu($1, $2) },
        "memory": { $0.object($1, $2, ["size": { $0.text($1, $2) }], required: ["size"]) },
        "storage": { checker, view, path in
          if case .array = view {
            checker.list(view, path) { $0.volume($1, $2) }
          } else {
            checker.volume(view, path)
          }
        },
      ],
      required: ["cpu", "memory", "storage"]
    )
  }

  private mutating func cpuUnits(_ view: JSONView, _ path: Path) {
    switch view {
    case .number(_, let number):
      if number <= 0 { note(.schemaRange, view, path, "\(Self.describe(view)) is not above 0") }
    case .string(_, let text):
      if !Patterns.isCPU(text) {
        note(.schemaPattern, view, path, "\(quoted(text)) is not an amount of cpu above 0")
      }
    default:
      noteType(view, path, wanted: "a number or a text")
    }
  }

  private mutating func gpu(_ view: JSONView, _ path: Path) {
    object(
      view,
      path,
      [
        "attributes": { $0.object($1, $2, ["vendor": { $0.vendor($1, $2) }]) },
        "units": { checker, view, path in
          switch view {
          case .number, .string: break
          default: checker.noteType(view, path, wanted: "a number or a text")
          }
        },
      ]
    )
    guard case .object(_, let fields) = view else { return }
    let units = fields.first { $0.key == "units" }?.value
    let hasAttributes = fields.contains { $0.key == "attributes" }
    let isAboveZero =
      switch units {
      case .number(_, let number): number > 0
      case .string(_, let text): !Patterns.isZero(text)
      default: false
      }
    if isAboveZero, !hasAttributes {
      note(.schemaRequired, view, path, "units above 0 are given without attributes")
    }
    if hasAttributes, !isAboveZero {
      note(.schemaValue, units ?? view, path, "attributes are given without units above 0")
    }
  }

  private mutating func vendor(_ view: JSONView, _ path: Path) {
    object(
      view,
      path,
      [
        "nvidia": { checker, view, path in
          checker.list(view, path, orNull: true) {
            $0.object(
              $1,
              $2,
              [
                "interface": { $0.choice($1, $2, ["pcie", "sxm"]) }, "model": { $0.text($1, $2) },
                "ram": { $0.text($1, $2) },
              ]
            )
          }
        }
      ]
    )
    if case .object(_, let fields) = view, fields.isEmpty {
      note(.schemaRequired, view, path, "no vendor is named")
    }
  }

  private mutating func volume(_ view: JSONView, _ path: Path) {
    object(
      view,
      path,
      [
        "attributes": { $0.storageAttributes($1, $2) }, "name": { $0.text($1, $2) },
        "size": { $0.text($1, $2) },
      ],
      required: ["size"]
    )
  }

  private mutating func storageAttributes(_ view: JSONView, _ path: Path) {
    object(
      view,
      path,
      [
        "class": { $0.text($1, $2) },
        "persistent": { checker, view, path in
          switch view {
          case .boolean, .string: break
          default: checker.noteType(view, path, wanted: "true, false or a text")
          }
        },
      ],
      required: ["class", "persistent"]
    )
    guard case .object(_, let fields) = view,
      case .string(_, let storageClass)? = fields.first(where: { $0.key == "class" })?.value
    else { return }
    let persistent = fields.first { $0.key == "persistent" }?.value
    let isPersistent =
      switch persistent {
      case .boolean(_, let flag): flag
      case .string(_, let text): text == "true"
      default: false
      }
    if storageClass == "ram", isPersistent {
      note(.schemaValue, view, path, "a volume of class ram is persistent")
    }
    if ["beta1", "beta2", "beta3", "default"].contains(storageClass), !isPersistent {
      note(.schemaValue, view, path, "a volume of class \(storageClass) is not persistent")
    }
  }

  // MARK: Placement

  private mutating func placement(_ view: JSONView, _ path: Path) {
    let texts: Check = { $0.list($1, $2) { $0.text($1, $2) } }
    object(
      view,
      path,
      [
        "attributes": { $0.anyObject($1, $2) },
        "pricing": { $0.map($1, $2) { $0.price($1, $2) } },
        "signedBy": { $0.object($1, $2, ["allOf": texts, "anyOf": texts]) },
      ],
      required: ["pricing"]
    )
  }

  private mutating func price(_ view: JSONView, _ path: Path) {
    object(
      view,
      path,
      [
        "amount": { $0.amount($1, $2) }, "denom": { $0.choice($1, $2, ["uakt", "uact"]) },
      ],
      required: ["denom", "amount"]
    )
  }

  private mutating func amount(_ view: JSONView, _ path: Path) {
    switch view {
    case .number(_, let number):
      if number < 0 { note(.schemaRange, view, path, "\(Self.describe(view)) is below 0") }
    case .string(_, let text):
      if !Patterns.isDecimal(text) {
        note(.schemaPattern, view, path, "\(quoted(text)) is not a decimal number")
      }
    default:
      noteType(view, path, wanted: "a number or a text")
    }
  }
}

/// The schema's regular expressions as functions.
enum Patterns {
  /// Digits, optionally followed by a point and digits.
  static func isDecimal(_ text: some StringProtocol) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count <= 2 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(NumberSyntax.isDigit) }
  }

  /// A decimal with no digit other than zero.
  static func isZero(_ text: some StringProtocol) -> Bool {
    isDecimal(text) && text.utf8.allSatisfy { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: ".") }
  }

  /// A decimal followed by letters; but not zero alone or zero followed by `m`.
  static func isCPU(_ text: String) -> Bool {
    var number = Array(text.utf8)[...]
    while let last = number.last, NumberSyntax.isLetter(last) { number = number.dropLast() }
    let decimal = String(decoding: number, as: UTF8.self)
    let suffix = String(decoding: Array(text.utf8).dropFirst(number.count), as: UTF8.self)
    return isDecimal(decimal) && !(isZero(decimal) && (suffix.isEmpty || suffix == "m"))
  }

  /// A whole number above zero without leading zeros, followed by s, m or h.
  static func isWindow(_ text: String) -> Bool {
    let digits = text.utf8.dropLast()
    guard let unit = text.utf8.last, "smh".utf8.contains(unit), let first = digits.first else { return false }
    return first != UInt8(ascii: "0") && digits.allSatisfy(NumberSyntax.isDigit)
  }

  /// A lower-case letter followed by at least one of lower-case letters, digits, `-` and `_`.
  static func isEndpointName(_ text: String) -> Bool {
    let isLower = UInt8(ascii: "a")...UInt8(ascii: "z")
    guard text.utf8.count >= 2, let first = text.utf8.first, isLower.contains(first) else { return false }
    return text.utf8.allSatisfy { isLower.contains($0) || NumberSyntax.isDigit($0) || "-_".utf8.contains($0) }
  }
}
