/// A file in which illegal spellings are replaced by legal ones where the correction is certain.
///
/// Only the values are replaced; comments, order, quotes and layout stay. Values about which a person must
/// decide are not changed and remain findings.
public struct Repair: Sendable {
  /// One replacement, as reports list it.
  public struct Change: Hashable, Sendable {
    public var rule: Rule
    public var position: SourcePosition
    public var path: String
    public var old: String
    public var new: String
  }

  /// The most rounds of repair. Reading a repaired file can show further mistakes, which the next round
  /// repairs.
  private static let roundLimit = 8

  /// The repaired source; equal to the original when nothing was changed.
  public private(set) var source: [UInt8]
  public private(set) var changes: [Change] = []
  /// The result of reading the repaired source.
  public private(set) var file: DeploymentFile

  public init(_ file: DeploymentFile) {
    source = file.source
    self.file = file
    for _ in 0..<Self.roundLimit {
      guard let (repaired, changes) = Self.apply(self.file), let next = Self.read(repaired) else { return }
      source = repaired
      self.changes += changes
      self.file = next
    }
  }

  /// Reads a repaired source. Returns nil when it is not valid YAML any more; the repair is then discarded.
  private static func read(_ source: [UInt8]) -> DeploymentFile? {
    let file = DeploymentFile(source)
    return file.errors.contains { $0.rule == .yamlSyntax } ? nil : file
  }

  /// Applies the edits of one reading that do not overlap; nil when there is none.
  private static func apply(_ file: DeploymentFile) -> (source: [UInt8], changes: [Change])? {
    let edits = (file.errors + file.warnings)
      .flatMap { finding in finding.edits.map { (finding: finding, edit: $0) } }
      .sorted {
        ($0.edit.range.lowerBound, $0.edit.range.upperBound) < (
          $1.edit.range.lowerBound, $1.edit.range.upperBound
        )
      }
    var source: [UInt8] = []
    var changes: [Change] = []
    var position = 0
    var lastStart = -1
    for (finding, edit) in edits {
      guard edit.range.lowerBound >= position, edit.range.lowerBound > lastStart,
        edit.range.upperBound <= file.source.count
      else { continue }
      let old = file.source[edit.range]
      guard !old.elementsEqual(edit.replacement.utf8) else { continue }
      source += file.source[position..<edit.range.lowerBound]
      source += Array(edit.replacement.utf8)
      position = edit.range.upperBound
      lastStart = edit.range.lowerBound
      changes.append(
        Change(
          rule: finding.rule,
          position: finding.position,
          path: finding.path,
          old: String(decoding: old, as: UTF8.self),
          new: edit.replacement
        )
      )
    }
    guard !changes.isEmpty else { return nil }
    source += file.source[position...]
    return (source, changes)
  }
}
