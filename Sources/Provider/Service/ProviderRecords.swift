import Chain
import Foundation
import Primitives

/// The provider's files: the bid engine's reservations and bids, and a note for each lease. Each file is
/// replaced atomically.
struct ProviderRecords: Sendable {
  let folder: String

  init(folder: String) throws {
    self.folder = folder
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  private var engineFile: URL { URL(filePath: folder + "/market.bin") }
  private var notesFile: URL { URL(filePath: folder + "/leases.json") }

  /// Nil when no state was saved.
  func readEngine() -> [UInt8]? {
    (try? Data(contentsOf: engineFile)).map(Array.init)
  }

  func write(engine: [UInt8]) throws {
    try Data(engine).write(to: engineFile, options: .atomic)
  }

  func readNotes() throws -> [LeaseNote] {
    guard FileManager.default.fileExists(atPath: notesFile.path) else { return [] }
    return try JSONDecoder().decode([LeaseNote].self, from: Data(contentsOf: notesFile))
  }

  func write(notes: [LeaseNote]) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try encoder.encode(notes).write(to: notesFile, options: .atomic)
  }
}
