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
