import Chain
import Cryptography
import Foundation
import Primitives
import Testing
import Vectors

@testable import Simulator

/// Everything in `Tests/Vectors/consensus`, in one table.
@Suite struct ConsensusConformanceTests {
  private struct Row {
    var file: String
    var cases: Int
    var agreed: Int
  }

  @Test func `every case of every file agrees`() throws {
    let rows = [
      try signatures("ed25519_edges.json"),
      try rotation("proposer_priority.json"),
      try delays("regions.txt"),
    ]
    print("vectors of consensus\n  cases  agreed  differing  file")
    for row in rows {
      print("  \(pad(row.cases, 5))  \(pad(row.agreed, 6))  \(pad(row.cases - row.agreed, 9))  \(row.file)")
      #expect(row.cases == row.agreed, "\(row.file)")
    }
    // A file that nobody reads would be missed.
    #expect(try Vectors.names(in: "consensus") == rows.map(\.file))
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
  private func signatures(_ file: String) throws -> Row {
    let cases = try Vectors.decode("consensus/\(file)", as: Edges.self).cases
    let agreed = cases.count { edge in
      guard let keyBytes = Hex.decode(edge.pk), let message = Hex.decode(edge.msg),
        let signatureBytes = Hex.decode(edge.sig), let key = PublicKey(keyBytes),
        let signature = Signature(signatureBytes)
      else { return false }
      return key.verifies(signature, of: message) == edge.libsodium
    }
    return Row(file: file, cases: cases.count, agreed: agreed)
  }

  /// Each recorded step is a case.
  private func rotation(_ file: String) throws -> Row {
    let cases = try Vectors.decode("consensus/\(file)", as: RotationVectors.File.self).cases
    var row = Row(file: file, cases: 0, agreed: 0)
    for entry in cases {
      row.cases += entry.log.count
      row.agreed += try RotationVectors().replay(entry)
    }
    return row
  }

  /// The simulator's delays are the measured ones: means and deviations of ten by ten regions.
  private func delays(_ file: String) throws -> Row {
    let lines = try Vectors.text("consensus/\(file)").split(separator: "\n")
      .filter { !$0.hasPrefix("#") }
    let count = try #require(lines.first.flatMap { Int($0) })
    let values = lines.dropFirst().flatMap { line in
      line.split(separator: " ").compactMap { Double($0) }.map { UInt64(($0 * 100).rounded()) }
    }
    let own = DelayModel.means + DelayModel.deviations
    let agreed = zip(values, own).count { $0 == $1 }
    #expect(count == DelayModel.count && values.count == own.count)
    return Row(file: file, cases: values.count, agreed: agreed)
  }
}
