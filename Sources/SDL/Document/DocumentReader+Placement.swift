import Chain
import Primitives

extension DocumentReader {
  mutating func readPlacement(_ index: Int, _ path: Path) -> PlacementSource {
    var placement = PlacementSource(node: index, path: path)
    guard let fields = fields(index, path, wanted: "a mapping with pricing") else {
      placement.hasUnsoundPrices = true
      return placement
    }
    for field in fields {
      let at = path.key(field.key)
      switch field.key {
      case "attributes": placement.attributes = readPlacementAttributes(field.value, at)
      case "signedBy": readSigners(field.value, at, into: &placement)
      case "pricing":
        var broken: Set<String> = []
        readEach(field.value, at, of: &placement.prices, section: "pricing", &broken) { $0.readPrice($1, $2) }
        placement.hasUnsoundPrices = !broken.isEmpty
      default: break
      }
    }
    return placement
  }

  private mutating func readPlacementAttributes(_ index: Int, _ path: Path) -> [Attribute] {
    var values = NameMap<String>()
    for field in fields(index, path) ?? [] {
      values.set(Name(field.key), to: text(field.value, path.key(field.key)).value)
    }
    return values.sorted.map { Attribute(key: $0.name.text, value: $0.value) }
  }

  private mutating func readSigners(_ index: Int, _ path: Path, into placement: inout PlacementSource) {
    for field in fields(index, path, wanted: "a mapping with allOf and anyOf") ?? [] {
      switch field.key {
      case "allOf": placement.allOf = texts(field.value, path.key(field.key))?.map(\.value)
      case "anyOf": placement.anyOf = texts(field.value, path.key(field.key))?.map(\.value)
      default: break
      }
    }
  }

  private mutating func readPrice(_ index: Int, _ path: Path) -> PriceSource {
    let nothing = Located(value: "", node: index)
    var source = PriceSource(
      node: index,
      path: path,
      price: Located(value: nil, node: index),
      denomination: nothing
    )
    guard !isNull(index) else { return source }
    guard let fields = fields(index, path, wanted: "a mapping with denom and amount") else {
      source.price.isSound = false
      source.denomination.isSound = false
      return source
    }
    var amount = nothing
    for field in fields {
      switch field.key {
      case "amount": amount = text(field.value, path.key(field.key))
      case "denom": source.denomination = text(field.value, path.key(field.key))
      default: break
      }
    }
    source.price.node = amount.node
    source.price.isSound = amount.isSound
    if amount.isSound { readAmount(amount, path.key("amount"), into: &source) }
    if source.denomination.isSound, Denomination(source.denomination.value) == nil {
      let written = source.denomination.value
      let nearest = Spelling.nearest(to: written, among: ["uakt", "uact", "uusdc"])
      report(
        .priceDenom,
        source.denomination.node,
        path.key("denom"),
        written.isEmpty ? "there is no denomination" : "\(quoted(written)) is not a denomination",
        suggestions: nearest.map { [$0] } ?? []
      )
      source.denomination.isSound = false
    }
    return source
  }

  private mutating func readAmount(_ amount: Located<String>, _ path: Path, into source: inout PriceSource) {
    let text = amount.value
    do throws(PriceAmount.Failure) {
      source.price.value = try PriceAmount(text)
      return
    } catch {
      source.price.isSound = false
      switch error {
      case .syntax:
        let nearest = AmountSpelling.nearest(to: text)
        let isRewritten = !text.contains(",")
        report(
          .priceAmountSyntax,
          amount.node,
          path,
          text.isEmpty ? "there is no amount" : "\(quoted(text)) is not an amount",
          suggestions: nearest,
          edits: isRewritten ? nearest.first.map { replace(amount.node, with: $0) } ?? [] : []
        )
      case .precision:
        report(
          .priceAmountPrecision,
          amount.node,
          path,
          "\(quoted(text)) has more than 18 digits after the point"
        )
      case .range:
        report(.priceAmountRange, amount.node, path, "\(quoted(text)) is too large")
      case .negative:
        report(.priceNegative, amount.node, path, "\(quoted(text)) is below zero")
      case .zero:
        report(
          .priceZero,
          amount.node,
          path,
          "the amount is zero",
          suggestions: ["the most that you would pay"]
        )
      }
    }
  }
}
