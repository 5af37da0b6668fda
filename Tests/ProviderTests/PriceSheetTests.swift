import Chain
import Foundation
import Primitives
import Testing

@testable import Provider

@Suite struct PriceSheetTests {
  let sheet = try! PriceSheet(Fixture.prices, tickMilliseconds: 6_000)

  private func offer(_ model: String, gpus: UInt64 = 1, count: UInt32 = 1) -> ResourceOffer {
    ResourceOffer(
      resources: Fixture.unit(gpus: gpus, keys: [model]).resources,
      count: count
    )
  }

  @Test func `the key with most parts named prices a GPU`() {
    func price(_ vendor: String, _ model: String, _ memory: String, _ interface: String) -> String? {
      let model = GPUModel(vendor: vendor, model: model, memory: memory, interface: interface)
      return sheet.sheets[.uusdc]?.price(of: model)?.description
    }
    #expect(price("nvidia", "h100", "80Gi", "sxm") == "2.19")
    #expect(price("nvidia", "h100", "80Gi", "pcie") == "1.99")
    #expect(price("nvidia", "a100", "40Gi", "pcie") == "0.5")
    #expect(price("amd", "mi300x", "192Gi", "") == "0.5")
  }

  @Test func `of equally exact keys the one with earlier parts named wins`() {
    let a = GPUPriceKey("nvidia/h100/*/*")!
    let b = GPUPriceKey("*/h100/80Gi/*")!
    #expect(a.isMoreSpecific(than: b))
    #expect(!b.isMoreSpecific(than: a))
    #expect(GPUPriceKey("") == nil)
    #expect(GPUPriceKey("a//b") == nil)
    #expect(GPUPriceKey("a/b/c/d/e") == nil)
  }

  @Test func `a group costs the sum of its lines per hour, rounded up to six digits per tick`() throws {
    let quote = try sheet.quote(
      [offer("vendor/nvidia/model/h100/ram/80Gi/interface/sxm", gpus: 2)],
      in: .uusdc
    )
    // 2 × 2.19 + 1 core × 0.01 + 1 GiB × 0.002 + 1 GiB × 0.0001 + 1 endpoint × 0.001 per hour.
    #expect(quote.perHour.description == "4.3931")
    // × 10⁶ × 6 s / 3,600 s = 7,321.83333…
    #expect(quote.perTick.description == "7321.833334uusdc")
    #expect(quote.lines.count == 5)
  }

  @Test func `another currency takes the amounts at its rate`() throws {
    let quote = try sheet.quote(
      [offer("vendor/nvidia/model/h100/ram/80Gi/interface/sxm", gpus: 2)],
      in: .uakt
    )
    #expect(quote.perTick.description == "9152.291667uakt")
  }

  @Test func `replicas multiply everything but endpoints`() throws {
    let one = try sheet.quote([offer("vendor/nvidia/model/a100/ram/40Gi/interface/pcie")], in: .uusdc)
    let three = try sheet.quote(
      [offer("vendor/nvidia/model/a100/ram/40Gi/interface/pcie", count: 3)],
      in: .uusdc
    )
    #expect(one.perHour.description == "0.5131")
    #expect(three.perHour.description == "1.5373")
  }

  @Test func `ticks of another length scale the price exactly`() throws {
    let second = try PriceSheet(Fixture.prices, tickMilliseconds: 1_000)
    let offers = [offer("vendor/nvidia/model/a100/ram/40Gi/interface/pcie")]
    #expect(try second.quote(offers, in: .uusdc).perTick.description == "142.527778uusdc")
    #expect(try sheet.quote(offers, in: .uusdc).perTick.description == "855.166667uusdc")
  }

  @Test func `the floor lifts a small group`() throws {
    var entry = Fixture.prices[0]
    entry.floor = Decimal18(1)
    let sheet = try PriceSheet([entry], tickMilliseconds: 3_600_000)
    let quote = try sheet.quote(
      [ResourceOffer(resources: Fixture.unit(gpus: 0).resources, count: 1)],
      in: .uusdc
    )
    #expect(quote.perTick.description == "1000000uusdc")
    #expect(quote.lines.last?.text == "up to the floor")
  }

  @Test func `the sheet equals exact arithmetic over random amounts`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<500 {
      let micro = random.next(below: 1_000_000_000)
      let tick = random.next(below: 100_000) + 1
      var entry = PriceEntry(denomination: "uusdc")
      entry.cpu = Decimal18(raw: UInt128(micro) * 1_000_000_000_000)
      entry.floor = Decimal18("0.000001")!
      let sheet = try PriceSheet([entry], tickMilliseconds: tick)
      let perTick = try sheet.perTick(entry.cpu, in: entry)
      // micro × tick / 3,600,000 smallest units, as millionths rounded up.
      let exact = (UInt128(micro) * UInt128(tick) * 1_000_000 + 3_599_999) / 3_600_000
      #expect(perTick.raw == exact * 1_000_000_000_000, "seed \(seed)")
    }
  }

  @Test func `numbers beyond range are an error, not a trap`() throws {
    var entry = PriceEntry(denomination: "uusdc", exponent: 18)
    entry.cpu = Decimal18(UInt64.max)
    let sheet = try PriceSheet([entry], tickMilliseconds: 3_600_000)
    var unit = Fixture.unit(gpus: 0)
    unit.resources.cpuMillis = .max
    #expect(throws: PricingError.outOfRange) {
      try sheet.quote([ResourceOffer(resources: unit.resources, count: .max)], in: .uusdc)
    }
  }

  @Test func `what has no price says so`() throws {
    var entry = Fixture.prices[0]
    entry.gpu = ["nvidia/h100": Decimal18(1)]
    let sheet = try PriceSheet([entry], tickMilliseconds: 6_000)
    #expect(throws: PricingError.gpu("vendor/nvidia/model/a100/ram/40Gi/interface/pcie")) {
      try sheet.quote([offer("vendor/nvidia/model/a100/ram/40Gi/interface/pcie")], in: .uusdc)
    }
    #expect(throws: PricingError.currency(.uakt)) {
      try sheet.quote([offer("vendor/nvidia/model/h100")], in: .uakt)
    }
    var resources = Fixture.unit(gpus: 0).resources
    resources.volumes[0].attributes = [Attribute(key: "class", value: "beta3")]
    #expect(throws: PricingError.storageClass("beta3")) {
      try sheet.quote([ResourceOffer(resources: resources, count: 1)], in: .uusdc)
    }
  }

  @Test func `the cheapest model comes first`() {
    let models = [Fixture.h100.gpuModel, Fixture.a100.gpuModel]
    #expect(sheet.cheapestFirst(models, in: .uusdc) == models.reversed())
    #expect(sheet.cheapestFirst(models, in: Denomination("uother")!).isEmpty)
  }
}

@Suite struct PriceScriptTests {
  /// A shell writes the file. If this process wrote it, a child that another test starts at that moment would
  /// hold it open too, and the kernel would refuse to run it ("text file busy").
  private func script(_ text: String) async throws -> PriceScript {
    let path = FileManager.default.temporaryDirectory.appending(path: "price-\(UUID().uuidString)").path
    let writer = Command(path: "/bin/sh", arguments: ["-c", "cat > '\(path)' && chmod 755 '\(path)'"])
    let output = try await writer.run(input: Array("#!/bin/sh\n\(text)\n".utf8))
    try #require(output.status == 0, "\(output.errors)")
    return PriceScript(path: path, timeout: .seconds(5))
  }

  private let request = PriceRequest(
    order: Fixture.digest(1),
    group: 1,
    owner: Fixture.tenant,
    denomination: .uakt,
    maximum: Decimal18(100),
    offers: [
      ResourceOffer(
        resources: Fixture.unit(gpus: 2, keys: ["vendor/nvidia/model/h100/ram/80Gi/interface/sxm"]).resources,
        count: 3
      )
    ]
  )

  @Test func `the request has the shape that providers' scripts expect`() {
    #expect(
      String(decoding: request.scriptInput, as: UTF8.self)
        == #"{"price":{"amount":"100","denom":"uakt"},"price_precision":6,"resources":[{"count":3,"cpu":1000,"#
        + #""endpoint_quantity":1,"gpu":{"attributes":{"vendor":{"nvidia":{"interface":"sxm","model":"h100","#
        + #""ram":"80Gi"}}},"units":2},"ip_lease_quantity":0,"memory":1073741824,"storage":[{"class":"ephemeral","#
        + #""size":1073741824}]}]}"#
    )
  }

  @Test func `a number on its output is the price`() async throws {
    let script = try await script(#"read line; case "$line" in *h100*) echo 12.5;; esac"#)
    #expect(await script.price(request) == .success(Decimal18("12.5")!))
  }

  @Test func `a status says no, and why`() async throws {
    let script = try await script("echo no thanks >&2; exit 3")
    #expect(await script.price(request) == .failure(.init(reason: "no thanks")))
  }

  @Test func `no answer, nonsense and zero are refused`() async throws {
    for text in ["true", "echo free", "echo 0"] {
      let result = try await script(text).price(request)
      guard case .failure(let failure) = result else {
        Issue.record("\(text) made a price")
        continue
      }
      #expect(failure.reason.contains("not a price above zero"))
    }
  }

  @Test func `a program that hangs is killed`() async throws {
    // So long that a busy machine cannot sleep through it.
    var script = try await script("exec sleep 36000")
    script.timeout = .milliseconds(200)
    guard case .failure(let failure) = await script.price(request) else {
      Issue.record("it answered")
      return
    }
    #expect(failure.reason.contains("took too long"))
  }
}
