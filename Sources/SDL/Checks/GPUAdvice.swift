// Warnings about GPU requests that are legal but that no provider fulfils: such an order would wait forever,
// without an error.
extension DocumentReader {
  /// Checks the GPU requests of all compute profiles, used or not.
  mutating func adviseOnGPUs(_ document: SourceDocument) {
    for (_, compute) in document.computeProfiles.entries {
      guard let gpu = compute.resources.value?.gpu.value, gpu.hasSoundAttributes else { continue }
      let path = compute.path.key("resources").key("gpu").key("attributes").key("vendor")
      for vendor in gpu.otherVendors where !gpu.namesNvidia {
        warn(
          .gpuVendorIgnored,
          vendor.node,
          path.key(vendor.value),
          "the vendor \(quoted(vendor.value)) is not read, so any nvidia model is asked for",
          suggestions: ["nvidia"]
        )
      }
      for model in gpu.models { advise(model) }
    }
  }

  private mutating func advise(_ source: GPUModelSource) {
    let name = source.model.value
    guard name != "*", !name.isEmpty, !log.isFull else { return }
    let path = source.path.key("model")
    guard let model = GPUModels.model(name) else {
      if let nearest = GPUModels.nearest(to: name) {
        warn(
          .gpuModelSpelling,
          source.model.node,
          path,
          "\(quoted(name)) is listed under another name",
          suggestions: [nearest.name],
          edits: nearest.isWhole ? replace(source.model.node, with: nearest.name) : []
        )
      } else if let similar = GPUModels.similar(to: name) {
        warn(
          .gpuModelUnknown,
          source.model.node,
          path,
          "\(quoted(name)) is not a known model",
          suggestions: [similar]
        )
      } else {
        warn(.gpuModelUnknown, source.model.node, path, "\(quoted(name)) is not a known model")
      }
      return
    }
    if let memory = source.memory, !model.memory.contains(memory.value) {
      let sizes = model.memory.map { "\($0)Gi" }
      warn(
        .gpuMemoryUnknown,
        memory.node,
        source.path.key("ram"),
        "\(quoted(name)) is made with \(sizes.joined(separator: ", ")), not with \(memory.value)Gi",
        suggestions: sizes
      )
    }
    if let interface = source.interface, !model.interfaces.contains(interface.value) {
      warn(
        .gpuInterfaceUnknown,
        interface.node,
        source.path.key("interface"),
        "\(quoted(name)) is not made with the interface \(interface.value)",
        suggestions: model.interfaces
      )
    }
  }

  private mutating func warn(
    _ rule: Rule,
    _ node: Int,
    _ path: Path,
    _ message: String,
    suggestions: [String] = [],
    edits: [TextEdit] = []
  ) {
    log.add(
      Finding(
        rule: rule,
        severity: .warning,
        position: yaml[node].position,
        path: path.text,
        message: message,
        suggestions: suggestions,
        edits: edits
      )
    )
  }
}
