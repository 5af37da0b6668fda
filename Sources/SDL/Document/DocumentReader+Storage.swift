import Chain
import Primitives

extension DocumentReader {
  static let storageClasses = ["default", "beta1", "beta2", "beta3", "ram"]

  /// Reads one volume as a mapping, or a list of volumes.
  mutating func readStorage(_ index: Int, _ path: Path) -> Slot<[VolumeSource]> {
    guard !isNull(index) else { return .absent }
    guard let target = resolve(index, path) else { return .broken }
    var volumes: [VolumeSource] = []
    switch yaml[target].kind {
    case .sequence:
      for (position, item) in yaml[target].children.enumerated() {
        guard let volume = readVolume(item, path.item(position)) else { return .broken }
        volumes.append(volume)
        if volume.name.value.isEmpty { volumes[position].name.value = "default" }
      }
    case .mapping:
      guard var volume = readVolume(index, path) else { return .broken }
      volume.name.value = "default"
      volumes = [volume]
    case .scalar, .alias:
      return .absent
    }
    var names: Set<Name> = []
    for volume in volumes where !names.insert(Name(volume.name.value)).inserted {
      report(
        .storageNameDuplicate,
        volume.name.node,
        volume.path.key("name"),
        "a volume named \(quoted(volume.name.value)) is there already"
      )
    }
    ReferenceOrder.sort(&volumes, by: Self.comesBefore)
    return volumes.isEmpty ? .absent : .present(volumes)
  }

  private mutating func readVolume(_ index: Int, _ path: Path) -> VolumeSource? {
    var volume = VolumeSource(
      node: index,
      path: path,
      name: Located(value: "", node: index),
      bytes: Located(value: 0, node: index)
    )
    guard let fields = fields(index, path, wanted: "a mapping with size") else { return nil }
    for field in fields {
      let at = path.key(field.key)
      switch field.key {
      case "name": volume.name = text(field.value, at)
      case "size": volume.bytes = size(field.value, at)
      case "attributes": volume.attributes = readStorageAttributes(field.value, at)
      default: break
      }
    }
    return volume
  }

  private mutating func readStorageAttributes(_ index: Int, _ path: Path) -> [Attribute] {
    guard !isNull(index), let fields = fields(index, path) else { return [] }
    var values: [String: (text: Located<String>, key: Int)] = [:]
    var order: [String] = []
    for field in fields {
      values[field.key] = (text(field.value, path.key(field.key)), field.keyNode)
      order.append(field.key)
    }
    guard values.values.allSatisfy(\.text.isSound) else { return [] }
    let persistent = values["persistent"]?.text.value ?? "false"
    var storageClass = values["class"]?.text.value
    checkStorageClass(storageClass ?? "", persistent, values, index, path)
    if storageClass ?? "" == "", persistent == "true" { storageClass = "default" }

    var attributes: [Attribute] = []
    for key in order where key != "persistent" && key != "class" {
      report(
        .storageAttributeUnknown,
        values[key]?.key ?? index,
        path.key(key),
        "\(quoted(key)) is not an attribute of storage",
        suggestions: Spelling.nearest(to: key, among: ["persistent", "class"]).map { [$0] } ?? []
      )
    }
    if let storageClass {
      attributes.append(Attribute(key: "class", value: storageClass))
      let node = values["class"]?.text.node ?? index
      if !Self.storageClasses.contains(storageClass) {
        let nearest = Spelling.nearest(to: storageClass, among: Self.storageClasses)
        let isSame = nearest.map { Spelling.isSame($0, storageClass) } ?? false
        report(
          .storageClassUnknown,
          node,
          path.key("class"),
          "\(quoted(storageClass)) is not a class of storage",
          suggestions: nearest.map { [$0] } ?? [],
          edits: isSame ? replace(node, with: nearest ?? "") : []
        )
      }
    }
    attributes.append(
      Attribute(key: "persistent", value: unified(persistent, values["persistent"]?.text.node ?? index, path))
    )
    return attributes
  }

  /// The values are compared as they are written, before `yes` and `on` become `true`.
  private mutating func checkStorageClass(
    _ storageClass: String,
    _ persistent: String,
    _ values: [String: (text: Located<String>, key: Int)],
    _ index: Int,
    _ path: Path
  ) {
    let persistentNode = values["persistent"]?.text.node ?? index
    switch storageClass {
    case "":
      break
    case "ram":
      guard persistent != "false" else { return }
      report(
        .storageRAMPersistent,
        persistentNode,
        path.key("persistent"),
        "a volume of class ram cannot be persistent",
        suggestions: ["persistent: false"]
      )
    default:
      guard persistent == "false" else { return }
      report(
        .storageClassNeedsPersistent,
        values["class"]?.text.node ?? index,
        path.key("class"),
        "class \(quoted(storageClass)) is given to a volume that is not persistent",
        suggestions: ["persistent: true", "no class"]
      )
    }
  }

  private mutating func unified(_ persistent: String, _ node: Int, _ path: Path) -> String {
    switch persistent {
    case "true", "on", "yes": return "true"
    case "false", "off", "no": return "false"
    default:
      let lower = String(decoding: persistent.utf8.map(NumberSyntax.lowercased), as: UTF8.self)
      let nearest = ["true", "false", "on", "off", "yes", "no"].contains(lower) ? lower : nil
      report(
        .storageAttributePersistent,
        node,
        path.key("persistent"),
        "\(quoted(persistent)) is neither true nor false",
        suggestions: nearest.map { [$0] } ?? ["true", "false"],
        edits: nearest.map { replace(node, with: $0) } ?? []
      )
      return persistent
    }
  }

  /// The comparison by which Akash's parser sorts volumes. It is inconsistent: of two volumes with the same
  /// size that are not persistent, each comes before the other.
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
