import Cryptography
import Glibc
import Testing

@testable import Storage

@Suite struct SignerLogTests {
  let home = SignerHome()
  var folder: TemporaryFolder { home.folder }

  @Test func `keeps the caller's records and the signatures, and gives back both`() throws {
    do {
      var log = try home.open()
      try log.append([1])
      try home.vote(&log, 1)
      try log.append([2])
      try home.vote(&log, 1, .precommit)
      try log.sync()
      let (appended, synced) = (log.appended, log.synced)
      #expect(appended == synced)
    }
    let log = try home.open()
    #expect(try home.replayed(log) == [[1], [2]])
    let answers = [SignerStep.prevote, .precommit].map {
      log.admit(height: 1, round: 0, step: $0, signBytes: [1])
    }
    #expect(answers == [.reuse(signature(1)), .reuse(signature(1))])
    let quarantine = log.quarantine
    #expect(quarantine == nil)
  }

  @Test func `a process killed at any moment never signs twice, and is not held up when it comes back`()
    async throws
  {
    for round in 0..<5 {
      let home = folder.path("home-\(round)")
      await #expect(processExitsWith: .signal(SIGKILL)) { [home = home as String, round = round as Int] in
        try SignerGuard.create(path: home + "/signer", key: TestKeys.own)
        var log = try SignerLog(
          logFolder: home + "/wal",
          guardPath: home + "/signer",
          key: TestKeys.own,
          certifiedHeight: 0
        )
        let released = Glibc.open(home + "/released", O_CREAT | O_RDWR, 0o600)
        for height in 1...UInt64.max {
          for step in [SignerStep.proposal, .prevote, .precommit] {
            let mark = UInt8(truncatingIfNeeded: height)
            try log.record(
              height: height,
              round: 0,
              step: step,
              signBytes: [mark],
              signature: signature(mark)
            )
            try log.append([UInt8](repeating: mark, count: 300))
            try log.sync()
            var bytes = (height &* 4 &+ UInt64(step.rawValue)).littleEndian
            pwrite(released, &bytes, 8, 0)
          }
          if height == 1 { Killer.start(after: UInt32(15_000 + round * 6_700)) }
          if height.isMultiple(of: 16) {
            try log.rotate(startingAt: height + 1)
            try log.drop(before: height)
          }
        }
      }
      let number = try contents(of: home + "/released").reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let step = try #require(SignerStep(rawValue: UInt8(number & 3)))
      let released = SignerPosition(height: number >> 2, round: 0, step: step)
      let log = try self.home.open("home-\(round)")
      let (quarantine, last) = (log.quarantine, log.lastSigned?.position)
      #expect(quarantine == nil)
      #expect(try #require(last) >= released)
      let other = log.admit(height: released.height, round: 0, step: step, signBytes: [1, 2, 3])
      #expect(other == .refuse(.conflict(released)))
      let next = log.admit(height: released.height + 2, round: 0, step: .proposal, signBytes: [1])
      #expect(next == .sign)
    }
  }

  @Test func `a guard's file that lags behind after a power failure is brought up by the log`() throws {
    do {
      var log = try home.open()
      try home.vote(&log, 1)
      try log.sync()
      let lagging = try contents(of: folder.path("home/signer"))
      for height in 2...UInt64(5) { try home.vote(&log, height) }
      try log.sync()
      try overwrite(folder.path("home/signer"), lagging)
    }
    let log = try home.open()
    let (quarantine, last) = (log.quarantine, log.lastSigned?.position.height)
    #expect(quarantine == nil)
    #expect(last == 5)
    let conflict = log.admit(height: 4, round: 0, step: .prevote, signBytes: [9])
    #expect(conflict == .refuse(.conflict(SignerPosition(height: 4, round: 0, step: .prevote))))
  }

  @Test func `a log that lost durable votes at its end is noticed`() throws {
    let size: Int
    do {
      var log = try home.open()
      try home.vote(&log, 1)
      try log.sync()
      size = log.segmentSize
      try home.vote(&log, 2)
      try log.sync()
    }
    let name = RecordLog.Segment(sequence: 1, startingHeight: 1).name
    let path = folder.path("home/wal/" + name)
    try overwrite(path, Array(try contents(of: path).prefix(size)))
    let quarantine = try home.open().quarantine
    #expect(quarantine == .logLost)
  }

  @Test func `a vote that was recorded but not synced never went out, and hinders nothing`() throws {
    do {
      var log = try home.open()
      try home.vote(&log, 1)
      try log.sync()
      try home.vote(&log, 40)
    }
    let log = try home.open()
    let (quarantine, last) = (log.quarantine, log.lastSigned?.position.height)
    #expect(quarantine == nil)
    #expect(last == 1)
    let answer = log.admit(height: 40, round: 0, step: .prevote, signBytes: [7])
    #expect(answer == .sign)
  }

  @Test func `old segments go, the newest signature stays`() throws {
    do {
      var log = try home.open()
      try home.vote(&log, 1)
      try log.append([1])
      for height in 2...UInt64(6) {
        try log.rotate(startingAt: height)
        try log.append([UInt8(height)])
      }
      try log.sync()
      try log.drop(before: 6)
      let count = log.segmentCount
      #expect(count == 1)
    }
    let log = try home.open()
    #expect(try home.replayed(log) == [[6]])
    let (quarantine, last) = (log.quarantine, log.lastSigned?.position.height)
    #expect(quarantine == nil)
    #expect(last == 1)
  }

  @Test func `a crash between a new segment and its first record loses no signature when old segments go`()
    throws
  {
    do {
      var log = try home.open()
      try home.vote(&log, 1)
      try log.sync()
    }
    do {
      var log = try RecordLog(folder: folder.path("home/wal"), startingAt: 1)
      try log.rotate(startingAt: 2)
    }
    do {
      var log = try home.open()
      try log.drop(before: 2)
      let count = log.segmentCount
      #expect(count == 1)
    }
    let log = try home.open()
    let (quarantine, last) = (log.quarantine, log.lastSigned?.position.height)
    #expect(quarantine == nil)
    #expect(last == 1)
  }

  @Test func `a full segment is followed by one that starts with the newest signature`() throws {
    let large = [UInt8](repeating: 1, count: 3 << 20)
    var log = try home.open()
    try home.vote(&log, 1)
    for _ in 0..<12 { try log.append(large) }
    try home.vote(&log, 2)
    try log.sync()
    let count = log.segmentCount
    #expect(count == 2)
    try log.rotate(startingAt: 2)
    try log.drop(before: 2)
    let again = try home.open()
    let (quarantine, last) = (again.quarantine, again.lastSigned?.position.height)
    #expect(quarantine == nil)
    #expect(last == 2)
  }

  @Test func `bit rot in the middle of the log throws: no signer comes about`() throws {
    do {
      var log = try home.open()
      for height in 1...UInt64(4) {
        try home.vote(&log, height)
        try log.sync()
      }
    }
    try flip(folder.path("home/wal/" + RecordLog.Segment(sequence: 1, startingHeight: 1).name), at: 500)
    let error = #expect(throws: StorageError.self) { _ = try home.open() }
    guard case .corrupt = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    // What the operator is told to do. The log is moved aside.
    let adoption = try home.adopt(.lastSigned(height: 4, round: 0))
    #expect(adoption.reason == .logDamaged)
    #expect(adoption.setAside == folder.path("home/wal.damaged-1"))
    #expect(Folder.exists(folder.path("home/wal.damaged-1")))
    let answers = [home.answer(try home.reopen(), 4, 7), home.answer(try home.reopen(), 5)]
    #expect(answers[1] == .sign)
    #expect(answers[0] == .sign, "a vote for no block contradicts no lock")
  }
}
