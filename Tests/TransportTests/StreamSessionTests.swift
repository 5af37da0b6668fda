import Cryptography
import NIOCore
import Primitives
import Testing

@testable import Transport

@Suite struct StreamSessionTests {
  /// A dialer's and a listener's machine with a wire between them.
  final class Pair {
    var dialer: StreamSession
    var listener: StreamSession
    var toListener = ByteBuffer()
    var toDialer = ByteBuffer()
    var dialerFrames: [InboundFrame] = []
    var listenerFrames: [InboundFrame] = []
    var dialerEnd: CloseCode?
    var listenerEnd: CloseCode?
    var isOpened = false
    var now = Fixture.start

    init() {
      var settings = TransportConfiguration(
        network: Fixture.network,
        identity: Fixture.identity(1),
        listen: nil,
        frames: Fixture.frames
      )
      settings.leaseFrames = Fixture.frames
      dialer = StreamSession(
        Handshake(
          initiating: .peer,
          expecting: .anyone,
          as: Fixture.identity(1),
          on: Fixture.network,
          introduction: .init(listenPort: 1)
        ),
        isDialer: true,
        settings: settings
      )
      listener = StreamSession(
        Handshake(
          respondingAs: Fixture.identity(2),
          on: Fixture.network,
          introduction: .init(listenPort: 2)
        ),
        isDialer: false,
        settings: settings
      )
    }

    /// Moves bytes until nothing moves, at most `piece` at a time.
    func run(piece: () -> Int = { .max }) throws {
      // The dialer's first step needs no bytes.
      try move(0)
      while true {
        if var bytes = dialer.drain(limit: 1 << 20, at: now) { toListener.writeBuffer(&bytes) }
        if var bytes = listener.drain(limit: 1 << 20, at: now) { toDialer.writeBuffer(&bytes) }
        guard toListener.readableBytes + toDialer.readableBytes > 0 else { return }
        try move(piece())
      }
    }

    private var listenerInput = ByteBuffer()
    private var dialerInput = ByteBuffer()

    private func move(_ piece: Int) throws {
      let forListener = min(piece, toListener.readableBytes)
      listenerInput.writeBytes(toListener.readBytes(length: forListener) ?? [])
      while let event = try listener.next(&listenerInput, at: now) {
        switch event {
        case .handshake(let step):
          if case .authenticated = try listener.conclude(step.run(), at: now) { listener.accept(at: now) }
        case .authenticated: Issue.record("a handshake ends with a step's outcome")
        case .opened: Issue.record("a listener is not accepted")
        case .frames(let frames): listenerFrames += frames
        case .ended(let code): listenerEnd = code
        }
      }
      let forDialer = min(piece, toDialer.readableBytes)
      dialerInput.writeBytes(toDialer.readBytes(length: forDialer) ?? [])
      while let event = try dialer.next(&dialerInput, at: now) {
        switch event {
        case .handshake(let step): _ = try dialer.conclude(step.run(), at: now)
        case .authenticated: Issue.record("a handshake ends with a step's outcome")
        case .opened: isOpened = true
        case .frames(let frames): dialerFrames += frames
        case .ended(let code): dialerEnd = code
        }
      }
    }
  }

  @Test(arguments: 0..<5)
  func `messages of all sizes arrive whatever the pieces are`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let pair = Pair()
    try pair.run { 1 + Int(random.next(below: 40)) }
    #expect(pair.isOpened)
    var sent: [InboundFrame] = []
    for index in 0..<40 {
      let count = [0, 1, 100, 20_000, 70_000, 300_000][Int(random.next(below: 6))]
      let bytes = [UInt8](repeating: UInt8(index), count: count)
      _ = pair.dialer.enqueue(type: 2, bytes: bytes, class: .blocks)
      sent.append(.message(type: 2, bytes: bytes))
    }
    try pair.run { 1 + Int(random.next(below: 50_000)) }
    #expect(pair.listenerFrames == sent)
  }

  @Test func `nothing can be sent before the listener has accepted`() throws {
    let pair = Pair()
    let early = pair.dialer.enqueue(type: 1, bytes: [1], class: .gossip)
    #expect(early == .refused)
    try pair.run()
    let late = pair.dialer.enqueue(type: 1, bytes: [1], class: .gossip)
    #expect(late == .queued(displaced: 0))
  }

  @Test func `an end is told with its reason and nothing follows it`() throws {
    let pair = Pair()
    try pair.run()
    pair.listener.close(.banned, at: pair.now)
    pair.listener.ping(at: pair.now)
    try pair.run()
    #expect(pair.dialerEnd == .banned)
    let queued = pair.listener.enqueue(type: 1, bytes: [], class: .gossip)
    #expect(queued == .refused)
  }

  @Test func `pings are answered, but not piled up for one who does not read`() throws {
    let pair = Pair()
    try pair.run()
    for _ in 0..<10_000 { pair.listener.pong(at: pair.now) }
    #expect(pair.listener.output.readableBytes < 2_048)
    pair.dialer.ping(at: pair.now)
    try pair.run()
    #expect(pair.listenerFrames == [.ping])
  }

  @Test func `an hour changes the keys and both go on`() throws {
    let pair = Pair()
    try pair.run()
    for hour in 0..<4 {
      pair.now = pair.now + .seconds(3_600)
      _ = pair.dialer.enqueue(type: 1, bytes: [UInt8(hour)], class: .gossip)
      _ = pair.listener.enqueue(type: 1, bytes: [UInt8(hour)], class: .gossip)
      try pair.run()
    }
    #expect(pair.listenerFrames.count == 4)
    #expect(pair.dialerFrames.count == 4)
  }

  @Test func `random bytes after the handshake end the session and never trap`() throws {
    var random = SeededGenerator(seed: 9)
    for _ in 0..<100 {
      let pair = Pair()
      try pair.run()
      var noise = ByteBuffer(bytes: (0..<3_000).map { _ in UInt8.random(in: 0...255, using: &random) })
      // Behind the 24 bytes of the stream's header: a length that leaves the record whole.
      noise.setInteger(UInt8(0), at: 24)
      noise.setInteger(UInt16.random(in: 0...2_000, using: &random), at: 25)
      #expect(throws: StreamFailure.self) {
        while try pair.listener.next(&noise, at: pair.now) != nil {}
      }
    }
  }
}
