import Foundation
import Glibc

enum Killer {
  /// Kills this process, as the system would, after so many microseconds.
  static func start(after microseconds: UInt32) {
    Thread.detachNewThread {
      usleep(microseconds)
      kill(getpid(), SIGKILL)
    }
  }
}
