import Chain
import Cryptography
import Foundation
import Primitives

/// A request to an external pricing program.
public struct PriceRequest: Hashable, Sendable {
  public var order: Digest
  public var group: UInt32
  public var owner: Address
  public var denomination: Denomination
  /// The highest price that the tenant pays, per tick.
  public var maximum: Decimal18
  public var offers: [ResourceOffer]
}

/// Prices groups with an external program that has the interface of Akash providers' price scripts: it gets
/// one line of JSON on its input and prints one decimal, the price in smallest units per tick. A status other
/// than 0 means no bid; its error output then says why.
public struct PriceScript: Sendable {
  public var path: String
  public var timeout: Duration

  public struct Failure: Error, Hashable, Sendable {
    public var reason: String
  }

  /// Runs the program; waits for its end until the timeout.
  public func price(_ request: PriceRequest) async -> Result<Decimal18, Failure> {
    let environment = [
      "PATH": "/usr/local/bin:/usr/bin:/bin", "AKASH_OWNER": request.owner.description,
      "AKASH_DENOM": request.denomination.name,
    ]
    let output: CommandOutput
    do {
      output = try await Command(path: path, environment: environment).run(
        input: request.scriptInput + [UInt8(ascii: "\n")],
        timeout: timeout
      )
    } catch {
      return .failure(Failure(reason: "\(path) could not be run: \(error)"))
    }
    guard output.status == 0 else {
      let reason = output.errors.trimmingCharacters(in: .whitespacesAndNewlines)
      return .failure(Failure(reason: reason.isEmpty ? "\(path) ended with \(output.status)" : reason))
    }
    let text = output.text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard let price = Decimal18(text), !price.isZero else {
      return .failure(Failure(reason: "\(path) answered `\(text.prefix(64))`, not a price above zero"))
    }
    return .success(price)
  }
}

extension PriceRequest {
  /// The line of JSON, in the format of Akash's scripts.
  var scriptInput: [UInt8] {
    let input = Input(
      resources: offers.map { offer in
        Input.Unit(
          memory: offer.resources.memoryBytes,
          cpu: offer.resources.cpuMillis,
          gpu: Input.GPU(units: offer.resources.gpus, attributes: Input.attributes(offer)),
          storage: offer.resources.volumes.map { Input.Storage(class: $0.storageClass, size: $0.bytes) },
          count: offer.count,
          endpoint_quantity: offer.resources.endpoints.count { $0.kind != .leasedIP },
          ip_lease_quantity: offer.resources.endpoints.count { $0.kind == .leasedIP }
        )
      },
      price: Input.Price(denom: denomination.name, amount: maximum.description),
      price_precision: 6
    )
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(input)).map(Array.init) ?? []
  }

  /// The content of the line of JSON. The field names are those of Akash's scripts.
  private struct Input: Encodable {
    struct Model: Encodable {
      var model: String
      var ram: String?
      var interface: String?
    }

    struct Attributes: Encodable {
      var vendor: [String: Model]
    }

    static func attributes(_ offer: ResourceOffer) -> Attributes? {
      guard let key = offer.resources.gpuAttributes.first?.key, let model = GPUModel(attributeKey: key) else {
        return nil
      }
      let named = Model(
        model: model.model,
        ram: model.memory.isEmpty ? nil : model.memory,
        interface: model.interface.isEmpty ? nil : model.interface
      )
      return Attributes(vendor: [model.vendor: named])
    }

    struct GPU: Encodable {
      var units: UInt64
      var attributes: Attributes?
    }

    struct Storage: Encodable {
      var `class`: String
      var size: UInt64
    }

    struct Unit: Encodable {
      var memory: UInt64
      var cpu: UInt64
      var gpu: GPU
      var storage: [Storage]
      var count: UInt32
      var endpoint_quantity: Int
      var ip_lease_quantity: Int
    }

    struct Price: Encodable {
      var denom: String
      var amount: String
    }

    var resources: [Unit]
    var price: Price
    var price_precision: Int
  }
}
