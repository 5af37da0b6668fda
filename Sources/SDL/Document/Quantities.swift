import Primitives

/// Why a text is not a quantity.
enum QuantityError: Error {
  case syntax
  case negative
}

/// Parses quantities. Numbers with a fraction are multiplied as doubles and truncated, exactly as Akash's
/// parser does, because the results are hashed: 2.01 cores become 2009 thousandths.
enum Quantities {
  private static let decimalSuffixes: [(suffix: String, factor: Double)] = [
    ("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15), ("E", 1e18),
  ]
  private static let binarySuffixes: [(suffix: String, factor: Double)] = [
    ("Ki", 0x1p10), ("Mi", 0x1p20), ("Gi", 0x1p30), ("Ti", 0x1p40), ("Pi", 0x1p50), ("Ei", 0x1p60),
  ]

  /// Parses an amount of CPU, such as `250m` or a number of cores, into thousandths of a core.
  static func cpuMillis(_ text: String) throws(QuantityError) -> UInt64 {
    let bytes = Array(text.utf8)
    if bytes.last == UInt8(ascii: "m") {
      guard let millis = NumberSyntax.digits(bytes.dropLast()), millis <= UInt64(UInt32.max) else {
        throw .syntax
      }
      return millis
    }
    guard let cores = NumberSyntax.float(text) else { throw .syntax }
    return try truncate(cores * 1000)
  }

  /// Parses a number with a decimal suffix, a binary suffix or none into bytes.
  static func bytes(_ text: String) throws(QuantityError) -> UInt64 {
    try bytes(text, suffixes: binarySuffixes + decimalSuffixes)
  }

  /// Parses the size of a GPU's memory into bytes. Decimal suffixes are not allowed.
  static func gpuMemoryBytes(_ text: String) throws(QuantityError) -> UInt64 {
    try bytes(text, suffixes: binarySuffixes)
  }

  private static func bytes(
    _ text: String,
    suffixes: [(suffix: String, factor: Double)]
  ) throws(QuantityError) -> UInt64 {
    let utf8 = Array(text.utf8)
    let found = suffixes.first { utf8.suffix($0.suffix.utf8.count).elementsEqual($0.suffix.utf8) }
    let number = utf8.dropLast(found?.suffix.utf8.count ?? 0)
    guard let value = NumberSyntax.float(String(decoding: number, as: UTF8.self)) else { throw .syntax }
    return try truncate(found.map { value * $0.factor } ?? value)
  }

  /// Drops the fraction. A value above 64 bits becomes the largest number, which exceeds every limit.
  private static func truncate(_ value: Double) throws(QuantityError) -> UInt64 {
    guard !(value < 0) else { throw .negative }
    return value < 0x1p64 ? UInt64(value) : .max
  }
}

/// The amount of a price: an exact decimal, or one that is too large to be stored.
enum PriceAmount {
  case exact(Decimal18)
  /// Too large for `Decimal18`. It is legal in a price that no service uses, and above every limit in one
  /// that is used.
  case huge

  enum Failure: Error {
    case syntax
    case precision
    case range
    case negative
    case zero
  }

  /// 2³¹⁵, the smallest amount that is out of range, in units of 10⁻¹⁸: Akash's decimals have at most 315
  /// bits.
  private static let bound = Array(
    "66749594872528440074844428317798503581334516323645399060845050244444366430645017188217565216768".utf8
  )

  init(_ text: String) throws(Failure) {
    var rest = Array(text.utf8)[...]
    var isNegative = false
    // A minus may be followed by a second sign: Akash's parser removes the first sign itself, and its integer
    // type reads another one.
    if rest.first == UInt8(ascii: "-") {
      isNegative = true
      rest = rest.dropFirst()
    }
    let parts = rest.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = parts.first, !whole.isEmpty else { throw .syntax }
    let fraction = parts.count == 2 ? parts[1] : []
    guard parts.count == 1 || !fraction.isEmpty else { throw .syntax }
    guard fraction.count <= 18 else { throw .precision }
    var digits =
      Array(whole) + Array(fraction) + Array(repeating: UInt8(ascii: "0"), count: 18 - fraction.count)
    if let sign = digits.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
      if sign == UInt8(ascii: "-") { isNegative.toggle() }
      digits.removeFirst()
    }
    guard digits.allSatisfy(NumberSyntax.isDigit) else { throw .syntax }
    digits = Array(digits.drop { $0 == UInt8(ascii: "0") })
    guard digits.count < Self.bound.count || digits.lexicographicallyPrecedes(Self.bound),
      digits.count <= Self.bound.count
    else { throw .range }
    guard !digits.isEmpty else { throw .zero }
    guard !isNegative else { throw .negative }
    self = UInt128(String(decoding: digits, as: UTF8.self)).map { .exact(Decimal18(raw: $0)) } ?? .huge
  }
}

/// Parses durations such as `1h30m`.
enum Durations {
  private static let units: [(name: String, nanoseconds: UInt64)] = [
    ("ns", 1), ("us", 1_000), ("µs", 1_000), ("μs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000),
    ("m", 60_000_000_000), ("h", 3_600_000_000_000),
  ]

  /// Nanoseconds; nil when `text` is not a duration or exceeds 2⁶³ − 1 ns.
  static func nanoseconds(_ text: String) -> Int64? {
    var rest = Array(text.utf8)[...]
    var isNegative = false
    if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
      isNegative = sign == UInt8(ascii: "-")
      rest = rest.dropFirst()
    }
    if rest.elementsEqual("0".utf8) { return 0 }
    guard !rest.isEmpty else { return nil }
    var total: UInt64 = 0
    while !rest.isEmpty {
      guard let part = component(&rest), case let (sum, overflow) = total.addingReportingOverflow(part),
        !overflow, sum <= UInt64(Int64.max) + (isNegative ? 1 : 0)
      else { return nil }
      total = sum
    }
    return isNegative ? Int64(truncatingIfNeeded: 0 &- total) : Int64(exactly: total)
  }

  private static func component(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
    let whole = rest.prefix(while: NumberSyntax.isDigit)
    rest = rest.dropFirst(whole.count)
    var fraction: ArraySlice<UInt8> = []
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      fraction = rest.prefix(while: NumberSyntax.isDigit)
      rest = rest.dropFirst(fraction.count)
    }
    guard !whole.isEmpty || !fraction.isEmpty else { return nil }
    let name = rest.prefix { $0 != UInt8(ascii: ".") && !NumberSyntax.isDigit($0) }
    rest = rest.dropFirst(name.count)
    guard let unit = units.first(where: { name.elementsEqual($0.name.utf8) })?.nanoseconds else { return nil }
    guard let count = whole.isEmpty ? 0 : NumberSyntax.digits(whole) else { return nil }
    let (product, overflow) = count.multipliedReportingOverflow(by: unit)
    guard !overflow, product <= UInt64(Int64.max) + 1 else { return nil }
    // Further digits do not fit into 63 bits and are ignored, as in Go's `time.ParseDuration`.
    var parts: UInt64 = 0
    var scale = 1.0
    for digit in fraction {
      guard parts <= (UInt64(Int64.max) - 9) / 10 else { break }
      parts = parts * 10 + UInt64(digit - UInt8(ascii: "0"))
      scale *= 10
    }
    return product + UInt64(Double(parts) * (Double(unit) / scale))
  }
}
