import Primitives

/// Draws the delay of messages from one node to another.
struct DelayModel {
  let kind: FaultPlan.Delays

  /// A random delay in nanoseconds from the node with index `from` to the one with index `to`.
  func draw(from: Int, to: Int, _ generator: inout SeededGenerator) -> UInt64 {
    switch kind {
    case .lan: return 100_000 + generator.next(below: 900_000)
    case .rough:
      let usual = 1_000_000 + generator.next(below: 59_000_000)
      return generator.next(below: 100) == 0 ? usual * 10 : usual
    case .regions:
      let row = from % Self.count
      let column = to % Self.count
      let mean = Self.means[row * Self.count + column]
      let deviation = Self.deviations[row * Self.count + column]
      // The sum of four uniform draws is nearly normal, with mean 2 and standard deviation 1/√3 in units of
      // `unit`. So its distance from the mean is multiplied by √3 ≈ 1.732 and by the wanted `deviation`.
      let unit: UInt64 = 1 << 20
      let sum = (0..<4).reduce(UInt64(0)) { sum, _ in sum + generator.next(below: unit) }
      let spread = (Int64(sum) - Int64(2 * unit)) * Int64(deviation) / Int64(unit) * 1_732 / 1_000
      return UInt64(max(Int64(Self.least(of: mean)), Int64(mean) + spread)) * 10_000
    }
  }

  /// The number of regions; a node's region is its index modulo this.
  static let count = 10

  /// Whether the node with this index is in one of the five regions that are far from the other five.
  static func isInFarHalf(_ node: Int) -> Bool { farHalf[node % count] }

  private static let farHalf = [false, false, false, true, false, true, true, false, true, true]

  /// The lower bound of a delay with this mean, both in units of 10 µs.
  private static func least(of mean: UInt64) -> UInt64 { mean / 2 }

  /// The lower bound of all delays between the two halves.
  static let leastDelayBetweenHalves: Interval = {
    var least = UInt64.max
    for row in 0..<count {
      for column in 0..<count where farHalf[row] != farHalf[column] {
        least = min(least, Self.least(of: means[row * count + column]))
      }
    }
    return Interval(nanoseconds: least * 10_000)
  }()

  /// Mean one-way delays in units of 10 µs: the row is the sender's region, the column the receiver's. They
  /// are half of the median round trips measured between data centres
  /// (`Tests/Vectors/consensus/regions.txt`).
  static let means: [UInt64] = [
    141, 3197, 6497, 5413, 8643, 11600, 8738, 7663, 6677, 6956,
    3208, 275, 3481, 7484, 5640, 9625, 5766, 4658, 8991, 9991,
    6505, 3487, 159, 10114, 2044, 6295, 8910, 1373, 11631, 12787,
    5437, 7477, 10123, 138, 12361, 6716, 12917, 11379, 1817, 5347,
    8625, 5610, 1986, 12333, 167, 7444, 11149, 1149, 12505, 13561,
    11579, 9483, 6269, 6663, 7422, 158, 15051, 6448, 6724, 7734,
    8765, 5769, 8929, 12946, 11167, 15088, 166, 10251, 14483, 15621,
    7651, 4633, 1349, 11350, 1147, 6463, 10201, 202, 11542, 12567,
    6696, 8975, 11661, 1818, 12519, 6762, 14468, 11578, 201, 7262,
    6962, 9984, 12779, 5291, 13580, 7743, 15603, 12582, 7307, 205,
  ]

  /// Standard deviations of the delays in units of 10 µs, in the same order and from the same source.
  static let deviations: [UInt64] = [
    122, 516, 202, 142, 149, 339, 140, 163, 159, 152,
    501, 187, 251, 346, 255, 560, 205, 271, 387, 236,
    204, 154, 130, 309, 161, 390, 141, 154, 365, 165,
    145, 317, 310, 156, 197, 570, 300, 199, 113, 400,
    135, 136, 162, 206, 101, 195, 152, 155, 662, 197,
    344, 563, 352, 579, 210, 113, 216, 214, 271, 139,
    147, 135, 134, 260, 168, 225, 116, 125, 342, 132,
    179, 131, 131, 203, 144, 189, 116, 94, 1117, 162,
    184, 361, 347, 139, 1090, 260, 339, 1121, 91, 209,
    159, 164, 180, 510, 203, 151, 150, 199, 212, 87,
  ]
}
