/// Sorts with the same comparisons as Go's `sort.Stable`, which Akash's parser uses.
///
/// The parser's comparison of volumes is inconsistent, so the result depends on which elements are compared.
/// Go sorts runs of 20 by insertion and then merges them in place (SymMerge; Kim and Kutzner, "Stable Minimum
/// Storage Merging by Symmetric Comparisons", 2004).
enum GoStableSort {
  private static let run = 20

  static func sort<Element>(_ elements: inout [Element], by less: @escaping (Element, Element) -> Bool) {
    var sorter = Sorter(elements: elements, less: less)
    elements = []
    sorter.sort()
    elements = sorter.elements
  }

  private struct Sorter<Element> {
    var elements: [Element]
    let less: (Element, Element) -> Bool

    mutating func sort() {
      let count = elements.count
      for start in stride(from: 0, to: count, by: run) {
        insert(start..<min(start + run, count))
      }
      var width = run
      while width < count {
        for start in stride(from: 0, to: count, by: 2 * width) where start + width < count {
          merge(start, start + width, min(start + 2 * width, count))
        }
        width *= 2
      }
    }

    private func isLess(_ left: Int, _ right: Int) -> Bool {
      less(elements[left], elements[right])
    }

    private mutating func insert(_ range: Range<Int>) {
      for index in range.dropFirst() {
        var position = index
        while position > range.lowerBound, isLess(position, position - 1) {
          elements.swapAt(position, position - 1)
          position -= 1
        }
      }
    }

    /// Merges the sorted ranges `first..<middle` and `middle..<last`.
    private mutating func merge(_ first: Int, _ middle: Int, _ last: Int) {
      if middle - first == 1 {
        let position = partition(middle, last) { isLess($0, first) }
        for index in first..<max(first, position - 1) { elements.swapAt(index, index + 1) }
        return
      }
      if last - middle == 1 {
        let position = partition(first, middle) { !isLess(middle, $0) }
        for index in stride(from: middle, to: position, by: -1) { elements.swapAt(index, index - 1) }
        return
      }
      let half = (first + last) / 2
      let sum = half + middle
      let (low, high) = middle > half ? (sum - last, half) : (first, middle)
      let start = partition(low, high) { !isLess(sum - 1 - $0, $0) }
      let end = sum - start
      if start < middle, middle < end { rotate(start, middle, end) }
      if first < start, start < half { merge(first, start, half) }
      if half < end, end < last { merge(half, end, last) }
    }

    /// The first index for which `belongsBefore` is false, by binary search.
    private func partition(_ low: Int, _ high: Int, _ belongsBefore: (Int) -> Bool) -> Int {
      var (low, high) = (low, high)
      while low < high {
        let center = (low + high) / 2
        if belongsBefore(center) { low = center + 1 } else { high = center }
      }
      return low
    }

    private mutating func rotate(_ first: Int, _ middle: Int, _ last: Int) {
      elements.replaceSubrange(first..<last, with: Array(elements[middle..<last] + elements[first..<middle]))
    }
  }
}
