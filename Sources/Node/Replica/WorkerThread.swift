import Foundation
import Synchronization

/// A thread that runs closures in order. Blocking calls belong on such a thread, never on an event loop.
final class WorkerThread: Sendable {
  private let work: AsyncWork

  init(name: String) {
    let work = AsyncWork()
    self.work = work
    let thread = Thread { work.loop() }
    thread.name = name
    thread.start()
  }

  func run(_ body: @escaping @Sendable () -> Void) {
    work.add(body)
  }

  /// Ends the thread after the closures that were given before.
  func stop() {
    work.add(nil)
  }
}

/// The queue of closures of a worker thread.
private final class AsyncWork: Sendable {
  private let bodies = Mutex<[(@Sendable () -> Void)?]>([])
  private let semaphore = DispatchSemaphore(value: 0)

  func add(_ body: (@Sendable () -> Void)?) {
    bodies.withLock { $0.append(body) }
    semaphore.signal()
  }

  func loop() {
    while true {
      semaphore.wait()
      guard let body = bodies.withLock({ $0.removeFirst() }) else { return }
      body()
    }
  }
}
