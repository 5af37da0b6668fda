import Chain
import Primitives

extension DocumentReader {
  mutating func readPlacement(_ place: Place) -> PlacementSource {
    var placement = PlacementSource()
    guard let fields = fields(place, wanted: "a mapping with pricing") else {
      placement.hasUnsoundPrices = true
      return placement
    }
    for field in fields {
      switch field.key {
      case "attributes": placement.attributes = readPlacementAttributes(field.place)
      case "signedBy":
        for field in self.fields(field.place, wanted: "a mapping with allOf and anyOf") ?? [] {
          if field.key == "allOf" { placement.allOf = texts(field.place)?.map(\.value) }
          if field.key == "anyOf" { placement.anyOf = texts(field.place)?.map(\.value) }
        }
      case "pricing":
        placement.hasUnsoundPrices = !readEach(field.place, of: &placement.prices) { $0.readPrice($1) }
      default: break
      }
    }
    return placement
  }

  private mutating func readPlacementAttributes(_ place: Place) -> [Attribute] {
    var values = NameMap<String>()
    for field in fields(place) ?? [] { values.set(Name(field.key), to: text(field.place).value) }
    return values.sorted.map { Attribute(key: $0.name.text, value: $0.value) }
  }

  private mutating func readPrice(_ place: Place) -> PriceSource {
    let none = Located<PriceAmount?>(nil, place.key("amount"))
    var source = PriceSource(place: place, price: none, denomination: Located("", place.key("denom")))
    guard !isNull(place) else { return source }
    let values = values(place, wanted: "a mapping with denom and amount", texts: ["denom", "amount"])
    let amount = values.text("amount")
    source.denomination = values.text("denom")
    source.price = Located(nil, amount.place, isSound: amount.isSound)
    if amount.isSound { readAmount(amount, into: &source.price) }
    let denomination = source.denomination
    if denomination.isSound, Denomination(denomination.value) == nil {
      let written = denomination.value
      let message =
        written.isEmpty ? "there is no denomination" : "\(quoted(written)) is not a denomination"
      let nearest = suggestions(for: written, among: ["uakt", "uact", "uusdc"])
      report(.priceDenom, denomination.place, message, nearest)
      source.denomination.isSound = false
    } else if let known = KnownCurrency.all.first(where: { $0.isNamed(by: denomination.value) }) {
      let message = "\(quoted(denomination.value)) is a symbol, not a denomination"
      report(.priceSymbol, denomination.place, message, ["\(known.denomination) and 1,000,000 × the amount"])
      source.denomination.isSound = false
    }
    return source
  }

  private mutating func readAmount(_ amount: Located<String>, into price: inout Located<PriceAmount?>) {
    let (text, place) = (amount.value, amount.place)
    do throws(PriceAmount.Failure) {
      price.value = try PriceAmount(text)
    } catch {
      price.isSound = false
      switch error {
      case .syntax:
        let message = text.isEmpty ? "there is no amount" : "\(quoted(text)) is not an amount"
        let nearest = AmountSpelling.nearest(to: text)
        report(.priceAmountSyntax, place, message, nearest, isFix: !text.contains(","))
      case .precision:
        report(.priceAmountPrecision, place, "\(quoted(text)) has more than 18 digits after the point")
      case .range: report(.priceAmountRange, place, "\(quoted(text)) is too large")
      case .negative: report(.priceNegative, place, "\(quoted(text)) is below zero")
      case .zero: report(.priceZero, place, "the amount is zero", ["the most that you would pay"])
      }
    }
  }
}
