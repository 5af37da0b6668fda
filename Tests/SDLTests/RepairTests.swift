import Testing

@testable import SDL

@Suite struct RepairTests {
  @Test(arguments: [
    ("size: 512Mi", "size: 16GB # much", "size: 16Gi # much"),
    ("size: 512Mi", "size: \"1gi\"", "size: \"1Gi\""),
    ("size: 512Mi", "size: '1 Gi'", "size: '1Gi'"), ("size: 512Mi", "size: 1,5Gi", "size: 1.5Gi"),
    ("units: 1", "units: 100M", "units: 100m"), ("units: 1", "units: 2 cores", "units: 2"),
    ("port: 80", "port: \"80\"", "port: 80"),
    ("port: 80", "proto: HTTP\n        port: 80", "proto: tcp\n        port: 80"),
    ("amount: 1000", "amount: 1e3", "amount: 1000"), ("amount: 1000", "amount: 1_000", "amount: 1000"),
    ("amount: 1000", "amount: .5", "amount: 0.5"),
    (
      "port: 80", "port: 80\n        accept: [https://Example.com/]",
      "port: 80\n        accept: [example.com]"
    ),
    ("          - global: true", "          global: true", "          - global: true"),
    ("deployment:", "deployments:", "deployment:"),
    (
      "image: nginx", "image: nginx\n    env:\n      - A: b\n      - C: \"d e\"",
      "image: nginx\n    env:\n      - A=b\n      - \"C=d e\""
    ),
    (
      "image: nginx", "image: nginx\n    env:\n      A: b\n      C: 1",
      "image: nginx\n    env:\n      - A=b\n      - C=1"
    ),
  ])
  func `a legal spelling is written in place of an illegal one`(
    _ place: String,
    _ wrong: String,
    _ right: String
  ) throws {
    let repair = Repair(DeploymentFile(text: try Sample.replacing(place, with: wrong)))
    #expect(String(decoding: repair.source, as: UTF8.self) == (try Sample.replacing(place, with: right)))
    #expect(repair.file.isAccepted)
    #expect(!repair.changes.isEmpty)
  }

  @Test func `what needs a decision stays, and an accepted file is not touched`() throws {
    for text in [Sample.text, try Sample.replacing("size: 512Mi", with: "size: a lot")] {
      let repair = Repair(DeploymentFile(text: text))
      #expect(repair.changes == [])
      #expect(repair.source == Array(text.utf8))
    }
  }

  @Test func `a value that aliases repeat is corrected where it is written, once`() throws {
    let text = try Sample.replacing("size: 512Mi", with: "size: &s 2GB").replacing(
      "size: 1Gi",
      with: "size: *s"
    )
    let repair = Repair(DeploymentFile(text: text))
    #expect(repair.changes.map(\.new) == ["2Gi"])
    #expect(repair.file.isAccepted)
    #expect(String(decoding: repair.source, as: UTF8.self) == text.replacing("2GB", with: "2Gi"))
  }

  @Test func `correcting a corrected file changes nothing, and only lines with a change differ`() throws {
    var corrected = 0
    for (example, file) in try Corpus.all() {
      let repair = Repair(file)
      let again = Repair(repair.file)
      #expect(again.changes == [], "\(example)")
      #expect(again.source == repair.source, "\(example)")
      if repair.changes.isEmpty {
        #expect(repair.source == example.source, "\(example)")
        continue
      }
      corrected += 1
      let (old, new) = (lines(example.source), lines(repair.source))
      #expect(old.count == new.count, "\(example)")
      let touched = Set(repair.changes.map(\.position.line))
      for (index, pair) in zip(old, new).enumerated() where pair.0 != pair.1 {
        // An assignment in a list may be reported at the list's line.
        #expect(
          touched.contains(index + 1) || touched.contains { $0 <= index + 1 },
          "\(example) line \(index + 1)"
        )
        #expect(comment(pair.0) == comment(pair.1), "\(example) line \(index + 1)")
      }
    }
    #expect(corrected > (Corpus.hasOthers ? 60 : 10))
  }

  @Test(.enabled(if: Corpus.hasOthers, "these files are other people's and not here"))
  func `most refused community files are accepted after correction`() throws {
    let refused = try Corpus.all().filter { $0.example.set == "community" && !$0.file.isAccepted }
    let accepted = refused.filter { Repair($0.file).file.isAccepted }
    #expect(refused.count == 16)
    #expect(accepted.count == 14)
  }

  private func lines(_ source: [UInt8]) -> [ArraySlice<UInt8>] {
    source.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
  }

  private func comment(_ line: ArraySlice<UInt8>) -> String {
    let text = String(decoding: line, as: UTF8.self)
    return text.firstRange(of: " #").map { String(text[$0.lowerBound...]) } ?? ""
  }
}
