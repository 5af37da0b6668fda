import Chain
import Foundation
import Testing

@testable import Node

/// The networks that the program brings along.
@Suite struct DefinitionSourceTests {
  private static let networks = Program.repository.appending(path: "Network")

  @Test func `the program has every network of the folder Network, byte for byte`() throws {
    let manager = FileManager.default
    let folders = try manager.contentsOfDirectory(atPath: Self.networks.path).filter {
      manager.fileExists(atPath: Self.networks.appending(path: "\($0)/genesis.json").path)
    }
    #expect(DefinitionSource.names == folders.sorted())
    for name in folders {
      let folder = Self.networks.appending(path: name)
      let files = try manager.contentsOfDirectory(atPath: folder.path).filter { $0 != "README.md" }
      #expect(files.sorted() == DefinitionSource.files.sorted(), "of \(name)")
      for file in files {
        let written = try Data(contentsOf: folder.appending(path: file))
        #expect(DefinitionSource.builtIn[name]?[file] == written, "\(name)/\(file) differs: build again")
      }
      let (inside, outside) = (try NetworkDefinition(.builtIn(name)), try NetworkDefinition(at: folder))
      #expect(inside.genesis.digest == outside.genesis.digest && inside.seeds == outside.seeds)
    }
  }

  @Test func `copies of files that nobody may write can be written by their owner`() throws {
    let manager = FileManager.default
    let folder = manager.temporaryDirectory.appending(path: "definition-\(UUID().uuidString)")
    defer { try? manager.removeItem(at: folder) }
    let (source, target) = (folder.appending(path: "source"), folder.appending(path: "target"))
    try NetworkDefinition.copy(from: .builtIn("local"), to: source)
    for file in DefinitionSource.files {
      try manager.setAttributes(
        [.posixPermissions: 0o444],
        ofItemAtPath: source.appending(path: file).path
      )
    }
    try NetworkDefinition.copy(from: .folder(source), to: target)
    for file in DefinitionSource.files {
      let path = target.appending(path: file).path
      let permissions = try manager.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect((permissions ?? 0) & 0o200 != 0, "\(file)")
    }
  }

  @Test func `a name is that of a network, and a path that of a folder`() throws {
    #expect(try DefinitionSource.locate("local") == .builtIn("local"))
    let folder = Self.networks.appending(path: "local")
    #expect(try DefinitionSource.locate(folder.path).name == "local")
    #expect(try DefinitionSource.locate(folder.path) != .builtIn("local"))
    for wrong in ["lokal", "", "/nowhere", Self.networks.path] {
      let error = #expect(throws: DefinitionError.self) { try DefinitionSource.locate(wrong) }
      #expect(error?.remedy?.contains("local and mainnet-6") == true)
    }
  }
}
