import Chain
import Cryptography
import Foundation
import Primitives
import Testing

@testable import Ledger

@Suite struct ValidationConformanceTests {
  @Test func `groups have the reference's limits`() throws {
    let file = try ConformanceFile("validation_limits")
    var tally = ConformanceTally(file.name)
    for item in try file.list("group_cases") {
      let name = item.text("name")
      if ["gpu missing", "price missing", "price negative"].contains(name) {
        tally.differ(
          name,
          because: "no value of our types says it: decoding refuses it",
          asHere: try isUndecodable(name)
        )
        continue
      }
      let fault = GroupValidation.fault(group(item.object("group")))
      let agrees = item.flag("valid") ? fault == nil : fault.map(Self.label) == item.text("reason")
      tally.record(name, agrees: agrees, "\(String(describing: fault)) for \(item.text("reason"))")
    }
    let example = file.root.object("group_price_example")
    let units = example.objects("units").map { unit in
      ResourceUnit(
        resources: Fixture.resources(),
        count: UInt32(unit.number("count")),
        price: DecimalCoin(Decimal18(unit.text("price"))!, .uakt)
      )
    }
    let price = try GroupSpec(name: "g", requirements: .init(), units: units).maximumPrice()
    tally.record("group price", agrees: price.fixedText == example.text("group_price"))
    try deployments(file, &tally)
    tally.finish()
  }

  /// A group's bytes with a part that is missing or has an illegal value.
  private func isUndecodable(_ name: String) throws -> Bool {
    let spec = Fixture.group(price: "7.5", gpus: 1, gpu: [Fixture.h100])
    #expect(try GroupSpec(decoding: spec.encoded) == spec)
    // On the wire a price is a whole number of 10⁻¹⁸, with a field of exactly this text.
    let price = Array("7500000000000000000".utf8)
    var bytes = spec.encoded
    if name == "gpu missing" {
      // The tag of the unit's GPUs becomes that of a field that nobody knows.
      let key = Array(Fixture.h100.utf8)
      let place = try #require(bytes.indices.first { bytes[$0...].starts(with: key) })
      let tag = try #require(bytes[..<place].lastIndex { $0 == 0x22 || $0 == 0x2A })
      bytes[tag] = 0x7A
    } else {
      let place = try #require(bytes.indices.first { bytes[$0...].starts(with: price) })
      bytes.replaceSubrange(
        place..<(place + price.count),
        with: name == "price negative"
          ? [UInt8(ascii: "-")] + price.dropFirst() : price.map { _ in UInt8(ascii: " ") }
      )
    }
    return (try? GroupSpec(decoding: bytes)) == nil
  }

  private func group(_ object: [String: Any]) -> GroupSpec {
    let units = object.objects("units").map { unit in
      ResourceUnit(
        resources: Resources(
          id: UInt32(unit.number("id")),
          cpuMillis: unit.number("cpu_milli"),
          memoryBytes: unit.number("memory_bytes"),
          volumes: (unit["volumes"] as? [NSNumber] ?? []).map { Volume(name: "v", bytes: $0.uint64Value) },
          gpus: unit.number("gpu"),
          gpuAttributes: unit.number("gpu_attributes") == 0
            ? [] : [Attribute(key: Fixture.h100, value: "true")]
        ),
        count: UInt32(unit.number("count")),
        price: DecimalCoin(Decimal18(unit.text("price")) ?? .zero, Denomination(unit.text("denom"))!)
      )
    }
    return GroupSpec(name: object.text("name"), requirements: PlacementRequirements(), units: units)
  }

  /// The data's label of a fault.
  private static func label(_ fault: GroupFault) -> String {
    switch fault {
    case .emptyName: "empty name"
    case .tooManyUnits: "too many units"
    case .replicaCount: "unit count"
    case .resourceID: "resource id"
    case .duplicateResourceID: "duplicate resource id"
    case .cpu: "unit CPU"
    case .gpu: "unit GPU"
    case .gpuAttributesWithoutGPUs: "GPU attributes with zero units"
    case .memory: "unit memory"
    case .noStorage: "no storage"
    case .storage: "unit storage"
    case .attributeKey, .duplicateAttribute: "attribute"
    case .totalCPU: "total CPU"
    case .totalGPU: "total GPU"
    case .totalMemory: "total memory"
    case .price: "unit price"
    case .mixedDenominations: "mixed denominations"
    case .noAuditorForGPUs: "no auditor"
    }
  }

  private func deployments(_ file: ConformanceFile, _ tally: inout ConformanceTally) throws {
    let chain = try TestChain.market()
    for item in try file.list("deployment_cases") {
      let groups = item.texts("groups").map { text in
        Fixture.group(
          String(text.prefix { $0 != "(" }),
          denomination: text.hasSuffix("(usdc)") ? TestChain.ibc : .uakt
        )
      }
      let rejection = chain.rejection { execution throws(Rejection) in
        _ = try execution.check(chain.order(groups: groups), identifier: .zero)
      }
      if item.text("name") == "21 groups" {
        tally.differ(
          "21 groups",
          because: "the declared limit of 20 is kept, by the decoder and here",
          asHere: rejection?.code == .init(.deployment, 7)
        )
      } else {
        let agrees = (rejection == nil) == item.flag("valid")
        let code = item.text("error")
        tally.record(
          item.text("name"),
          agrees: agrees && (code.isEmpty || rejection?.code.description == code),
          "\(String(describing: rejection))"
        )
      }
    }
  }

  @Test func `providers are registered as in the reference`() throws {
    let file = try ConformanceFile("provider_rules")
    var tally = ConformanceTally(file.name)
    for item in try file.list("host_uri") {
      let code = HostURI.rejection(item.text("uri")).map { $0.code.description } ?? ""
      tally.record("host \(item.text("uri"))", agrees: code == item.text("error"), code)
    }
    for item in try file.list("cases") { try provider(item, &tally) }
    tally.finish()
  }

  private func provider(_ item: [String: Any], _ tally: inout ConformanceTally) throws {
    let chain = try TestChain(balances: [
      "provider": [Coin(10_000_000, .uakt)], "tenant": [Coin(50_000_000, .uakt)],
    ])
    let given = item.object("given")
    var record = chain.providerRecord("provider", attributes: [("region", "us"), ("tier", "1")])
    if given.text("provider") == "exists" { chain.submit(.registerProvider(record), by: "provider") }
    if given.number("active_leases") > 0 {
      let wanted = PlacementRequirements(attributes: [Attribute(key: "region", value: "us")])
      let order = chain.order(groups: [Fixture.group(requirements: wanted)])
      #expect(chain.submit(.agreeLease(chain.agreement(order)), by: "tenant").codeText == "")
    }
    let id = item.text("id")
    switch id {
    case "create-with-contact":
      record.email = "ops@provider.example"
      record.website = "https://provider.example"
    case _ where id.hasSuffix("duplicate-attribute"):
      record.attributes = [Attribute(key: "a1", value: "1"), Attribute(key: "a1", value: "2")]
    case "create-wildcard-attribute": record.attributes = [Attribute(key: "hihi*", value: "1")]
    case "update-same-attributes-with-lease": record.attributes.append(Attribute(key: "new", value: "1"))
    case "update-drops-needed-attribute": record.attributes.removeFirst()
    default: break
    }
    let action: Action =
      id.hasPrefix("create")
      ? .registerProvider(record)
      : id.hasPrefix("update") ? .updateProvider(record) : .leaveProvider(owner: record.owner)
    let receipt = chain.submit(action, by: "provider")
    let expect = item.object("expect")
    if id == "delete" {
      tally.differ(id, because: "a provider without running leases can leave", asHere: receipt.isSuccess)
      return
    }
    let code = expect.flag("ok") ? "" : "\(expect.text("codespace"))/\(expect.number("code"))"
    tally.record(id, agrees: receipt.codeText == code, receipt.log)
  }

  @Test func `auditors sign as in the reference`() throws {
    let file = try ConformanceFile("audit_and_cert")
    var tally = ConformanceTally(file.name)
    for item in try file.list("audit") {
      let chain = try TestChain(balances: [
        "auditor": [Coin(10_000_000, .uakt)], "provider": [Coin(10_000_000, .uakt)],
      ])
      let message = item.object("msg")
      let auditor = message["auditor"] == nil ? "auditor" : "provider"
      let key = Pair(chain.address("provider"), chain.address(auditor))
      func sign(_ list: Any?) -> Action {
        let pairs = list as? [[String]] ?? []
        return .signAttributes(
          provider: key.first,
          auditor: key.second,
          attributes: pairs.map { Attribute(key: $0[0], value: $0[1]) }
        )
      }
      if item["given"] is [[String]] { chain.submit(sign(item["given"]), by: auditor) }
      let action: Action =
        message["sign"] != nil
        ? sign(message["sign"])
        : .withdrawAttributes(
          provider: key.first,
          auditor: key.second,
          keys: message["delete"] as? [String] ?? []
        )
      let receipt = chain.submit(action, by: auditor)
      let expect = item.object("expect")
      let record = chain.state.read(Tables.signedAttributes, key)?.attributes.map { [$0.key, $0.value] }
      let code = expect.flag("ok") ? "" : "\(expect.text("codespace"))/\(expect.number("code"))"
      let wanted = expect["record"] as? [[String]]
      let agrees = receipt.codeText == code && (expect["record"] == nil || record == wanted)
      tally.record(item.text("id"), agrees: agrees, "\(receipt.log) \(String(describing: record))")
    }
    let chain = try TestChain.market()
    for item in try file.list("cert") {
      let verb = item.text("id").hasPrefix("revoke") ? "Revoke" : "Create"
      tally.differ(
        "cert " + item.text("id"),
        because: "tenants sign their requests with their account key: no certificates",
        asHere: try chain.knowsNoMessage("/akash.cert.v1.Msg\(verb)Certificate")
      )
    }
    tally.finish()
  }

  @Test func `decimals are exact where the reference rounds`() throws {
    let file = try ConformanceFile("dec18_arithmetic")
    var tally = ConformanceTally(file.name)
    for item in try file.list("cases") {
      let value = try #require(Decimal18(item.text("a")))
      let name = "\(item.text("op")) \(item.text("a")) \(item.text("b"))"
      switch item.text("op") {
      case "truncate_int":
        tally.record(name, agrees: try value.truncated().description == item.text("result"))
      case "quo":
        // What we divide is floored exactly: whole ticks, and shares by largest remainder.
        let divisor = try #require(Decimal18(item.text("b")))
        let floor = try MultiplyDivide.floor(value.raw, Decimal18.one, over: divisor.raw)
        let text = Decimal18(raw: floor).fixedText
        if text == item.text("result") {
          tally.record(name, agrees: true)
        } else {
          tally.differ(name, because: "rounded down, never up", asHere: text < item.text("result"))
        }
      default:
        let factor = try #require(Decimal18(item.text("b")))
        let floor = try MultiplyDivide.floor(value.raw, factor.raw, over: Decimal18.one)
        let text = Decimal18(raw: floor).fixedText
        if text == item.text("result") {
          tally.record(name, agrees: true)
        } else {
          tally.differ(
            name,
            because: "decimals are multiplied by whole ticks only, exactly",
            asHere: text < item.text("result")
          )
        }
      }
    }
    tally.finish(expected: 16)
  }

  @Test func `identifiers are written as in the reference`() throws {
    let file = try ConformanceFile("identifiers_and_events")
    var tally = ConformanceTally(file.name)
    let text = file.root.object("text")
    let owner = try Address(text: text.text("owner"))
    let provider = try Address(text: text.text("provider"))
    let deployment = DeploymentID(owner: owner, sequence: 123)
    let lease = LeaseID(deployment: deployment, group: 1, order: 2, provider: provider)
    for name in ["deployment"] { tally.record(name, agrees: deployment.description == text.text(name)) }
    for name in ["bid", "lease"] { tally.record(name, agrees: lease.description == text.text(name)) }
    // Keys sort as the reference's do: big-endian numbers, owner first.
    let key = Tables.leases.bytes(lease)
    tally.record(
      "store key",
      agrees: key.dropFirst()
        == (owner.bytes + [0, 0, 0, 0, 0, 0, 0, 123, 0, 0, 0, 1, 0, 0, 0, 2] + provider.bytes)[...]
    )
    // Events keep their meaning under names of our own where the reference's are about what we have not.
    let ours = [
      "deployment-created": "deployment_created", "deployment-updated": "deployment_updated",
      "deployment-closed": "deployment_closed", "lease-created": "lease_opened",
      "lease-closed": "lease_closed",
      "provider-created": "provider_registered", "provider-updated": "provider_updated",
      "provider-deleted": "provider_left", "audit-trusted-auditor-created": "attributes_signed",
      "audit-trusted-auditor-deleted": "attributes_withdrawn",
    ]
    let names = Set(EventSamples.all.map(\.name))
    for item in try file.list("events") {
      let action = item.text("action")
      if let name = ours[action] {
        tally.differ(
          "event " + action,
          because: "typed, as \(name), and closings say who and why",
          asHere: names.contains(name)
        )
      } else {
        tally.differ(
          "event " + action,
          because: "orders and bids are gossip, groups open and close with their leases",
          asHere: !names.contains(action) && ["group", "order", "bid"].contains(action.prefix { $0 != "-" })
        )
      }
    }
    tally.finish()
  }

  /// The other cases are `AddressTests`', which knows the encoding.
  @Test func `module accounts have the reference's addresses`() throws {
    let file = try ConformanceFile("bech32_addresses")
    var tally = ConformanceTally("bech32_addresses")
    for item in try file.list("module_accounts") {
      let name = item.text("name")
      guard let module = ModuleAccount(rawValue: name) else {
        // Nobody holds the key of such a name's address, and nothing is minted or bridged.
        let address = try Address(text: item.text("address"))
        let isNobodys = address == Address.module(name) && !ModuleAccount.contains(address)
        tally.differ(name, because: "this ledger has no such module account", asHere: isNobodys)
        continue
      }
      tally.record(name, agrees: module.address.text() == item.text("address"))
    }
    for item in try file.list("decode") {
      let text = item.text("text")
      let isRead = (try? Address(text: text)) != nil
      if item.flag("valid_account"), let length = item["bytes_len"] as? NSNumber, length.intValue != 20 {
        tally.differ(text, because: "an address has the 20 bytes that a key gives", asHere: !isRead)
      } else {
        tally.record(text, agrees: isRead == item.flag("valid_account"))
      }
    }
    tally.finish(expected: 18)
  }
}
