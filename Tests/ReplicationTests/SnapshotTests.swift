import Chain
import Cryptography
import Ledger
import Primitives
import Testing

@testable import Replication

/// A state in parts, each of which the state root answers for.
struct SnapshotTests {
  /// A state with its tree, of entries as long as leases are.
  struct LargeState {
    var state = MemoryState()
    var pages: [NibblePath: StateTreePage] = [:]
    var root = StateTree.emptyRoot

    init(entries: Int, seed: UInt64) throws {
      var generator = SeededGenerator(seed: seed)
      var changes: [StateChange] = []
      for index in 0..<entries {
        var writer = ByteWriter(capacity: 12)
        writer.write(UInt8(0x33))
        writer.write(UInt64(index))
        let value = (0..<100).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        changes.append(StateChange(key: writer.bytes, value: value))
      }
      state.apply(changes)
      let update = try StateTree.apply(
        changes.map { StateTreeChange(key: $0.key, value: $0.value) },
        to: pages,
        root: root
      )
      for (path, page) in update.pages { pages[path] = page }
      root = update.root
    }
  }

  /// What a node puts into its store while chunks come in.
  struct Restored {
    var state = MemoryState()
    var pages: [NibblePath: StateTreePage] = [:]

    mutating func add(_ part: SnapshotAssembly.Part) {
      state.apply(part.entries.map { StateChange(key: $0.key, value: $0.value) })
      for (path, page) in part.pages { pages[path] = page }
    }
  }

  static func restore(
    _ state: some StateReading,
    _ pages: some StateTreeReading,
    root: Digest,
    depth: Int
  ) throws -> Restored {
    let made = try SnapshotManifest(of: pages, height: 9, root: root, depth: depth)
    // Over the network: nothing is believed.
    let manifest = try SnapshotManifest(decoding: made.encoded, height: 9, root: root)
    var assembly = SnapshotAssembly(manifest)
    var restored = Restored()
    for (path, page) in manifest.topPages { restored.pages[path] = page }
    for chunk in SnapshotChunk.all(of: state, depth: depth).reversed() {
      restored.add(try assembly.accept(SnapshotChunk(decoding: chunk.encoded)))
    }
    #expect(assembly.isComplete)
    return restored
  }

  @Test(arguments: [0, 1, 2, 3], [0, 1, 2, 17, 300, 5_000])
  func `a state is the same after it went through chunks of any size`(depth: Int, entries: Int) throws {
    let large = try LargeState(entries: entries, seed: 4)
    let restored = try Self.restore(large.state, large.pages, root: large.root, depth: depth)
    #expect(restored.state.count == entries)
    #expect(restored.pages == large.pages)
  }

  @Test func `a large state is restored in chunks of the wanted size`() throws {
    let large = try LargeState(entries: 60_000, seed: 5)
    let depth = 2
    let sizes = SnapshotChunk.all(of: large.state, depth: depth).map(\.encoded.count)
    #expect(sizes.count == 256)
    #expect(sizes.max() ?? 0 < 64 * 1_024)
    let restored = try Self.restore(large.state, large.pages, root: large.root, depth: depth)
    #expect(restored.pages == large.pages)
    // The restored tree goes on as the first one does.
    let change = StateTreeChange(key: [0x33, 1], value: [1])
    let first = try StateTree.apply([change], to: large.pages, root: large.root)
    let second = try StateTree.apply([change], to: restored.pages, root: large.root)
    #expect(first.root == second.root)
  }

  /// Ways to change a chunk.
  enum Damage: CaseIterable {
    case value, key, missingEntry, strangeEntry, twice, otherPath, empty
  }

  @Test(arguments: Damage.allCases, [0, 1, 2])
  func `a changed chunk is refused, and the right one is still wanted`(_ damage: Damage, depth: Int) throws {
    let large = try LargeState(entries: 2_000, seed: 6)
    let manifest = try SnapshotManifest(of: large.pages, height: 9, root: large.root, depth: depth)
    var assembly = SnapshotAssembly(manifest)
    for chunk in SnapshotChunk.all(of: large.state, depth: depth) {
      var (path, entries) = (chunk.path, chunk.entries)
      switch damage {
      case .value: entries[0].value[3] ^= 1
      case .key: entries[0].key[8] ^= 1
      case .missingEntry: entries.removeLast()
      case .strangeEntry: entries.append(([0x33, 0xFF], [1]))
      case .twice: entries.append(entries[0])
      case .otherPath:
        path = NibblePath(prefixOf: Digest.sha256(path.encoded()), count: depth)
      case .empty: entries = []
      }
      if damage != .otherPath || path != chunk.path {
        #expect(throws: SnapshotError.self) {
          _ = try assembly.accept(SnapshotChunk(path: path, entries: entries))
        }
      }
      _ = try assembly.accept(chunk)
      #expect(throws: SnapshotError.unwanted) { _ = try assembly.accept(chunk) }
    }
    #expect(assembly.isComplete)
  }

  @Test func `a manifest that is not the root's is refused`() throws {
    let large = try LargeState(entries: 3_000, seed: 7)
    let other = try LargeState(entries: 3_000, seed: 8)
    let good = try SnapshotManifest(of: large.pages, height: 9, root: large.root, depth: 2).encoded
    _ = try SnapshotManifest(decoding: good, height: 9, root: large.root)
    func refuses(_ bytes: [UInt8], height: Height = 9, root: Digest) {
      #expect(throws: SnapshotError.manifest) {
        _ = try SnapshotManifest(decoding: bytes, height: height, root: root)
      }
    }
    refuses(good, root: other.root)
    refuses(good, height: 10, root: large.root)
    refuses(Array(good.dropLast()), root: large.root)
    let strange = try SnapshotManifest(of: other.pages, height: 9, root: other.root, depth: 2).encoded
    refuses(strange, root: large.root)
    // A bit anywhere.
    var generator = SeededGenerator(seed: 9)
    for _ in 0..<200 {
      var bytes = good
      bytes[Int(generator.next(below: UInt64(bytes.count)))] ^= UInt8(1 << generator.next(below: 8))
      guard bytes[40] == good[40] else { continue }
      refuses(bytes, root: large.root)
    }
  }

  @Test func `a new node begins with a snapshot, and goes on as if it had replayed the chain`() throws {
    let world = try World(validators: 1)
    let maker = Harness.chain(world, heights: 40)
    let at: Height = 25
    // What the new node asks a light client to believe, from genesis.
    let (below, above) = (try maker.lightBlock(at: at), try maker.lightBlock(at: at + 1))
    let genesisTip = world.origin.tip
    var client = LightClient(
      chain: world.genesis.chain,
      trusted: .init(
        height: 0,
        time: genesisTip.time,
        block: genesisTip.block,
        nextValidators: genesisTip.validators
      ),
      settings: LightClient.Settings(trustingMilliseconds: 1_000_000)
    )
    for block in [below, above] {
      let outcome = try client.offer(block, at: above.header.time)
      #expect(outcome == .trusted)
    }
    let tip = try #require(Tip(restoring: below, under: above))
    let contents = try #require(maker.contents[at])
    #expect(tip == contents.tip)
    let restored = try Self.restore(contents.state, contents.pages, root: tip.stateRoot, depth: 1)
    var own = world.origin
    own.state = restored.state
    own.pages = restored.pages
    own.tip = tip
    let late = Harness(world, key: nil, contents: own)
    late.step(.started)
    CatchUpTests.serve(late, maker.store.blocks, [World.key(71).publicKey])
    #expect(late.store.tip == maker.store.tip)
    #expect(Tip(restoring: above, under: below) == nil)
  }
}

extension Harness {
  /// What a node serves to light clients.
  func lightBlock(at height: Height) throws -> LightBlock {
    let stored = store.blocks[Int(height) - 1]
    let tip = contents[height]?.tip
    return LightBlock(
      header: try Block(decoding: stored.block).header,
      certificate: try Certificate(decoding: stored.certificate),
      validators: tip?.lastValidators ?? .empty,
      nextValidators: tip?.validators ?? .empty
    )
  }
}

extension SnapshotChunk {
  /// All chunks of a state; those without entries are left out.
  static func all(of state: some StateReading, depth: Int) -> [SnapshotChunk] {
    let end = [UInt8](repeating: 0xFF, count: 64)
    let entries = state.entries(from: [], to: end, limit: .max)
    let buckets = Dictionary(grouping: entries) {
      NibblePath(prefixOf: StateTree.keyDigest($0.key), count: depth)
    }
    return buckets.keys.sorted().map { SnapshotChunk(path: $0, entries: buckets[$0] ?? []) }
  }
}
