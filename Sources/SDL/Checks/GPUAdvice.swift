// Warnings about GPU requests that are legal but that no provider fulfils: such an order would wait forever,
// without an error.
extension DocumentReader {
  /// Checks the GPU requests of all compute profiles, used or not.
  mutating func adviseOnGPUs(_ document: SourceDocument) {
    severity = .warning
    for (_, compute) in document.computeProfiles.entries {
      guard let gpu = compute.resources.value?.gpu.value, gpu.hasSoundAttributes else { continue }
      for vendor in gpu.otherVendors where !gpu.namesNvidia {
        let message = "the vendor \(quoted(vendor.value)) is not read, so any nvidia model is asked for"
        report(.gpuVendorIgnored, vendor.place, message, ["nvidia"])
      }
      for model in gpu.models { advise(model) }
    }
  }

  private mutating func advise(_ source: GPUModelSource) {
    let (name, place) = (source.model.value, source.model.place)
    guard name != "*", !name.isEmpty, !log.isFull else { return }
    guard let model = GPUModels.model(name) else {
      if let nearest = GPUModels.nearest(to: name) {
        let message = "\(quoted(name)) is listed under another name"
        report(.gpuModelSpelling, place, message, [nearest.name], isFix: nearest.isWhole)
      } else {
        let similar = GPUModels.similar(to: name).map { [$0] } ?? []
        report(.gpuModelUnknown, place, "\(quoted(name)) is not a known model", similar)
      }
      return
    }
    if let memory = source.memory, !model.memory.contains(memory.value) {
      let sizes = model.memory.map { "\($0)Gi" }
      let made = "is made with \(sizes.joined(separator: ", ")), not with \(memory.value)Gi"
      report(.gpuMemoryUnknown, memory.place, "\(quoted(name)) \(made)", sizes)
    }
    if let interface = source.interface, !model.interfaces.contains(interface.value) {
      let message = "\(quoted(name)) is not made with the interface \(interface.value)"
      report(.gpuInterfaceUnknown, interface.place, message, model.interfaces)
    }
  }
}
