import Cryptography
import Primitives

/// A neighbour: what was announced to it, how much it may still send, and how much of it waits.
struct Link: Sendable {
  let peer: PeerID
  /// Short identifiers under the neighbour's key.
  let hash: ShortHash
  /// The neighbour wants no pushes but of origins that it asked for by their tags.
  var stopsShared = false
  /// Identifiers of objects that wait to be announced to it.
  var queue: [Digest] = []
  /// What was announced to it, so that it can ask for it.
  var announced: GenerationTable<UInt64, Announcement>

  /// Signature checks that are left for objects that it pushes, and for objects that it was asked for.
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
  /// Objects that it was the first to announce and that have not come.
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
