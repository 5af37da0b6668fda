import Chain

/// Messages of heights that have not begun, within bounds that no peer can stretch.
struct FutureMessages: Sendable {
  static let heights: Height = 10
  /// Of one height, in all.
  static let maximumPerHeight = 500
  /// Of one height and validator: the first round's proposal and votes, and one more.
  static let maximumPerValidator = 4
  /// Polkas, commits and round certificates of one height.
  static let maximumCertificates = 4

  private struct Waiting: Sendable {
    let height: Height
    var inputs: [Input] = []
    var counts: [ValidatorIndex: Int] = [:]
    var certificates = 0
  }

  /// Ascending by height.
  private var waiting: [Waiting] = []

  var count: Int { waiting.reduce(0) { $0 + $1.inputs.count } }

  /// Keeps `input`, of `height`, unless there is too much of its kind.
  ///
  /// A certificate has no `sender`.
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

  /// The next message of `height`, in the order in which they came; forgets those of heights before.
  mutating func next(of height: Height) -> Input? {
    waiting.removeAll { $0.height < height }
    guard let first = waiting.first, first.height == height, !first.inputs.isEmpty else { return nil }
    return waiting[0].inputs.removeFirst()
  }
}
