import Primitives

extension ByteWriter {
  /// The digest's 32 bytes.
  public mutating func write(_ digest: Digest) {
    write(digest.storage)
  }

  /// The key's 32 bytes.
  public mutating func write(_ key: PublicKey) {
    write(key.storage)
  }

  /// The signature's 64 bytes.
  public mutating func write(_ signature: Signature) {
    write(signature.point)
    write(signature.scalar)
  }

  mutating func write(_ words: Bytes32) {
    write(words.word0)
    write(words.word1)
    write(words.word2)
    write(words.word3)
  }
}

extension ByteReader {
  public mutating func readDigest() throws(DecodingError) -> Digest {
    Digest(storage: try readBytes32())
  }

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
    guard remaining >= 32 else { throw .truncated }
    let word0 = try read(UInt64.self)
    let word1 = try read(UInt64.self)
    let word2 = try read(UInt64.self)
    return Bytes32(word0, word1, word2, try read(UInt64.self))
  }
}
