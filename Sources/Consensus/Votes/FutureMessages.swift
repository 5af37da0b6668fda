import Chain

/// Messages of heights that have not begun here. Their number is bounded whatever peers send.
struct FutureMessages: Sendable {
  /// The number of heights after the current one whose messages are stored.
  static let heights: Height = 10
  /// The number of messages of one height.
  static let maximumPerHeight = 500
  /// The number of proposals and votes of one validator at one height: proposal, prevote and precommit of the
  /// first round, and one more.
  static let maximumPerValidator = 4
  /// The number of polkas, commits and round certificates of one height.
  static let maximumCertificates = 4

  private struct Waiting: Sendable {
    let height: Height
    var inputs: [Input] = []
    var counts: [ValidatorIndex: Int] = [:]
    var certificates = 0
  }

  /// The stored messages of each height, in ascending order of heights.
  private var waiting: [Waiting] = []

  var count: Int { waiting.reduce(0) { $0 + $1.inputs.count } }

  /// Stores `input`, a message of `height`. Drops it if one of the limits is reached. `sender` is the author
  /// of a proposal or vote, and nil for a certificate.
  mutating func add(_ input: Input, height: Height, sender: ValidatorIndex?, current: Height) {
    guard height > current, height - current <= Self.heights else { return }
    let position = waiting.firstIndex { $0.height >= height } ?? waiting.count
    if position == waiting.count || waiting[position].height != height {
      waiting.insert(Waiting(height: height), at: position)
    }
    guard waiting[position].inputs.count < Self.maximumPerHeight else { return }
    if let sender {
      guard waiting[position].counts[sender, default: 0] < Self.maximumPerValidator else { return }
      waiting[position].counts[sender, default: 0] += 1
    } else {
      guard waiting[position].certificates < Self.maximumCertificates else { return }
      waiting[position].certificates += 1
    }
    waiting[position].inputs.append(input)
  }

  /// Removes and returns the next message of `height` in the order of arrival; nil when there is none. Drops
  /// messages of earlier heights.
  mutating func next(of height: Height) -> Input? {
    waiting.removeAll { $0.height < height }
    guard let first = waiting.first, first.height == height, !first.inputs.isEmpty else { return nil }
    return waiting[0].inputs.removeFirst()
  }
}
