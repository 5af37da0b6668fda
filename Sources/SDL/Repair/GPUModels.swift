import Primitives

/// The NVIDIA models that providers offer, with the names that they use.
///
/// They are only used for advice; a model that is not listed can be requested too.
enum GPUModels {
  struct Model {
    let name: String
    /// The sizes of memory with which the model is sold, in GiB.
    let memory: [UInt64]
    let interfaces: [String]

    fileprivate init(_ name: String, _ memory: UInt64..., on interfaces: [String] = ["pcie"]) {
      self.name = name
      self.memory = memory
      self.interfaces = interfaces
    }
  }

  static let all: [Model] = datacentre + workstation + consumer

  private static let datacentre: [Model] = [
    Model("a2", 16), Model("a10", 24), Model("a10g", 24), Model("a16", 16, 64), Model("a30", 24),
    Model("a40", 48), Model("a100", 40, 80, on: ["pcie", "sxm"]), Model("b100", 192, on: ["sxm"]),
    Model("b200", 180, 183, 192, on: ["sxm"]), Model("b300", 288, on: ["sxm"]),
    Model("gb200", 192, on: ["sxm"]), Model("gh200", 96, 144, on: ["sxm"]),
    Model("h100", 80, 94, 96, on: ["pcie", "sxm"]), Model("h200", 141, on: ["pcie", "sxm"]),
    Model("h800", 80, on: ["pcie", "sxm"]), Model("k80", 12, 24), Model("l4", 24), Model("l40", 48),
    Model("l40s", 48), Model("m40", 12, 24), Model("m60", 8, 16), Model("p4", 8), Model("p40", 24),
    Model("p100", 12, 16, on: ["pcie", "sxm"]), Model("t4", 16), Model("t4g", 16),
    Model("v100", 16, 32, on: ["pcie", "sxm"]),
  ]

  private static let workstation: [Model] = [
    Model("rtx4000", 8), Model("rtx5000", 16), Model("rtx6000", 24), Model("rtx8000", 48),
    Model("rtxa2000", 6, 12), Model("rtxa4000", 16), Model("rtxa4500", 20), Model("rtxa5000", 24),
    Model("rtxa5500", 24), Model("rtxa6000", 48), Model("rtx2000ada", 16), Model("rtx4000ada", 20),
    Model("rtx4500ada", 24), Model("rtx5000ada", 32), Model("rtx6000ada", 48), Model("pro6000se", 96),
    Model("pro6000we", 96),
  ]

  private static let consumer: [Model] = [
    Model("gtx1050", 2, 3), Model("gtx1050ti", 4), Model("gtx1060", 3, 6), Model("gtx1070", 8),
    Model("gtx1070ti", 8), Model("gtx1080", 8), Model("gtx1080ti", 11), Model("gtx1650", 4),
    Model("gtx1650ti", 4), Model("gtx1660", 6), Model("gtx1660ti", 6), Model("rtx2060", 6, 12),
    Model("rtx2070", 8), Model("rtx2080", 8), Model("rtx2080ti", 11, 22), Model("rtx3050", 4, 6, 8),
    Model("rtx3060", 8, 12), Model("rtx3060ti", 8), Model("rtx3070", 8), Model("rtx3070ti", 8),
    Model("rtx3080", 10, 12), Model("rtx3080ti", 12), Model("rtx3090", 24), Model("rtx3090ti", 24),
    Model("rtx4060", 8), Model("rtx4060ti", 8, 16), Model("rtx4070", 12), Model("rtx4070ti", 12),
    Model("rtx4080", 16), Model("rtx4090", 24), Model("rtx5060", 8), Model("rtx5060ti", 8, 16),
    Model("rtx5070", 12), Model("rtx5070ti", 16), Model("rtx5080", 16), Model("rtx5090", 32),
    Model("titanrtx", 24), Model("titanv", 12), Model("titanxp", 12),
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
