import Cryptography
import Testing

@testable import Storage

/// Copied, lost and damaged homes: they sign only after the operator's word, and only above the floor.
@Suite struct SignerAdoptionTests {
  let home = SignerHome()
  var folder: TemporaryFolder { home.folder }

  @Test(arguments: [true, false])
  func `without its log the guard signs nothing until it is adopted`(fileLags: Bool) throws {
    do {
      var log = try home.open()
      try home.vote(&log, 1)
      try log.sync()
      let lagging = try contents(of: folder.path("home/signer"))
      for height in 2...UInt64(20) { try home.vote(&log, height) }
      try log.sync()
      if fileLags { try overwrite(folder.path("home/signer"), lagging) }
    }
    try remove(folder.path("home/wal"))
    for height in [21, 33, 34, 1_000] as [UInt64] {
      let log = try home.reopen(certified: 20)
      let refused = home.answer(log, height)
      #expect(refused == .refuse(.quarantined(.logLost)))
    }
    let adoption = try home.adopt(.lastSigned(height: 21, round: 0))
    #expect(adoption.reason == .logLost)
    let log = try home.reopen(certified: 20)
    let answers = [home.answer(log, 21), home.answer(log, 22)]
    let floor = SignerPosition(height: 21, round: 0, step: .precommit)
    #expect(answers == [.refuse(.belowFloor(floor)), .sign])
  }

  @Test func `a copied home signs only after the operator's word, and only above the stated floor`() throws {
    do {
      var log = try home.open()
      try home.vote(&log, 1)
      try log.append([5])
      try log.sync()
    }
    try copy(folder.path("home"), to: folder.path("copy"))
    // Silence proves nothing, however long it lasts.
    for certified in [1, 500] as [UInt64] {
      let log = try home.reopen("copy", certified: certified)
      let refused = home.answer(log, certified + 1)
      #expect(refused == .refuse(.quarantined(.copied)))
      #expect(try home.replayed(log) == [[5]])
    }
    let adoption = try home.adopt(.lastSigned(height: 600, round: 2), in: "copy")
    let floor = SignerPosition(height: 600, round: 2, step: .precommit)
    #expect(adoption.reason == .copied && adoption.floor.position == floor)
    do {
      var log = try home.reopen("copy", certified: 500)
      let answers = [home.answer(log, 501), home.answer(log, 600, 2), home.answer(log, 600, 3)]
      #expect(answers == [.refuse(.belowFloor(floor)), .refuse(.belowFloor(floor)), .sign])
      try home.vote(&log, 601)
      try log.sync()
    }
    let log = try home.reopen("copy")
    let (quarantine, last) = (log.quarantine, log.lastSigned?.position.height)
    #expect(quarantine == nil)
    #expect(last == 601)
    let original = try home.reopen().quarantine
    #expect(original == nil)
  }

  @Test func `at the floor's height an unknown lock forbids votes for new blocks, a known one does not`()
    throws
  {
    do {
      var log = try home.open()
      try home.vote(&log, 9, .precommit)
      try log.sync()
    }
    try copy(folder.path("home"), to: folder.path("copy"))
    func answers(_ log: borrowing SignerLog) -> [SignerAdmission] {
      let position = SignerPosition(height: 9, round: 3, step: .prevote)
      return [nil, 2, 3].map { log.admit(position, signBytes: [1], vote: SignerBlockVote(validRound: $0)) }
        + [home.answer(log, 9, 3)]
    }
    // The log has everything up to the floor.
    _ = try home.adopt(.lastSigned(height: 9, round: 0), in: "copy")
    do {
      let known = answers(try home.reopen("copy"))
      #expect(known == [.sign, .sign, .sign, .sign])
    }
    // The key signed on elsewhere.
    _ = try home.adopt(.lastSigned(height: 9, round: 2), in: "copy")
    let unknown = answers(try home.reopen("copy"))
    let floor = SignerPosition(height: 9, round: 2, step: .precommit)
    #expect(unknown == [.refuse(.lockUnknown(floor)), .refuse(.lockUnknown(floor)), .sign, .sign])
    let next = SignerPosition(height: 10, round: 0, step: .prevote)
    let free = try home.reopen("copy").admit(next, signBytes: [1], vote: SignerBlockVote(validRound: nil))
    #expect(free == .sign)
  }

  @Test func `where the whole network was restored, the guard goes on above what it knows`() throws {
    do {
      var log = try home.open()
      try home.vote(&log, 4)
      try log.sync()
    }
    try copy(folder.path("home"), to: folder.path("copy"))
    let adoption = try home.adopt(.wholeNetworkRestored, in: "copy")
    #expect(adoption.floor.position == SignerPosition(height: 4, round: 0, step: .prevote))
    let log = try home.reopen("copy", certified: 3)
    let precommit = log.admit(height: 4, round: 0, step: .precommit, signBytes: [1])
    let vote = log.admit(
      SignerPosition(height: 4, round: 1, step: .prevote),
      signBytes: [1],
      vote: SignerBlockVote(validRound: nil)
    )
    #expect([precommit, vote] == [.sign, .sign])
  }

  @Test func `where guard and log are missing too, what was signed up to the chain's tip is no stranger's`()
    throws
  {
    do {
      var log = try home.open()
      try home.vote(&log, 20, .precommit)
      try log.sync()
    }
    try remove(folder.path("home/wal"))
    try remove(folder.path("home/signer"))
    let adoption = try home.adopt(.wholeNetworkRestored, tip: 20)
    #expect(adoption.reason == .lost && adoption.floor.position.height == 20)
    let log = try home.reopen(certified: 20)
    let precommit = SignerPosition(height: 20, round: 0, step: .precommit)
    let isForeign = log.isForeign(precommit, signBytes: [20])
    let answer = home.answer(log, 21)
    #expect(!isForeign && answer == .sign)
  }

  @Test
  func `in a restored network old signatures raise the floor, until a decided block has a new one`() throws {
    do {
      var log = try home.open()
      try home.vote(&log, 4)
      try log.sync()
    }
    try copy(folder.path("home"), to: folder.path("copy"))
    _ = try home.adopt(.wholeNetworkRestored, in: "copy", tip: 4)
    // Another home's backup is newer and has a block with this precommit.
    let old = SignerPosition(height: 5, round: 0, step: .precommit)
    do {
      var log = try home.reopen("copy", certified: 4)
      let (isRestored, isForeign) = (log.isRestored, log.isForeign(old, signBytes: [9]))
      #expect(isRestored && isForeign)
      try log.raiseFloor(to: old)
    }
    do {
      var log = try home.reopen("copy", certified: 5)
      let (quarantine, isForeign) = (log.quarantine, log.isForeign(old, signBytes: [9]))
      #expect(quarantine == nil && !isForeign)
      let answers = [home.answer(log, 5), home.answer(log, 6)]
      #expect(answers == [.refuse(.belowFloor(old)), .sign])
      try home.vote(&log, 6, .precommit)
      let new = SignerPosition(height: 6, round: 0, step: .precommit)
      try log.endRestoration(new, signatures: [signature(5)])
      let isRestored = log.isRestored
      #expect(isRestored, "the certificate has no signature of this guard")
      try log.endRestoration(new, signatures: [signature(5), signature(6)])
      try log.sync()
    }
    let isRestored = try home.reopen("copy", certified: 6).isRestored
    #expect(!isRestored)
  }

  @Test func `a restored network that lost its logs votes for new blocks at the height it was deciding`()
    throws
  {
    do {
      var log = try home.open()
      try home.vote(&log, 4, .precommit)
      try log.sync()
    }
    try remove(folder.path("home/wal"))
    let adoption = try home.adopt(.wholeNetworkRestored, tip: 3)
    #expect(adoption.reason == .logLost && adoption.floor.isLockKnown)
    let next = SignerPosition(height: 4, round: 1, step: .prevote)
    let new = SignerBlockVote(validRound: nil)
    let answer = try home.reopen(certified: 3).admit(next, signBytes: [1], vote: new)
    #expect(answer == .sign)
  }

  @Test func `a log with a record that its owner cannot decode is damaged and is moved aside`() throws {
    do {
      var log = try home.open()
      try home.vote(&log, 4)
      try log.append([7])
      try log.sync()
    }
    let path = folder.path("home")
    let accepts = { (record: [UInt8]) -> Bool in record != [7] }
    let found = try SignerLog.inspect(
      logFolder: path + "/wal",
      guardPath: path + "/signer",
      key: TestKeys.own,
      accepts: accepts
    )
    #expect(found == .logDamaged)
    let adoption = try SignerLog.adopt(
      logFolder: path + "/wal",
      guardPath: path + "/signer",
      key: TestKeys.own,
      tip: 0,
      accepts: accepts,
      .lastSigned(height: 4, round: 0)
    )
    #expect(adoption.reason == .logDamaged && adoption.setAside == path + "/wal.damaged-1")
    let log = try home.reopen(certified: 4)
    let answer = home.answer(log, 5)
    #expect(answer == .sign)
    let records = try home.replayed(log)
    #expect(records.isEmpty)
  }

  @Test func `a home that does not sign tells the latest signature and floor that it knows of`() throws {
    do {
      var log = try home.open()
      try home.vote(&log, 4)
      try log.sync()
    }
    _ = try home.adopt(.lastSigned(height: 600, round: 2))
    try remove(folder.path("home/signer"))
    let path = folder.path("home")
    let known = try SignerLog.known(
      logFolder: path + "/wal",
      guardPath: path + "/signer",
      key: TestKeys.own
    )
    #expect(known.signed == SignerPosition(height: 4, round: 0, step: .prevote))
    #expect(known.floor?.position == SignerPosition(height: 600, round: 2, step: .precommit))
  }

  @Test func `only the log copied back, or the guard missing, is noticed too`() throws {
    do {
      var log = try home.open()
      try home.vote(&log, 1)
      try log.sync()
    }
    try copy(folder.path("home/wal"), to: folder.path("saved"))
    try remove(folder.path("home/wal"))
    try copy(folder.path("saved"), to: folder.path("home/wal"))
    var quarantine = try home.reopen().quarantine
    #expect(quarantine == .copied)
    _ = try home.adopt(.wholeNetworkRestored)
    do {
      var log = try home.reopen()
      try home.vote(&log, 2)
      try log.sync()
    }
    quarantine = try home.reopen().quarantine
    #expect(quarantine == nil)

    try remove(folder.path("home/signer"))
    quarantine = try home.reopen().quarantine
    #expect(quarantine == .lost)
    _ = try home.adopt(.lastSigned(height: 1, round: 0))
    let log = try home.reopen()
    // The log knew more than the operator.
    let answers = [home.answer(log, 2), home.answer(log, 3)]
    let known = SignerPosition(height: 2, round: 0, step: .prevote)
    #expect(answers == [.refuse(.conflict(known)), .sign])
  }

  @Test func `votes that this guard gave are its own after any restart, also when the log was pruned`() throws
  {
    do {
      var log = try home.open()
      var lagging: [UInt8] = []
      for height in 1...UInt64(200) {
        try home.vote(&log, height)
        try log.sync()
        if height == 199 { lagging = try contents(of: folder.path("home/signer")) }
        if height.isMultiple(of: 64) {
          try log.rotate(startingAt: height + 1)
          try log.drop(before: height)
        }
      }
      // As after a power failure: the guard's file lacks the newest signature.
      try overwrite(folder.path("home/signer"), lagging)
    }
    let log = try home.reopen()
    let foreign = (1...200).filter { height in
      let position = SignerPosition(height: UInt64(height), round: 0, step: .prevote)
      return log.isForeign(position, signBytes: [UInt8(height)])
    }
    #expect(foreign.isEmpty)
    let positions = [(200, 1), (200, 0), (201, 0)].map {
      SignerPosition(height: $0, round: $1, step: .prevote)
    }
    let others = positions.map { log.isForeign($0, signBytes: [1, 2, 3]) }
    #expect(others == [true, true, true])
  }

  @Test func `somebody else's vote above the floor ends signing for good, one below does not`() throws {
    do {
      var log = try home.open()
      try home.vote(&log, 1)
      try log.sync()
    }
    try copy(folder.path("home"), to: folder.path("copy"))
    _ = try home.adopt(.lastSigned(height: 10, round: 0), in: "copy")
    let below = SignerPosition(height: 10, round: 0, step: .precommit)
    let above = SignerPosition(height: 10, round: 1, step: .prevote)
    do {
      var log = try home.reopen("copy")
      let judged = [below, above].map { log.isForeign($0, signBytes: [3]) }
      #expect(judged == [false, true])
      try log.stop(foreign: above)
      let refused = home.answer(log, 11)
      #expect(refused == .refuse(.quarantined(.usedElsewhere(above))))
      // It goes on writing what it follows.
      try log.append([1])
      try log.rotate(startingAt: 64)
      try log.drop(before: 64)
      try log.close()
    }
    #expect(try home.inspect("copy") == .usedElsewhere(above))
    let refused = home.answer(try home.reopen("copy", certified: 5_000), 5_001)
    #expect(refused == .refuse(.quarantined(.usedElsewhere(above))))
    #expect(throws: StorageError.self) { try home.adopt(.lastSigned(height: 10, round: 0), in: "copy") }
    _ = try home.adopt(.lastSigned(height: 10, round: 1), in: "copy")
    let quarantine = try home.reopen("copy").quarantine
    #expect(quarantine == nil)
  }

  @Test func `a backup of a running node, written back into the same files, is a copy`() throws {
    let place = folder.path("home")
    var saved: [String: [UInt8]] = [:]
    do {
      var log = try home.open()
      try home.vote(&log, 1)
      try log.sync()
      for name in ["signer", "wal/" + RecordLog.Segment(sequence: 1, startingHeight: 1).name] {
        saved[name] = try contents(of: place + "/" + name)
      }
      try home.vote(&log, 2)
      try log.sync()
      try log.close()
    }
    for (name, bytes) in saved { try overwrite(place + "/" + name, bytes) }
    let quarantine = try home.reopen().quarantine
    #expect(quarantine == .copied)
  }
}
