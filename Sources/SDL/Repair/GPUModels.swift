import Primitives

/// The NVIDIA models that providers offer, with the names that they use.
///
/// They are only used for advice; a model that is not listed can be requested too.
enum GPUModels {
  struct Model {
    var name: String
    /// In GiB, as sold.
    var memory: [UInt64]
    var interfaces: [String] = ["pcie"]
  }

  static let all: [Model] = datacentre + workstation + consumer

  private static let datacentre: [Model] = [
    Model(name: "a2", memory: [16]), Model(name: "a10", memory: [24]), Model(name: "a10g", memory: [24]),
    Model(name: "a16", memory: [16, 64]), Model(name: "a30", memory: [24]), Model(name: "a40", memory: [48]),
    Model(name: "a100", memory: [40, 80], interfaces: ["pcie", "sxm"]),
    Model(name: "b100", memory: [192], interfaces: ["sxm"]),
    Model(name: "b200", memory: [180, 183, 192], interfaces: ["sxm"]),
    Model(name: "b300", memory: [288], interfaces: ["sxm"]),
    Model(name: "gb200", memory: [192], interfaces: ["sxm"]),
    Model(name: "gh200", memory: [96, 144], interfaces: ["sxm"]),
    Model(name: "h100", memory: [80, 94, 96], interfaces: ["pcie", "sxm"]),
    Model(name: "h200", memory: [141], interfaces: ["pcie", "sxm"]),
    Model(name: "h800", memory: [80], interfaces: ["pcie", "sxm"]),
    Model(name: "k80", memory: [12, 24]), Model(name: "l4", memory: [24]), Model(name: "l40", memory: [48]),
    Model(name: "l40s", memory: [48]), Model(name: "m40", memory: [12, 24]),
    Model(name: "m60", memory: [8, 16]), Model(name: "p4", memory: [8]), Model(name: "p40", memory: [24]),
    Model(name: "p100", memory: [12, 16], interfaces: ["pcie", "sxm"]), Model(name: "t4", memory: [16]),
    Model(name: "t4g", memory: [16]),
    Model(name: "v100", memory: [16, 32], interfaces: ["pcie", "sxm"]),
  ]

  private static let workstation: [Model] = [
    Model(name: "rtx4000", memory: [8]), Model(name: "rtx5000", memory: [16]),
    Model(name: "rtx6000", memory: [24]), Model(name: "rtx8000", memory: [48]),
    Model(name: "rtxa2000", memory: [6, 12]), Model(name: "rtxa4000", memory: [16]),
    Model(name: "rtxa4500", memory: [20]), Model(name: "rtxa5000", memory: [24]),
    Model(name: "rtxa5500", memory: [24]), Model(name: "rtxa6000", memory: [48]),
    Model(name: "rtx2000ada", memory: [16]), Model(name: "rtx4000ada", memory: [20]),
    Model(name: "rtx4500ada", memory: [24]), Model(name: "rtx5000ada", memory: [32]),
    Model(name: "rtx6000ada", memory: [48]), Model(name: "pro6000se", memory: [96]),
    Model(name: "pro6000we", memory: [96]),
  ]

  private static let consumer: [Model] = [
    Model(name: "gtx1050", memory: [2, 3]), Model(name: "gtx1050ti", memory: [4]),
    Model(name: "gtx1060", memory: [3, 6]), Model(name: "gtx1070", memory: [8]),
    Model(name: "gtx1070ti", memory: [8]), Model(name: "gtx1080", memory: [8]),
    Model(name: "gtx1080ti", memory: [11]), Model(name: "gtx1650", memory: [4]),
    Model(name: "gtx1650ti", memory: [4]), Model(name: "gtx1660", memory: [6]),
    Model(name: "gtx1660ti", memory: [6]), Model(name: "rtx2060", memory: [6, 12]),
    Model(name: "rtx2070", memory: [8]), Model(name: "rtx2080", memory: [8]),
    Model(name: "rtx2080ti", memory: [11, 22]), Model(name: "rtx3050", memory: [4, 6, 8]),
    Model(name: "rtx3060", memory: [8, 12]), Model(name: "rtx3060ti", memory: [8]),
    Model(name: "rtx3070", memory: [8]), Model(name: "rtx3070ti", memory: [8]),
    Model(name: "rtx3080", memory: [10, 12]), Model(name: "rtx3080ti", memory: [12]),
    Model(name: "rtx3090", memory: [24]), Model(name: "rtx3090ti", memory: [24]),
    Model(name: "rtx4060", memory: [8]), Model(name: "rtx4060ti", memory: [8, 16]),
    Model(name: "rtx4070", memory: [12]), Model(name: "rtx4070ti", memory: [12]),
    Model(name: "rtx4080", memory: [16]), Model(name: "rtx4090", memory: [24]),
    Model(name: "rtx5060", memory: [8]), Model(name: "rtx5060ti", memory: [8, 16]),
    Model(name: "rtx5070", memory: [12]), Model(name: "rtx5070ti", memory: [16]),
    Model(name: "rtx5080", memory: [16]), Model(name: "rtx5090", memory: [32]),
    Model(name: "titanrtx", memory: [24]), Model(name: "titanv", memory: [12]),
    Model(name: "titanxp", memory: [12]),
  ]

  static func model(_ name: String) -> Model? {
    all.first { Name($0.name) == Name(name) }
  }

  /// The listed name of the model that `text` names differently, such as `RTX 4090`, `nvidia-a100` or `4090`.
  /// `isWhole` is false when the text says more than the name, as `a100-80gb` does.
  static func nearest(to text: String) -> (name: String, isWhole: Bool)? {
    var folded = String(
      decoding: text.utf8.prefix(60).map(NumberSyntax.lowercased).filter { !"-_. /".utf8.contains($0) },
      as: UTF8.self
    )
    for word in ["nvidia", "geforce", "quadro", "tesla"] where folded.hasPrefix(word) {
      folded.removeFirst(word.count)
    }
    var isWhole = true
    for suffix in memorySuffixes where folded.hasSuffix(suffix) {
      folded.removeLast(suffix.count)
      isWhole = false
      break
    }
    for interface in ["sxm2", "sxm3", "sxm4", "sxm5", "sxm", "pcie", "nvl"] where folded.hasSuffix(interface)
    {
      folded.removeLast(interface.count)
      isWhole = false
      break
    }
    for prefix in ["", "rtx", "gtx", "rtxa"] where !folded.isEmpty && prefix + folded != text {
      if let model = model(prefix + folded) { return (model.name, isWhole) }
    }
    return nil
  }

  /// A listed model whose name differs from the text by a typing mistake.
  static func similar(to text: String) -> String? {
    let name = Spelling.nearest(to: text, among: all.map(\.name))
    return name.flatMap { Name($0) == Name(text) ? nil : $0 }
  }

  private static let memorySuffixes = [
    "80gb", "40gb", "48gb", "32gb", "24gb", "16gb", "94gb", "141gb", "12gb", "8gb",
  ]
}
