import Cryptography
import Testing

@testable import Storage

func signature(_ number: UInt8) -> Signature {
  guard let signature = Signature([UInt8](repeating: number, count: 64)) else { fatalError("64 bytes") }
  return signature
}

@Suite struct SignerGuardTests {
  let folder = TemporaryFolder()
  var path: String { folder.path("signer") }

  private func open(
    instance: [UInt8]? = nil,
    certified: UInt64 = 0,
    at path: String? = nil
  ) throws(StorageError) -> SignerGuard {
    try SignerGuard(path: path ?? self.path, instance: instance, initialHeight: 1, certifiedHeight: certified)
  }

  /// Signs at height 1, so that the guard is settled.
  private func settled() throws(StorageError) -> [UInt8] {
    var signer = try open()
    try signer.record(height: 1, round: 0, step: .prevote, signBytes: [1], signature: signature(1))
    return signer.instance
  }

  @Test func `signs each position once, in order, and gives the same signature for the same bytes`() throws {
    var signer = try open()
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
    for number in 0..<300 {
      var signer = try open()
      let quarantine = signer.quarantine
      #expect(quarantine == (number == 0 ? .fresh : nil))
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
    var signer = try open()
    try signer.record(height: 1, round: 5, step: .prevote, signBytes: [1], signature: signature(1))
    do throws(StorageError) {
      try signer.record(height: 1, round: 4, step: .prevote, signBytes: [1], signature: signature(1))
      Issue.record("it was recorded")
    } catch {
      #expect(error == .refused(.behind(SignerPosition(height: 1, round: 5, step: .prevote))))
    }
  }

  @Test func `signs nothing at or below a certified height`() throws {
    _ = try settled()
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

  @Test func `a new guard signs at the first height, and waits a full height elsewhere`() throws {
    do {
      let signer = try open()
      let first = signer.admit(height: 1, round: 0, step: .prevote, signBytes: [1])
      let later = signer.admit(height: 40, round: 0, step: .prevote, signBytes: [1])
      #expect(first == .sign)
      #expect(later == .refuse(.quarantined(.fresh)))
    }
    var signer = try open(certified: 39)
    let one = try signer.recordDecidedHeight(height: 40, hasOwnSignature: false)
    let same = try signer.recordDecidedHeight(height: 40, hasOwnSignature: false)
    let two = try signer.recordDecidedHeight(height: 41, hasOwnSignature: false)
    #expect([one, same, two] == [false, false, true])
    let later = signer.admit(height: 42, round: 0, step: .prevote, signBytes: [1])
    #expect(later == .sign)
    let quarantine = try open().quarantine
    #expect(quarantine == nil)
  }

  @Test func `a copied guard refuses until a full height passed without its key, or the operator says so`()
    throws
  {
    let instance = try settled()
    let twin = folder.path("twin")
    try copy(path, to: twin)
    do {
      var signer = try open(instance: instance, at: twin)
      let new = signer.admit(height: 2, round: 0, step: .prevote, signBytes: [1])
      let old = signer.admit(height: 1, round: 0, step: .prevote, signBytes: [1])
      #expect(new == .refuse(.quarantined(.copied)))
      #expect(old == .reuse(signature(1)))
      // The original signs: the wait starts anew with each of its signatures.
      for height in 2...UInt64(6) {
        let ended = try signer.recordDecidedHeight(height: height, hasOwnSignature: true)
        #expect(!ended)
      }
      let quarantine = try open(instance: instance, at: twin).quarantine
      #expect(quarantine == .copied)
      let ended = try signer.recordDecidedHeight(height: 7, hasOwnSignature: false)
      #expect(ended)
    }
    let settledTwin = try open(instance: instance, certified: 7, at: twin)
    let answer = settledTwin.admit(height: 8, round: 0, step: .prevote, signBytes: [1])
    #expect(answer == .sign)
    // The original has not noticed.
    let original = try open(instance: instance).quarantine
    #expect(original == nil)

    let third = folder.path("third")
    try copy(path, to: third)
    var signer = try open(instance: instance, at: third)
    try signer.confirmSoleSigner()
    let told = signer.admit(height: 2, round: 0, step: .prevote, signBytes: [1])
    #expect(told == .sign)
    let again = try open(instance: instance, at: third)
    let (quarantine, last) = (again.quarantine, again.lastSigned?.position.height)
    #expect(quarantine == nil)
    #expect(last == 1)
  }

  @Test func `a moved guard is the original`() throws {
    let instance = try settled()
    try Folder.rename(path, to: folder.path("elsewhere"))
    let quarantine = try open(instance: instance, at: folder.path("elsewhere")).quarantine
    #expect(quarantine == nil)
  }

  @Test func `a restored older guard is a copy, even in the place of the removed one`() throws {
    let instance = try settled()
    try copy(path, to: folder.path("backup"))
    do {
      var signer = try open(instance: instance)
      try signer.record(height: 2, round: 0, step: .prevote, signBytes: [2], signature: signature(2))
    }
    try remove(path)
    try copy(folder.path("backup"), to: path)
    let quarantine = try open(instance: instance).quarantine
    #expect(quarantine == .copied)
  }

  @Test func `a guard that the database knows, and that is gone, is missed at every start`() throws {
    let instance = try settled()
    try remove(path)
    for _ in 0..<2 {
      let signer = try open(instance: instance)
      let (quarantine, own) = (signer.quarantine, signer.instance)
      #expect(quarantine == .lost)
      #expect(own != instance)
      let answer = signer.admit(height: 1, round: 0, step: .prevote, signBytes: [2])
      #expect(answer == .refuse(.quarantined(.lost)))
    }
  }

  @Test func `a guard with any changed byte is quarantined, or unchanged in meaning`() throws {
    let instance = try settled()
    let whole = try contents(of: path)
    for offset in stride(from: 0, to: SignerState.size * 4, by: 3) {
      var rotten = whole
      rotten[offset] ^= 1
      try overwrite(path, rotten)
      let quarantine = try open(instance: instance).quarantine
      #expect(quarantine == .damaged, "byte \(offset)")
    }
    try overwrite(path, Array(whole.dropLast()))
    let short = try open(instance: instance).quarantine
    #expect(short == .damaged)
    try overwrite(path, [])
    let empty = try open(instance: instance).quarantine
    #expect(empty == .damaged)
    try overwrite(path, whole)
    let healed = try open(instance: instance).quarantine
    #expect(healed == nil)
  }

  @Test func `a record that could not be written stops the guard for good`() throws {
    var signer = try open()
    redirect(signer.file.file.descriptor, to: "/dev/full")
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
