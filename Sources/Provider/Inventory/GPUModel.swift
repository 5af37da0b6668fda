/// A GPU model; devices and offers name one.
public struct GPUModel: Hashable, Sendable {
  public var vendor: String
  public var model: String
  /// The size of the memory, such as `80Gi`; may be empty.
  public var memory = ""
  /// The interface, `sxm` or `pcie`; may be empty.
  public var interface = ""
}

extension GPUModel: Comparable, CustomStringConvertible {
  /// Reads `vendor/<vendor>/model/<model>[/ram/<size>][/interface/<kind>]` without wildcards; nil for
  /// anything else.
  public init?(attributeKey key: String) {
    let parts = key.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count >= 4, parts.count.isMultiple(of: 2), parts[0] == "vendor", parts[2] == "model",
      !key.contains("*")
    else { return nil }
    self.init(vendor: parts[1], model: parts[3])
    for index in stride(from: 4, to: parts.count, by: 2) {
      switch parts[index] {
      case "ram": memory = parts[index + 1]
      case "interface": interface = parts[index + 1]
      default: return nil
      }
    }
  }

  /// The attribute key that names this model in resources, with all parts that are known.
  public var attributeKey: String {
    "vendor/\(vendor)/model/\(model)" + (memory.isEmpty ? "" : "/ram/" + memory)
      + (interface.isEmpty ? "" : "/interface/" + interface)
  }

  /// The form in price sheets, such as `nvidia/h100/80Gi/sxm`.
  public var description: String { "\(vendor)/\(model)/\(memory)/\(interface)" }

  /// Whether vendor and model are not empty, and every part has at most 32 characters, all of them allowed in
  /// attribute keys.
  var isLegal: Bool {
    let parts = [vendor, model, memory, interface]
    return !vendor.isEmpty && !model.isEmpty
      && parts.allSatisfy { part in
        part.utf8.count <= 32
          && part.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || "-._".utf8.contains(byte)
          }
      }
  }

  public static func < (left: GPUModel, right: GPUModel) -> Bool {
    left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
  }
}
