public import Cryptography

extension Manifest {
  /// The largest manifest that is built or decoded, in bytes of its canonical form.
  public static let byteLimit = 4 << 20

  /// The bytes that are hashed: JSON without blanks, the keys of every object in byte order.
  public var canonicalJSON: [UInt8] { JSONWriter.canonical(json) }

  /// The JSON for people: keys in Akash's order, two blanks per level, no final line break.
  public var indentedJSON: [UInt8] { JSONWriter.indented(json) }

  /// SHA-256 of the canonical form; the chain stores it.
  public var hash: Digest { Digest.sha256(canonicalJSON) }
}

extension Deployment {
  /// The group specs as JSON for people, in Akash's order, without a final line break.
  public var groupsJSON: [UInt8] {
    let groups = zip(groups, emptyAuditorLists).map { $0.json(emptyAuditorLists: $1) }
    return JSONWriter.indented(.array(groups))
  }
}

extension ServiceExpose {
  /// Whether `left` comes before `right` in a manifest: by service, port and protocol; of equal ones, a
  /// global one first.
  static func comesBefore(_ left: ServiceExpose, _ right: ServiceExpose) -> Bool {
    if Name(left.service) != Name(right.service) { return Name(left.service) < Name(right.service) }
    if left.port != right.port { return left.port < right.port }
    if left.proto != right.proto { return Name(left.proto.rawValue) < Name(right.proto.rawValue) }
    return left.isGlobal && !right.isGlobal
  }
}
