import Cryptography
import Primitives

/// A neighbour: what it was told, what it may still do, and what it is good for.
struct Link: Sendable {
  let peer: PeerID
  /// Short identifiers under the neighbour's key.
  let hash: ShortHash
  /// It takes only origins that it asked for by name.
  var stopsShared = false
  /// Objects to be announced with the next digest.
  var queue: [Digest] = []
  /// What was announced, for its requests.
  var announced: GenerationTable<UInt64, Announcement>

  /// Checks of what it pushed, and of what it sent when it was asked.
  var checks = TokenBucket()
  var askedChecks = TokenBucket()
  var strangers = TokenBucket()
  var control = TokenBucket()
  var digests = TokenBucket()
  var wants = TokenBucket()
  var pushBytes = TokenBucket()

  /// Its objects that wait for a check or judgement.
  var pending = 0
  var pendingBytes = 0
  /// Announced objects, first by it, that have not come.
  var missing = 0
  var emptyAnnouncements = 0
  var digestsIgnoredUntil: Instant = .zero

  struct Announcement {
    let identifier: Digest
    var answers: UInt8 = 0
  }

  init(peer: PeerID, announcedLimit: Int) {
    self.peer = peer
    hash = Dissemination.hash(of: peer)
    announced = GenerationTable(capacity: announcedLimit, period: .seconds(10))
  }
}
