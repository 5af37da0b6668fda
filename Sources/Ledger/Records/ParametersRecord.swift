import Chain
import Primitives

/// Every parameter's value and the proposal that set it.
struct ParametersRecord: Hashable, Sendable, StateValue {
  var values: Parameters
  /// In the order of `ParameterKey.allCases`; 0 is genesis.
  var proposals: [UInt64]

  init(_ values: Parameters) {
    self.values = values
    proposals = Array(repeating: 0, count: ParameterKey.allCases.count)
  }

  /// By name, so that a later version's new parameters take their standard value in an older state.
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
