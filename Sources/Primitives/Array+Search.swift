extension Array {
  /// The first index whose element satisfies `isSecond`, or `endIndex`. All elements that satisfy it must come after all
  /// others.
  @inlinable public func partitioningIndex(where isSecond: (Element) -> Bool) -> Int {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = low + (high - low) / 2
      if isSecond(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
