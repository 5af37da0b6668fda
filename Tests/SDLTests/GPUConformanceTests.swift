import Chain
import Testing
import Vectors

@testable import SDL

/// What a deploy.yaml's `gpu` block becomes: the reference's cases, all of them.
@Suite struct GPUConformanceTests {
  private struct File: Decodable {
    struct Model: Decodable {
      var model: String?
      var ram: String?
      var interface: String?
    }

    struct Case: Decodable {
      var vendor: [String: [Model]?]?
      var attributes_absent: Bool?
      var units: UInt64
      var keys: [String]?
      var error: String?
    }

    var mainnet6: [Case]
    var since_v0_30_2: [Case]
    var since_v0_32_3: [Case]
  }

  private func file(_ item: File.Case) throws -> DeploymentFile {
    var attributes = "attributes: {}"
    if item.attributes_absent == true {
      attributes = ""
    } else if let vendor = item.vendor {
      let vendors = vendor.map { name, models -> String in
        guard let models else { return "\(name): " }
        let list = models.map { model in
          let parts = [("model", model.model), ("ram", model.ram), ("interface", model.interface)]
          return "{" + parts.compactMap { part in part.1.map { "\(part.0): \($0)" } }.joined(separator: ", ")
            + "}"
        }
        return "\(name): [\(list.joined(separator: ", "))]"
      }
      attributes = "attributes: {vendor: {\(vendors.joined(separator: ", "))}}"
    }
    let block = "gpu: {units: \(item.units)\(attributes.isEmpty ? "" : ", " + attributes)}"
    return DeploymentFile(text: try Sample.replacing("cpu:", with: block + "\n        cpu:"))
  }

  @Test func `a gpu block becomes the keys of the newest grammar, or is refused`() throws {
    let cases = try Vectors.decode("market/gpu_attribute_keys.json", as: File.self)
    for item in cases.mainnet6 + cases.since_v0_30_2 + cases.since_v0_32_3 {
      let file = try file(item)
      guard let keys = item.keys else {
        #expect(!file.errors.isEmpty, "\(item)")
        #expect(
          file.errors.allSatisfy { "\($0.rule)".lowercased().contains("gpu") || $0.path.contains("gpu") }
        )
        continue
      }
      #expect(file.errors.isEmpty, "\(item): \(file.errors)")
      // On purpose: memory is `ram/80Gi`, as since v0.30.2; the key of mainnet 6 was `80Gi` alone.
      let expected = keys.map { key in
        let parts = key.split(separator: "/")
        guard let last = parts.last, last.hasSuffix("Gi"), parts.dropLast().last != "ram" else { return key }
        return key.dropLast(last.count) + "ram/" + last
      }
      let found = file.deployment?.groups.first?.units.first?.resources.gpuAttributes ?? []
      #expect(found.map(\.key) == expected.sorted(), "\(item)")
      #expect(found.allSatisfy { $0.value == "true" })
    }
  }
}
