import Primitives

extension ByteWriter {
  public mutating func write(_ digest: Digest) { write(digest.storage) }

  public mutating func write(_ key: PublicKey) { write(key.storage) }

  public mutating func write(_ signature: Signature) {
    write(signature.point)
    write(signature.scalar)
  }

  public mutating func write(_ address: Address) { writeRaw(address.bytes) }

  mutating func write(_ words: Bytes32) { writeRaw(words.bytes) }
}

extension ByteReader {
  public mutating func readDigest() throws(DecodingError) -> Digest { Digest(storage: try readBytes32()) }

  public mutating func readPublicKey() throws(DecodingError) -> PublicKey {
    PublicKey(storage: try readBytes32())
  }

  public mutating func readSignature() throws(DecodingError) -> Signature {
    let point = try readBytes32()
    return Signature(point: point, scalar: try readBytes32())
  }

  public mutating func readAddress() throws(DecodingError) -> Address {
    guard let address = Address(try readRaw(count: 20)) else { throw .truncated }
    return address
  }

  mutating func readBytes32() throws(DecodingError) -> Bytes32 {
    guard let words = Bytes32(try readRaw(count: 32)) else { throw .truncated }
    return words
  }
}
