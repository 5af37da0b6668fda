import Cryptography
import Testing

@testable import Storage

enum TestKeys {
  static let own = key(1)
  static let other = key(2)

  private static func key(_ number: UInt8) -> PublicKey {
    guard let key = SigningKey(seed: [UInt8](repeating: number, count: 32)) else { fatalError("a seed") }
    return key.publicKey
  }
}

func signature(_ number: UInt8) -> Signature {
  guard let signature = Signature([UInt8](repeating: number, count: 64)) else { fatalError("64 bytes") }
  return signature
}

@Suite struct SignerGuardTests {
  let folder = TemporaryFolder()
  var path: String { folder.path("signer") }

  private func open(
    certified: UInt64 = 0,
    at path: String? = nil,
    key: PublicKey = TestKeys.own
  ) throws(StorageError) -> SignerGuard {
    try SignerGuard(path: path ?? self.path, key: key, certifiedHeight: certified)
  }

  /// A new key's guard.
  private func made() throws(StorageError) -> SignerGuard {
    try SignerGuard.create(path: path, key: TestKeys.own)
    return try open()
  }

  /// A guard that has signed at height 1.
  private func settled() throws(StorageError) {
    var signer = try made()
    try signer.record(height: 1, round: 0, step: .prevote, signBytes: [1], signature: signature(1))
  }

  @Test func `signs each position once, in order, and gives the same signature for the same bytes`() throws {
    var signer = try made()
    let first = signer.admit(height: 1, round: 0, step: .proposal, signBytes: [1])
    #expect(first == .sign)
    try signer.record(height: 1, round: 0, step: .proposal, signBytes: [1], signature: signature(1))
    try signer.record(height: 1, round: 0, step: .precommit, signBytes: [2], signature: signature(2))
    let last = SignerPosition(height: 1, round: 0, step: .precommit)
    let cases: [(UInt64, UInt32, SignerStep, [UInt8], SignerAdmission)] = [
      (1, 0, .precommit, [2], .reuse(signature(2))),
      (1, 0, .proposal, [1], .reuse(signature(1))),
      (1, 0, .precommit, [3], .refuse(.conflict(last))),
      (1, 0, .prevote, [1], .refuse(.behind(last))),
      (0, 9, .precommit, [1], .refuse(.behind(last))),
      (1, 1, .proposal, [1], .sign),
      (1, 1, .prevote, [1], .sign),
      (2, 0, .proposal, [1], .sign),
    ]
    for (height, round, step, bytes, expected) in cases {
      let answer = signer.admit(height: height, round: round, step: step, signBytes: bytes)
      #expect(answer == expected, "\(step) \(height)/\(round)")
    }
  }

  @Test func `knows after every reopening what it signed, round the ring and further`() throws {
    try SignerGuard.create(path: path, key: TestKeys.own)
    for number in 0..<300 {
      var signer = try open()
      let quarantine = signer.quarantine
      #expect(quarantine == nil)
      let height = UInt64(number / 6 + 1)
      let round = UInt32(number / 3 % 2)
      let step = try #require(SignerStep(rawValue: UInt8(number % 3 + 1)))
      let bytes = [UInt8(number & 255), UInt8(number >> 8)]
      try signer.record(
        height: height,
        round: round,
        step: step,
        signBytes: bytes,
        signature: signature(UInt8(number & 255))
      )
      let again = try open()
      let same = again.admit(height: height, round: round, step: step, signBytes: bytes)
      let other = again.admit(height: height, round: round, step: step, signBytes: bytes + [1])
      let position = SignerPosition(height: height, round: round, step: step)
      #expect(same == .reuse(signature(UInt8(number & 255))))
      #expect(other == .refuse(.conflict(position)))
      let last = again.lastSigned?.position
      #expect(last == position)
    }
  }

  @Test func `recording what was not admitted is an error`() throws {
    var signer = try made()
    try signer.record(height: 1, round: 5, step: .prevote, signBytes: [1], signature: signature(1))
    do throws(StorageError) {
      try signer.record(height: 1, round: 4, step: .prevote, signBytes: [1], signature: signature(1))
      Issue.record("it was recorded")
    } catch {
      #expect(error == .refused(.behind(SignerPosition(height: 1, round: 5, step: .prevote))))
    }
  }

  @Test func `signs nothing at or below a certified height`() throws {
    try settled()
    var signer = try open(certified: 7)
    let below = signer.admit(height: 7, round: 0, step: .prevote, signBytes: [1])
    let above = signer.admit(height: 8, round: 0, step: .prevote, signBytes: [1])
    #expect(below == .refuse(.decided(7)))
    #expect(above == .sign)
    signer.recordCertificate(height: 9)
    signer.recordCertificate(height: 8)
    let later = signer.admit(height: 9, round: 0, step: .prevote, signBytes: [1])
    #expect(later == .refuse(.decided(9)))
  }

  @Test func `a new key's guard signs at any height, without a word of the operator`() throws {
    let signer = try made()
    let answers = [1, 5_000].map { signer.admit(height: $0, round: 0, step: .prevote, signBytes: [1]) }
    #expect(answers == [.sign, .sign])
  }

  @Test func `a copied guard refuses everything, at every start, and the original goes on`() throws {
    try settled()
    let twin = folder.path("twin")
    try copy(path, to: twin)
    for certified in [0, 7, 1_000_000] as [UInt64] {
      var signer = try open(certified: certified, at: twin)
      signer.recordCertificate(height: certified + 1)
      let new = signer.admit(height: certified + 2, round: 0, step: .prevote, signBytes: [1])
      let old = signer.admit(height: 1, round: 0, step: .prevote, signBytes: [1])
      #expect(new == .refuse(.quarantined(.copied)))
      #expect(old == .refuse(.quarantined(.copied)))
    }
    let original = try open().quarantine
    #expect(original == nil)
  }

  @Test func `a guard of another key refuses: the key was brought into this home`() throws {
    try settled()
    let signer = try open(key: TestKeys.other)
    let answer = signer.admit(height: 9, round: 0, step: .prevote, signBytes: [1])
    #expect(answer == .refuse(.quarantined(.otherKey)))
  }

  @Test func `a moved guard is the original`() throws {
    try settled()
    try Folder.rename(path, to: folder.path("elsewhere"))
    let quarantine = try open(at: folder.path("elsewhere")).quarantine
    #expect(quarantine == nil)
  }

  @Test func `a restored older guard is a copy, even in the place of the removed one`() throws {
    try settled()
    try copy(path, to: folder.path("backup"))
    do {
      var signer = try open()
      try signer.record(height: 2, round: 0, step: .prevote, signBytes: [2], signature: signature(2))
    }
    try remove(path)
    try copy(folder.path("backup"), to: path)
    let quarantine = try open().quarantine
    #expect(quarantine == .copied)
  }

  @Test func `a backup that is written back into the same file is a copy`() throws {
    try settled()
    let backup = try contents(of: path)
    do {
      var signer = try open()
      try signer.record(height: 2, round: 0, step: .prevote, signBytes: [2], signature: signature(2))
    }
    try overwrite(path, backup)
    let quarantine = try open().quarantine
    #expect(quarantine == .copied)
  }

  @Test func `a guard that is gone is missed at every start, and not made anew`() throws {
    try settled()
    try remove(path)
    for _ in 0..<2 {
      let signer = try open()
      let answer = signer.admit(height: 1, round: 0, step: .prevote, signBytes: [2])
      #expect(answer == .refuse(.quarantined(.lost)))
      #expect(!Folder.exists(path))
    }
  }

  @Test func `a signature of the key that this guard did not give is foreign, and those it gave are not`()
    throws
  {
    var signer = try made()
    for height in 1...UInt64(200) {
      for (index, step) in [SignerStep.prevote, .precommit].enumerated() {
        try signer.record(
          height: height,
          round: 0,
          step: step,
          signBytes: [UInt8(height), UInt8(index)],
          signature: signature(1)
        )
      }
    }
    let cases: [(UInt64, UInt32, SignerStep, [UInt8], Bool)] = [
      (200, 0, .prevote, [200, 0], false), (199, 0, .precommit, [199, 1], false),
      // Other bytes at a place where it signed; a place that it passed over; later ones.
      (200, 0, .prevote, [9], true), (200, 0, .proposal, [1], true),
      (200, 1, .prevote, [1], true), (201, 0, .prevote, [1], true),
      // So old that the guard has forgotten what it gave.
      (2, 0, .prevote, [2, 0], false), (2, 0, .prevote, [9], false),
    ]
    for (height, round, step, bytes, expected) in cases {
      let position = SignerPosition(height: height, round: round, step: step)
      let isForeign = signer.isForeign(position, signBytes: bytes)
      #expect(isForeign == expected, "\(position)")
    }
  }

  @Test func `a guard with any changed byte is quarantined, or unchanged in meaning`() throws {
    try settled()
    let whole = try contents(of: path)
    for offset in stride(from: 0, to: SignerState.size * 4, by: 3) {
      var rotten = whole
      rotten[offset] ^= 1
      try overwrite(path, rotten)
      let quarantine = try open().quarantine
      #expect(quarantine == .damaged, "byte \(offset)")
    }
    for rest in [Array(whole.dropLast()), []] {
      try overwrite(path, rest)
      let quarantine = try open().quarantine
      #expect(quarantine == .damaged)
    }
    try overwrite(path, whole)
    let healed = try open().quarantine
    #expect(healed == nil)
  }

  @Test func `a record that could not be written stops the guard for good`() throws {
    var signer = try made()
    let descriptor = signer.descriptor
    redirect(try #require(descriptor), to: "/dev/full")
    do throws(StorageError) {
      try signer.record(height: 1, round: 0, step: .prevote, signBytes: [1], signature: signature(1))
      Issue.record("it was recorded")
    } catch {
      guard case .noSpace = error else {
        Issue.record("\(error)")
        return
      }
    }
    let answer = signer.admit(height: 2, round: 0, step: .prevote, signBytes: [1])
    #expect(answer == .refuse(.unusable))
  }
}
