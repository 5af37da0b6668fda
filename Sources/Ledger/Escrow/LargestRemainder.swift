import Primitives

/// Splits an amount into whole shares that sum exactly to it (the largest remainder method).
enum LargestRemainder {
  /// Shares of `total` in proportion to `weights`, in the smallest unit of `total`.
  ///
  /// Each share is rounded down. The remaining units go, one each, to the shares with the largest remainders;
  /// among equal remainders the one that comes first in `weights` wins, so callers sort the weights by their
  /// rule for ties.
  ///
  /// - Throws: `overflow` when the sum of the weights exceeds 128 bits, `divisionByZero` when it is 0.
  static func shares(of total: UInt128, weights: [UInt128]) throws(ArithmeticError) -> [UInt128] {
    var sum: UInt128 = 0
    for weight in weights {
      let (next, overflow) = sum.addingReportingOverflow(weight)
      guard !overflow else { throw .overflow }
      sum = next
    }
    guard sum > 0 else { throw .divisionByZero }
    var shares: [UInt128] = []
    var remainders: [(index: Int, remainder: UInt128)] = []
    var left = total
    for (index, weight) in weights.enumerated() {
      // The quotient is at most `total`, since the weight is at most the sum.
      let (share, remainder) = sum.dividingFullWidth(total.multipliedFullWidth(by: weight))
      shares.append(share)
      remainders.append((index, remainder))
      left -= share
    }
    remainders.sort { $0.remainder == $1.remainder ? $0.index < $1.index : $0.remainder > $1.remainder }
    for (index, _) in remainders.prefix(Int(left)) { shares[index] += 1 }
    return shares
  }
}
