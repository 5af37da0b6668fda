import Chain
import Cryptography
import Foundation
import Primitives
import Testing

@testable import Simulator

/// Everything in `conformance/consensus`, in one table.
@Suite struct ConsensusConformanceTests {
  private struct Row {
    var file: String
    var cases: Int
    var agreed: Int
  }

  @Test func `Every case of every file agrees`() throws {
    let folder = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "../shared/conformance/consensus").standardizedFileURL
    let rows = [
      try signatures(folder.appending(path: "ed25519_edges.json")),
      try rotation(folder.appending(path: "proposer_priority.json")),
      try delays(folder.appending(path: "regions.txt")),
    ]
    print("conformance/consensus\n  cases  agreed  differing  file")
    for row in rows {
      print("  \(pad(row.cases, 5))  \(pad(row.agreed, 6))  \(pad(row.cases - row.agreed, 9))  \(row.file)")
      #expect(row.cases == row.agreed, "\(row.file)")
    }
    // A file that nobody reads would be missed.
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    #expect(names == rows.map(\.file))
    #expect(rows.map(\.cases) == [30, 127, 200])
  }

  private func pad(_ number: Int, _ width: Int) -> String {
    let text = String(number)
    return String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private struct Edges: Decodable {
    struct Case: Decodable {
      let pk: String
      let msg: String
      let sig: String
      let libsodium: Bool
    }

    let cases: [Case]
  }

  /// Odd signatures and keys, judged as libsodium judges them.
  private func signatures(_ file: URL) throws -> Row {
    let cases = try JSONDecoder().decode(Edges.self, from: Data(contentsOf: file)).cases
    let agreed = cases.count { edge in
      guard let keyBytes = Hex.decode(edge.pk), let message = Hex.decode(edge.msg),
        let signatureBytes = Hex.decode(edge.sig), let key = PublicKey(keyBytes),
        let signature = Signature(signatureBytes)
      else { return false }
      return key.verifies(signature, of: message) == edge.libsodium
    }
    return Row(file: file.lastPathComponent, cases: cases.count, agreed: agreed)
  }

  /// Each recorded step is a case.
  private func rotation(_ file: URL) throws -> Row {
    let cases = try JSONDecoder().decode(RotationVectors.File.self, from: Data(contentsOf: file)).cases
    var row = Row(file: file.lastPathComponent, cases: 0, agreed: 0)
    for entry in cases {
      row.cases += entry.log.count
      row.agreed += try RotationVectors().replay(entry)
    }
    return row
  }

  /// The simulator's delays are the measured ones: means and deviations of ten by ten regions.
  private func delays(_ file: URL) throws -> Row {
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
      .filter { !$0.hasPrefix("#") }
    let count = try #require(lines.first.flatMap { Int($0) })
    let values = lines.dropFirst().flatMap { line in
      line.split(separator: " ").compactMap { Double($0) }.map { UInt64(($0 * 100).rounded()) }
    }
    let own = DelayModel.means + DelayModel.deviations
    let agreed = zip(values, own).count { $0 == $1 }
    #expect(count == DelayModel.count && values.count == own.count)
    return Row(file: file.lastPathComponent, cases: values.count, agreed: agreed)
  }
}
