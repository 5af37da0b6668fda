import Cryptography
import Glibc
import Testing

@testable import Storage

@Suite struct SignerLogTests {
  let folder = TemporaryFolder()

  private func open(
    _ home: String = "home",
    instance: [UInt8]? = nil,
    certified: UInt64 = 0
  ) throws(StorageError) -> SignerLog {
    let path = folder.path(home)
    return try SignerLog(
      logFolder: path + "/wal",
      guardPath: path + "/signer",
      instance: instance,
      initialHeight: 1,
      certifiedHeight: certified
    )
  }

  private func vote(_ log: inout SignerLog, _ height: UInt64, _ step: SignerStep = .prevote)
    throws(StorageError)
  {
    let mark = UInt8(truncatingIfNeeded: height)
    try log.record(height: height, round: 0, step: step, signBytes: [mark], signature: signature(mark))
  }

  private func replayed(_ log: borrowing SignerLog) throws(StorageError) -> [[UInt8]] {
    var records: [[UInt8]] = []
    try log.replay { records.append($0) }
    return records
  }

  @Test func `keeps the caller's records and the signatures, and gives back both`() throws {
    do {
      var log = try open()
      try log.append([1])
      try vote(&log, 1)
      try log.append([2])
      try vote(&log, 1, .precommit)
      try log.sync()
      let (appended, synced) = (log.appended, log.synced)
      #expect(appended == synced)
    }
    let log = try open()
    #expect(try replayed(log) == [[1], [2]])
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
        var log = try SignerLog(
          logFolder: home + "/wal",
          guardPath: home + "/signer",
          instance: nil,
          initialHeight: 1,
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
      let log = try open("home-\(round)")
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
      var log = try open()
      try vote(&log, 1)
      try log.sync()
    }
    let lagging = try contents(of: folder.path("home/signer"))
    do {
      var log = try open()
      for height in 2...UInt64(5) { try vote(&log, height) }
      try log.sync()
    }
    try overwrite(folder.path("home/signer"), lagging)
    let log = try open()
    let (quarantine, last) = (log.quarantine, log.lastSigned?.position.height)
    #expect(quarantine == nil)
    #expect(last == 5)
    let conflict = log.admit(height: 4, round: 0, step: .prevote, signBytes: [9])
    #expect(conflict == .refuse(.conflict(SignerPosition(height: 4, round: 0, step: .prevote))))
  }

  @Test(
    arguments: [true, false]
  )
  func `without its log the guard signs nothing up to its ceiling, and goes on above it`(fileLags: Bool)
    throws
  {
    do {
      var log = try open()
      try vote(&log, 1)
      try log.sync()
    }
    let lagging = try contents(of: folder.path("home/signer"))
    do {
      var log = try open()
      for height in 2...UInt64(20) { try vote(&log, height) }
      try log.sync()
    }
    if fileLags { try overwrite(folder.path("home/signer"), lagging) }
    try remove(folder.path("home/wal"))
    for _ in 0..<2 {
      let log = try open(certified: 20)
      let through = SignerLog.ceilingStep + 1
      let refused = log.admit(height: through, round: 0, step: .prevote, signBytes: [1])
      let admitted = log.admit(height: through + 1, round: 0, step: .prevote, signBytes: [1])
      #expect(refused == .refuse(.quarantined(.logLost(through: through))))
      #expect(admitted == .sign)
    }
    do {
      var log = try open(certified: 33)
      try vote(&log, 34)
      try log.sync()
    }
    let log = try open()
    let (quarantine, last) = (log.quarantine, log.lastSigned?.position.height)
    #expect(quarantine == nil)
    #expect(last == 34)
  }

  @Test func `a log that lost durable votes at its end is noticed`() throws {
    let size: Int
    do {
      var log = try open()
      try vote(&log, 1)
      try log.sync()
      size = log.segmentSize
      try vote(&log, 2)
      try log.sync()
    }
    let name = RecordLog.Segment(sequence: 1, startingHeight: 1).name
    let path = folder.path("home/wal/" + name)
    try overwrite(path, Array(try contents(of: path).prefix(size)))
    let quarantine = try open().quarantine
    #expect(quarantine == .logLost(through: SignerLog.ceilingStep + 1))
  }

  @Test func `a vote that was recorded but not synced never went out, and hinders nothing`() throws {
    do {
      var log = try open()
      try vote(&log, 1)
      try log.sync()
      try vote(&log, 40)
    }
    let log = try open()
    let (quarantine, last) = (log.quarantine, log.lastSigned?.position.height)
    #expect(quarantine == nil)
    #expect(last == 1)
    let answer = log.admit(height: 40, round: 0, step: .prevote, signBytes: [7])
    #expect(answer == .sign)
  }

  @Test func `a copied home refuses until a full height passed, and then for good not`() throws {
    let instance: [UInt8]
    do {
      var log = try open()
      try vote(&log, 1)
      try log.append([5])
      try log.sync()
      instance = log.instance
    }
    try copy(folder.path("home"), to: folder.path("copy"))
    do {
      var log = try open("copy", instance: instance)
      let answer = log.admit(height: 2, round: 0, step: .prevote, signBytes: [1])
      #expect(answer == .refuse(.quarantined(.copied)))
      #expect(try replayed(log) == [[5]])
      let first = try log.recordDecidedHeight(height: 2, hasOwnSignature: false)
      let second = try log.recordDecidedHeight(height: 3, hasOwnSignature: false)
      #expect([first, second] == [false, true])
      try vote(&log, 4)
      try log.sync()
    }
    do {
      let log = try open("copy", instance: instance)
      let (quarantine, last) = (log.quarantine, log.lastSigned?.position.height)
      #expect(quarantine == nil)
      #expect(last == 4)
    }
    let original = try open(instance: instance).quarantine
    #expect(original == nil)
  }

  @Test func `only the log copied back, or the guard missing, is noticed too; the operator's word ends it`()
    throws
  {
    let instance: [UInt8]
    do {
      var log = try open()
      try vote(&log, 1)
      try log.sync()
      instance = log.instance
    }
    try copy(folder.path("home/wal"), to: folder.path("saved"))
    try remove(folder.path("home/wal"))
    try copy(folder.path("saved"), to: folder.path("home/wal"))
    do {
      var log = try open(instance: instance)
      let quarantine = log.quarantine
      #expect(quarantine == .copied)
      try log.confirmSoleSigner()
      try vote(&log, 2)
      try log.sync()
    }
    let adopted = try open(instance: instance).quarantine
    #expect(adopted == nil)

    try remove(folder.path("home/signer"))
    var log = try open(instance: instance)
    let (quarantine, own) = (log.quarantine, log.instance)
    #expect(quarantine == .lost)
    #expect(own != instance)
    try log.confirmSoleSigner()
    let answer = log.admit(height: 3, round: 0, step: .prevote, signBytes: [1])
    #expect(answer == .sign)
    let settled = try open(instance: own).quarantine
    #expect(settled == nil)
  }

  @Test func `old segments go, the newest signature stays`() throws {
    do {
      var log = try open()
      try vote(&log, 1)
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
    let log = try open()
    #expect(try replayed(log) == [[6]])
    let (quarantine, last) = (log.quarantine, log.lastSigned?.position.height)
    #expect(quarantine == nil)
    #expect(last == 1)
  }

  @Test func `a crash between a new segment and its first record loses no signature when old segments go`()
    throws
  {
    do {
      var log = try open()
      try vote(&log, 1)
      try log.sync()
    }
    do {
      var log = try RecordLog(folder: folder.path("home/wal"), startingAt: 1)
      try log.rotate(startingAt: 2)
    }
    do {
      var log = try open()
      try log.drop(before: 2)
      let count = log.segmentCount
      #expect(count == 1)
    }
    let log = try open()
    let (quarantine, last) = (log.quarantine, log.lastSigned?.position.height)
    #expect(quarantine == nil)
    #expect(last == 1)
  }

  @Test func `a full segment is followed by one that starts with the newest signature`() throws {
    let large = [UInt8](repeating: 1, count: 3 << 20)
    var log = try open()
    try vote(&log, 1)
    for _ in 0..<12 { try log.append(large) }
    try vote(&log, 2)
    try log.sync()
    let count = log.segmentCount
    #expect(count == 2)
    try log.rotate(startingAt: 2)
    try log.drop(before: 2)
    let again = try open()
    let (quarantine, last) = (again.quarantine, again.lastSigned?.position.height)
    #expect(quarantine == nil)
    #expect(last == 2)
  }

  @Test func `bit rot in the middle of the log throws: no signer comes about`() throws {
    do {
      var log = try open()
      for height in 1...UInt64(4) {
        try vote(&log, height)
        try log.sync()
      }
    }
    try flip(folder.path("home/wal/" + RecordLog.Segment(sequence: 1, startingHeight: 1).name), at: 500)
    let error = #expect(throws: StorageError.self) { _ = try open() }
    guard case .corrupt = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    // What the operator is told to do.
    try copy(folder.path("home/wal"), to: folder.path("home/wal.damaged"))
    try remove(folder.path("home/wal"))
    let quarantine = try open().quarantine
    #expect(quarantine == .logLost(through: SignerLog.ceilingStep + 1))
  }
}
