/// Metrics in Prometheus' text format, version 0.0.4.
public struct PrometheusText: Sendable {
  public enum Kind: String, Sendable {
    case counter = "counter"
    case gauge = "gauge"
  }

  public struct Sample: Sendable {
    public var labels: KeyValuePairs<String, String>
    public var value: UInt64

    public init(_ labels: KeyValuePairs<String, String>, _ value: UInt64) {
      self.labels = labels
      self.value = value
    }
  }

  public private(set) var text = ""

  public init() {}

  /// Adds a metric that has one value.
  public mutating func add(_ name: String, _ kind: Kind, _ help: String?, _ value: some BinaryInteger) {
    add(name, kind, help, [Sample([:], UInt64(clamping: value))])
  }

  /// Adds a metric with one value for each set of labels; adds nothing when `samples` is empty.
  public mutating func add(_ name: String, _ kind: Kind, _ help: String?, _ samples: [Sample]) {
    guard !samples.isEmpty else { return }
    if let help { text += "# HELP \(name) \(Self.escaped(help))\n" }
    text += "# TYPE \(name) \(kind.rawValue)\n"
    for sample in samples {
      let labels = sample.labels.map { "\($0.key)=\"\(Self.escaped($0.value, quotes: true))\"" }
      text += name + (labels.isEmpty ? "" : "{" + labels.joined(separator: ",") + "}") + " \(sample.value)\n"
    }
  }

  /// Escapes backslashes and line ends and, in label values, double quotes.
  private static func escaped(_ text: String, quotes: Bool = false) -> String {
    text.reduce(into: "") { escaped, character in
      switch character {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\"" where quotes: escaped += "\\\""
      default: escaped.append(character)
      }
    }
  }
}
