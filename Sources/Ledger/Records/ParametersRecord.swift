import Chain
import Primitives

/// The values of all parameters, and the proposals that set them.
struct ParametersRecord: Hashable, Sendable, StateValue {
  var values: Parameters
  /// The number of the proposal that set each value, in the order of `ParameterKey.allCases`; 0 for genesis.
  var proposals: [UInt64]

  init(_ values: Parameters) {
    self.values = values
    proposals = Array(repeating: 0, count: ParameterKey.allCases.count)
  }

  /// Each value is encoded with its name. So a parameter that a later version adds gets its default when an
  /// older state is decoded.
  func encode(into writer: inout ByteWriter) {
    writer.write(UInt16(ParameterKey.allCases.count))
    for (index, key) in ParameterKey.allCases.enumerated() {
      writer.write(key.rawValue)
      writer.write(values[key])
      writer.write(proposals[index])
    }
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    self.init(Parameters())
    let count = Int(try reader.read(UInt16.self))
    for _ in 0..<count {
      let name = try reader.readText(limit: 128)
      let value = try reader.read(UInt64.self)
      let proposal = try reader.read(UInt64.self)
      guard let key = ParameterKey(rawValue: name) else { continue }
      values[key] = value
      proposals[key.index] = proposal
    }
  }
}
