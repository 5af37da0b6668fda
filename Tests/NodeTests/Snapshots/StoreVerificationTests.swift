import Chain
import Cryptography
import Foundation
import Primitives
import Replication
import Storage
import Testing

@testable import Node

/// What a look at a node's database finds, and what it says of it.
@Suite struct StoreVerificationTests {
  private let folder = FileManager.default.temporaryDirectory.appending(
    path: "verification-\(UUID().uuidString.prefix(8))"
  )

  private func chain(heights: Height = 30) throws -> SignedChain {
    try SignedChain(entries: 300, heights: heights, folder: folder)
  }

  private func key(_ height: Height) -> [UInt8] {
    var writer = ByteWriter(capacity: 8)
    writer.write(height)
    return writer.bytes
  }

  /// What `body` says is damaged; the folder's database, in any case.
  private func damage(_ body: () throws -> Void) throws -> String {
    let error = #expect(throws: StorageError.self) { try body() }
    guard case .corrupt(folder.path, let detail)? = error else {
      throw TestFailure("not of the database: \(String(describing: error))")
    }
    return detail
  }

  @Test func `a chain that is whole is found so, with how much was looked at`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let chain = try chain()
    let newest = try #require(try StoreVerification(chain.store).newest(10))
    #expect(newest.chainId == "signed-1" && newest.height == 30 && newest.blocks == 10)
    let all = try #require(try StoreVerification(chain.store).everything())
    #expect(all.blocks == 30 && all.lowestBlock == 1 && all.stateEntries == 300)
    #expect(try StoreVerification(chain.store).newest(1_000)?.blocks == 30)
    _ = try chain.store.prune(below: 21, limit: 100)
    let pruned = try #require(try StoreVerification(chain.store).everything())
    #expect(pruned.blocks == 10 && pruned.lowestBlock == 21)
  }

  @Test func `a chain without blocks is whole`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let chain = try chain(heights: 0)
    #expect(try StoreVerification(chain.store).newest(100)?.blocks == 0)
    #expect(try StoreVerification(chain.store).everything()?.stateEntries == 300)
  }

  @Test(
    arguments: [
      (ColumnFamily.headers, "header"), (.bodies, "body"), (.certificates, "certificate"),
      (.receipts, "receipts"),
    ]
  )
  func `a part of a block that is missing is named with its height`(
    _ family: ColumnFamily,
    _ name: String
  ) throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try chain().store
    var batch = try store.database.batch()
    batch.delete(key(25), in: family)
    try store.database.write(batch, sync: true)
    let found = try damage { _ = try StoreVerification(store).newest(10) }
    #expect(found == "the \(name) of block 25 is missing")
    // Older than what was asked for: only the thorough look finds it.
    #expect(try StoreVerification(store).newest(5) != nil)
    #expect(try damage { _ = try StoreVerification(store).everything() }.contains("height 25"))
  }

  @Test func `a block that is not the one its certificate decides, or no block at all, is named`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try chain().store
    let other = try #require(try store.certificate(at: 24))
    let own = try #require(try store.certificate(at: 25))
    try store.database.put(key(25), other, in: .certificates, sync: true)
    var found = try damage { _ = try StoreVerification(store).newest(10) }
    #expect(found == "the certificate of block 25 is one of another block")
    try store.database.put(key(25), own, in: .certificates, sync: true)
    try store.database.put(key(25), [1, 2, 3], in: .bodies, sync: true)
    found = try damage { _ = try StoreVerification(store).newest(10) }
    #expect(found.hasPrefix("the body of block 25 does not decode"))
    try store.database.put(key(25), try #require(try store.body(at: 24)), in: .bodies, sync: true)
    found = try damage { _ = try StoreVerification(store).newest(10) }
    #expect(found == "header and body of block 25 are not of the same block")
  }

  @Test func `a block whose parent is another one is named`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let chain = try chain()
    // A block of the same height that follows something else, decided by the same validator.
    var tip = chain.origin
    tip.height = 24
    let stray = chain.commit(after: tip)
    for (family, bytes) in [
      (ColumnFamily.headers, stray.block.header.encoded), (.bodies, stray.block.encoded),
      (.certificates, stray.certificate.encoded),
    ] {
      try chain.store.database.put(key(25), bytes, in: family, sync: true)
    }
    let found = try damage { _ = try StoreVerification(chain.store).newest(10) }
    #expect(found.hasPrefix("block 25 names \(chain.origin.block) as its parent; block 24 is"))
  }

  @Test func `a signature that does not hold is found by the thorough look`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try chain().store
    var certificate = try Certificate(decoding: try #require(try store.certificate(at: 12)))
    certificate.signatures = try Certificate(decoding: try #require(try store.certificate(at: 13))).signatures
    try store.database.put(key(12), certificate.encoded, in: .certificates, sync: true)
    let found = try damage { _ = try StoreVerification(store).everything() }
    #expect(found.hasPrefix("the certificate of block 12 does not hold"))
  }

  @Test func `state that is not what the last block led to is found`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try chain().store
    let entry = try #require(try store.stateEntries(limit: 1).first)
    try store.database.put(entry.key, [1], in: .state, sync: true)
    #expect(try StoreVerification(store).newest(10) != nil)
    var found = try damage { _ = try StoreVerification(store).everything() }
    #expect(found == "the state's 300 entries are not the 300 that the state tree was made of")
    try store.database.put(entry.key, entry.value, in: .state, sync: true)
    let page = try #require(try store.database.entries(in: .tree, reversed: true, limit: 1).first)
    var batch = try store.database.batch()
    batch.delete(page.key, in: .tree)
    try store.database.write(batch, sync: true)
    found = try damage { _ = try StoreVerification(store).everything() }
    #expect(found.hasPrefix("the state tree's page at") && found.hasSuffix("is missing"))
    batch = try store.database.batch()
    batch.delete(NibblePath.root.encoded(), in: .tree)
    try store.database.write(batch, sync: true)
    found = try damage { _ = try StoreVerification(store).newest(10) }
    #expect(found.hasPrefix("the state tree's root is"))
  }
}

extension Database {
  fileprivate func put(
    _ key: [UInt8],
    _ value: [UInt8],
    in family: ColumnFamily,
    sync: Bool
  ) throws(StorageError) {
    var batch = try batch()
    batch.put(key, value, in: family)
    try write(batch, sync: sync)
  }
}
