import Cryptography
import NIOCore
import Primitives
import Synchronization

/// The state of a `LeaseConnection`: requests that wait for responses, and pushed messages not yet consumed.
final class LeaseClient: Sendable {
  private typealias Waiter = CheckedContinuation<Result<LeaseFrame, LeaseError>, Never>

  private enum Phase {
    case idle
    case dialing(CheckedContinuation<Result<PublicKey, LeaseError>, Never>)
    case open(LeaseSession)
    case closed(LeaseError)
  }

  private struct State {
    var endpoint: Endpoint?
    var phase: Phase = .idle
    var nextRequest: UInt32 = 1
    var waiters: [UInt32: Waiter] = [:]
    var pushes = CircularBuffer<TransportEvent>(initialCapacity: 4)
    var consumer: CheckedContinuation<LeaseFrame?, Never>?
  }

  private let frameLimits: FrameLimits
  private let state = Mutex(State())

  init(frameLimits: FrameLimits) {
    self.frameLimits = frameLimits
  }

  func attach(_ endpoint: Endpoint) { state.withLock { $0.endpoint = endpoint } }

  func open(_ address: NetworkAddress, _ provider: ExpectedPeer) async throws(LeaseError) -> PublicKey {
    let result = await withCheckedContinuation { continuation in
      let endpoint = state.withLock { state in
        state.phase = .dialing(continuation)
        return state.endpoint
      }
      endpoint?.dial(address, expecting: provider, purpose: .lease)
    }
    return try result.get()
  }

  func shutdown() async {
    finish(.closed(.closedHere(.done)))
    let endpoint = state.withLock { $0.endpoint.take() }
    await endpoint?.shutdown()
  }

  // MARK: Requests

  func request(type: UInt8, bytes: [UInt8], timeout: Interval) async throws(LeaseError) -> LeaseFrame {
    try check(type, bytes)
    let number = state.withLock { state in
      defer { state.nextRequest = state.nextRequest == .max ? 1 : state.nextRequest + 1 }
      return state.nextRequest
    }
    let timer = Task {
      try await Task.sleep(nanoseconds: timeout.nanoseconds)
      self.resolve(number, with: .failure(.timedOut))
    }
    defer { timer.cancel() }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { waiter in self.begin(number, waiter, type, bytes) }
    } onCancel: {
      self.resolve(number, with: .failure(.cancelled))
    }
    return try result.get()
  }

  private func begin(_ number: UInt32, _ waiter: Waiter, _ type: UInt8, _ bytes: [UInt8]) {
    let isCancelled = Task.isCancelled
    let open: (Endpoint, LeaseSession)? = state.withLock { state in
      guard !isCancelled, case .open(let session) = state.phase, let endpoint = state.endpoint else {
        return nil
      }
      state.waiters[number] = waiter
      return (endpoint, session)
    }
    guard let (endpoint, session) = open else {
      waiter.resume(returning: .failure(isCancelled ? .cancelled : closure))
      return
    }
    endpoint.sendLease(session, request: number, type: type, bytes: bytes)
    // A cancellation after the check above but before the waiter was added has resumed no waiter. Do it here.
    if Task.isCancelled { resolve(number, with: .failure(.cancelled)) }
  }

  private func resolve(_ number: UInt32, with result: Result<LeaseFrame, LeaseError>) {
    let waiter = state.withLock { $0.waiters.removeValue(forKey: number) }
    waiter?.resume(returning: result)
  }

  func send(type: UInt8, bytes: [UInt8]) throws(LeaseError) {
    try check(type, bytes)
    let open: (Endpoint, LeaseSession)? = state.withLock { state in
      guard case .open(let session) = state.phase, let endpoint = state.endpoint else { return nil }
      return (endpoint, session)
    }
    guard let (endpoint, session) = open else { throw closure }
    endpoint.sendLease(session, type: type, bytes: bytes)
  }

  private func check(_ type: UInt8, _ bytes: [UInt8]) throws(LeaseError) {
    guard let maximum = frameLimits.maximum(of: type), bytes.count <= maximum,
      bytes.count <= FrameLimits.maximumMessage - LeaseMessage.prefixBytes
    else { throw .tooLarge }
  }

  /// The error of sending in a session that is not open.
  private var closure: LeaseError {
    state.withLock { state in
      if case .closed(let error) = state.phase { error } else { .closed(.closedHere(.unspecified)) }
    }
  }

  // MARK: Events

  func handle(_ events: [TransportEvent]) {
    for event in events {
      switch event {
      case .leaseOpened(let session, let account, _): opened(session, account)
      case .leaseFrame(_, let request, let type, let bytes):
        if request == 0 {
          pushed(event)
        } else {
          acknowledge(event)
          resolve(request, with: .success(LeaseFrame(type: type, bytes: bytes)))
        }
      case .leaseClosed(_, let reason): finish(.closed(reason))
      case .dialFailed(_, let failure): finish(.dial(failure))
      default: break
      }
    }
  }

  private func opened(_ session: LeaseSession, _ account: PublicKey) {
    let dialer: CheckedContinuation<Result<PublicKey, LeaseError>, Never>? = state.withLock { state in
      guard case .dialing(let continuation) = state.phase else { return nil }
      state.phase = .open(session)
      return continuation
    }
    dialer?.resume(returning: .success(account))
  }

  private func finish(_ error: LeaseError) {
    let (dialer, waiters, consumer) = state.withLock { state in
      var dialer: CheckedContinuation<Result<PublicKey, LeaseError>, Never>?
      switch state.phase {
      case .dialing(let continuation): dialer = continuation
      case .closed: return (dialer, [Waiter](), CheckedContinuation<LeaseFrame?, Never>?.none)
      case .idle, .open: break
      }
      state.phase = .closed(error)
      defer { state.waiters = [:] }
      return (dialer, Array(state.waiters.values), state.consumer.take())
    }
    dialer?.resume(returning: .failure(error))
    for waiter in waiters { waiter.resume(returning: .failure(error)) }
    consumer?.resume(returning: nil)
  }

  // MARK: Pushes

  private func pushed(_ event: TransportEvent) {
    let consumer = state.withLock { state in
      if let consumer = state.consumer.take() { return consumer as CheckedContinuation<LeaseFrame?, Never>? }
      state.pushes.append(event)
      return nil
    }
    guard let consumer else { return }
    acknowledge(event)
    consumer.resume(returning: Self.frame(of: event))
  }

  func nextPush() async -> LeaseFrame? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in self.consume(continuation) }
    } onCancel: {
      let consumer = self.state.withLock { $0.consumer.take() }
      consumer?.resume(returning: nil)
    }
  }

  private func consume(_ continuation: CheckedContinuation<LeaseFrame?, Never>) {
    let isCancelled = Task.isCancelled
    let (event, mustWait): (TransportEvent?, Bool) = state.withLock { state in
      if let event = state.pushes.popFirst() { return (event, false) }
      if case .closed = state.phase { return (nil, false) }
      guard !isCancelled, state.consumer == nil else { return (nil, false) }
      state.consumer = continuation
      return (nil, true)
    }
    guard !mustWait else {
      if Task.isCancelled { state.withLock { $0.consumer.take() }?.resume(returning: nil) }
      return
    }
    if let event { acknowledge(event) }
    continuation.resume(returning: event.flatMap { Self.frame(of: $0) })
  }

  private static func frame(of event: TransportEvent) -> LeaseFrame? {
    guard case .leaseFrame(_, _, let type, let bytes) = event else { return nil }
    return LeaseFrame(type: type, bytes: bytes)
  }

  private func acknowledge(_ event: TransportEvent) {
    let endpoint = state.withLock { $0.endpoint }
    endpoint?.acknowledge([event])
  }
}
