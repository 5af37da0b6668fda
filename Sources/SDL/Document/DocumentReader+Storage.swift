import Chain
import Primitives

extension DocumentReader {
  static let storageClasses = ["default", "beta1", "beta2", "beta3", "ram"]

  /// Reads one volume as a mapping, or a list of volumes.
  mutating func readStorage(_ place: Place) -> Slot<[VolumeSource]> {
    guard !isNull(place) else { return .absent }
    guard let target = resolve(place) else { return .broken }
    var volumes: [VolumeSource] = []
    switch yaml[target].kind {
    case .sequence:
      for (position, item) in yaml[target].children.enumerated() {
        let item = Place(node: item, path: place.path.item(position))
        guard var volume = readVolume(item) else { return .broken }
        if volume.name.value.isEmpty { volume.name.value = "default" }
        volumes.append(volume)
      }
    case .mapping:
      guard var volume = readVolume(place) else { return .broken }
      volume.name.value = "default"
      volumes = [volume]
    case .scalar, .alias: return .absent
    }
    var names: Set<Name> = []
    for name in volumes.map(\.name) where !names.insert(Name(name.value)).inserted {
      report(.storageNameDuplicate, name.place, "a volume named \(quoted(name.value)) is there already")
    }
    GoStableSort.sort(&volumes, by: Self.comesBefore)
    return volumes.isEmpty ? .absent : .present(volumes)
  }

  private mutating func readVolume(_ place: Place) -> VolumeSource? {
    var volume = VolumeSource(name: Located("", place.key("name")), bytes: Located(0, place.key("size")))
    guard let fields = fields(place, wanted: "a mapping with size") else { return nil }
    for field in fields {
      switch field.key {
      case "name": volume.name = text(field.place)
      case "size": volume.bytes = size(field.place)
      case "attributes": volume.attributes = readStorageAttributes(field.place)
      default: break
      }
    }
    return volume
  }

  private mutating func readStorageAttributes(_ place: Place) -> [Attribute] {
    guard !isNull(place), let fields = fields(place) else { return [] }
    var values: [String: Located<String>] = [:]
    var keys: [String: Int] = [:]
    for field in fields {
      values[field.key] = text(field.place)
      keys[field.key] = field.keyNode
    }
    guard values.values.allSatisfy(\.isSound) else { return [] }
    let persistent = values["persistent"] ?? Located("false", place.key("persistent"))
    var storageClass = values["class"] ?? Located("", place.key("class"))
    checkStorageClass(storageClass, persistent)
    for field in fields where field.key != "persistent" && field.key != "class" {
      let nearest = suggestions(for: field.key, among: ["persistent", "class"])
      let at = place.key(field.key, in: keys[field.key])
      report(.storageAttributeUnknown, at, "\(quoted(field.key)) is not an attribute of storage", nearest)
    }
    if storageClass.value.isEmpty, persistent.value == "true" { storageClass.value = "default" }
    var attributes: [Attribute] = []
    if values["class"] != nil || !storageClass.value.isEmpty {
      let name = storageClass.value
      attributes.append(Attribute(key: "class", value: name))
      if !Self.storageClasses.contains(name) {
        let nearest = suggestions(for: name, among: Self.storageClasses)
        let isSame = Spelling.isSame(nearest.first ?? "", name)
        let message = "\(quoted(name)) is not a class of storage"
        report(.storageClassUnknown, storageClass.place, message, nearest, isFix: isSame)
      }
    }
    attributes.append(Attribute(key: "persistent", value: unified(persistent)))
    return attributes
  }

  /// Checks that a volume's class and `persistent` fit together. Both are given as written: `yes` is not yet
  /// `true`.
  private mutating func checkStorageClass(_ storageClass: Located<String>, _ persistent: Located<String>) {
    switch (storageClass.value, persistent.value) {
    case ("", _), ("ram", "false"): break
    case ("ram", _):
      let message = "a volume of class ram cannot be persistent"
      report(.storageRAMPersistent, persistent.place, message, ["persistent: false"])
    case (let name, "false"):
      let message = "class \(quoted(name)) is given to a volume that is not persistent"
      report(.storageClassNeedsPersistent, storageClass.place, message, ["persistent: true", "no class"])
    default: break
    }
  }

  private mutating func unified(_ persistent: Located<String>) -> String {
    let written = persistent.value
    switch written {
    case "true", "on", "yes": return "true"
    case "false", "off", "no": return "false"
    default:
      let lower = NumberSyntax.lowercased(written)
      let isKnown = ["true", "false", "on", "off", "yes", "no"].contains(lower)
      let message = "\(quoted(written)) is neither true nor false"
      let words = isKnown ? [lower] : ["true", "false"]
      report(.storageAttributePersistent, persistent.place, message, words, isFix: isKnown)
      return written
    }
  }

  /// The comparison by which Akash's parser sorts volumes. It is inconsistent: when two volumes have the
  /// same size, and both have no attribute `persistent` or both have `false`, each comes before the other.
  private static func comesBefore(_ left: VolumeSource, _ right: VolumeSource) -> Bool {
    if left.bytes.value != right.bytes.value { return left.bytes.value < right.bytes.value }
    let (mine, other) = (left.attribute("persistent"), right.attribute("persistent"))
    switch (mine, other) {
    case (nil, .some): return true
    case (.some(let mine), .some(let other)) where Name(mine) < Name(other): return true
    case (.some, nil): return false
    default: break
    }
    if mine != "true" { return true }
    if other != "true" { return false }
    return Name(left.name.value) < Name(right.name.value)
  }
}
