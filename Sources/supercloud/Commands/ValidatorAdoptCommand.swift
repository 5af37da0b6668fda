import API
import ArgumentParser
import Chain
import Cryptography
import Foundation
import Glibc
import Node
import Primitives
import Storage

/// Ends the quarantine of a home's signing guard.
struct ValidatorAdoptCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adopt",
    abstract: "Let this home sign, although it is a copy, was restored, or lost its signing guard or log.",
    discussion: """
      Two homes that sign with one key cost the validator a part of its stake and its place, for ever. Nothing that a \
      node can see proves that the other one is gone, so only you can say it. The node must be stopped. It signs only \
      above the height and round that you name: `supercloud status` of the original shows the last ones.
      """
  )

  @Option(help: "The last height and round that the key signed anywhere, such as 1200/0.")
  var lastSigned: SignedPlace?
  @Flag(help: "Nobody knows what was signed, and every node of the network was restored from backups.")
  var wholeNetworkRestored = false
  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
  @OptionGroup var home: HomeOption
  @OptionGroup var output: OutputOption

  private struct Result: Encodable {
    var home: String
    var consensusKey: String
    /// Why the home did not sign.
    var reason: String?
    var floorHeight: UInt64
    var floorRound: UInt32
    /// The folder to which a damaged log was moved.
    var setAside: String?
  }

  func validate() throws {
    guard (lastSigned != nil) != wholeNetworkRestored else {
      throw ValidationError("name either --last-signed HEIGHT/ROUND or --whole-network-restored")
    }
  }

  func run() async throws {
    let home = try home.existing { "the home of the validator: --home FOLDER, not \($0)" }
    let statement =
      lastSigned.map { SignerStatement.lastSigned(height: $0.height, round: $0.round) }
      ?? .wholeNetworkRestored
    do {
      let key = try home.consensusKey().publicKey
      let reason = try home.signerQuarantine(of: key)
      try confirm(home, key, reason)
      let adoption = try home.adoptSigner(statement)
      try report(home, key, adoption)
    } catch let error as DefinitionError {
      throw Failure("\(error.file): \(error.problem)", fix: error.remedy)
    } catch StorageError.locked(_, let holder) {
      let process = holder.map { ", process \($0)" } ?? ""
      throw Failure(
        "the node of \(home.folder.path) is running\(process)",
        why: "its guard cannot be changed while it runs",
        fix: "stop the node, adopt, and start it again"
      )
    } catch StorageError.misuse(_, let detail) {
      throw Failure(
        detail,
        why: "signing below that would be signing twice",
        fix: "name the last height and round that the other home signed, after it is stopped"
      )
    } catch let error as StorageError {
      throw Failure("the signing guard cannot be adopted", why: "\(error)", fix: error.hint)
    }
  }

  /// States the danger and asks.
  private func confirm(_ home: Home, _ key: PublicKey, _ reason: SignerQuarantine?) throws {
    Console.note(reason.map { "\(home.folder.path) does not sign: \($0)." } ?? "This home's guard is intact.")
    let known = try home.knownSignatures(of: key)
    let last = known.signed.map { SignedPlace($0.height, $0.round) }
    let floor = known.floor.map { SignedPlace($0.position.height, $0.position.round) }
    let tip = try home.stoppedHeight()
    Console.note("\(home.folder.path): \(SignedPlace.known(last, floor, tip: tip)).")
    Console.note(
      """
      If anything else signs with the consensus key \(key) — the home from which this one was copied, another machine, \
      a paused one that wakes up — both sign the same heights. The chain then takes a part of the stake of the \
      validator and of its delegators, and excludes it for ever. Stop the other one for good first.
      """
    )
    if let place = lastSigned {
      Console.note(
        """
        This home will sign only above height \(place.height), round \(place.round). If the key has signed later than \
        that, the same happens. If every validator of the network was restored, use --whole-network-restored instead.
        """
      )
    } else {
      Console.note(
        """
        --whole-network-restored is right only if every node of the network was restored from backups, so that nothing \
        that was signed later is left. If one node went on, this validator can sign a height twice. If the consensus \
        log is lost or damaged too, the home votes for a new block at the height of its last signature although it may \
        have precommitted another one there: where other homes decided that one, the chain can split. Start the node \
        whose chain is longest first.
        """
      )
    }
    if yes { return }
    guard isatty(STDIN_FILENO) == 1 else {
      throw Failure.usage(
        "there is no terminal to ask",
        why: "this can cost the stake",
        fix: "add --yes to confirm"
      )
    }
    Console.note("Nothing else signs with this key, and nothing else will: type yes to go on")
    guard readLine()?.trimmingCharacters(in: .whitespaces).lowercased() == "yes" else {
      throw Failure("nothing was changed", why: "the answer was not yes")
    }
  }

  private func report(_ home: Home, _ key: PublicKey, _ adoption: SignerAdoption) throws {
    let floor = adoption.floor.position
    if output.isJSON {
      return try Console.json(
        Result(
          home: home.folder.path,
          consensusKey: Hex.encode(key.bytes),
          reason: adoption.reason?.description,
          floorHeight: floor.height,
          floorRound: floor.round,
          setAside: adoption.setAside
        )
      )
    }
    // Above the last round of a height means above the height.
    let round = floor.round < ChainLimits.round ? ", round \(floor.round)" : ""
    Console.line("adopted: this home signs above height \(floor.height)\(round)")
    if !adoption.floor.isLockKnown {
      Console.note(
        "at height \(floor.height) itself it votes for no new block: what it precommitted is not known here"
      )
    }
    if let folder = adoption.setAside { Console.note("the damaged consensus log is now \(folder)") }
    Console.note("next: `supercloud start --home \(CommandText.quoted(home.folder.path))`")
  }
}

/// A height and a round, written `HEIGHT/ROUND`.
struct SignedPlace: ExpressibleByArgument, Comparable, CustomStringConvertible {
  var height: UInt64
  var round: UInt32

  init(_ height: UInt64, _ round: UInt32) {
    (self.height, self.round) = (height, round)
  }

  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let height = UInt64(parts[0]), let round = UInt32(parts[1]),
      height <= ChainLimits.height, round <= ChainLimits.round
    else { return nil }
    (self.height, self.round) = (height, round)
  }

  /// The last round of a height stands for the whole height.
  var description: String { round < ChainLimits.round ? "\(height)/\(round)" : "\(height)" }

  static func < (left: SignedPlace, right: SignedPlace) -> Bool {
    (left.height, left.round) < (right.height, right.round)
  }

  /// What a home knows of its key's signatures. The operator's statement must not be less.
  static func known(_ last: SignedPlace?, _ floor: SignedPlace?, tip: UInt64?) -> String {
    let latest = [last, floor].compactMap(\.self).max()
    let signatures = latest.map { "signatures up to \($0)" } ?? "no signature of the key"
    return "this home knows of \(signatures); the chain's tip here is \(tip.map { "\($0)" } ?? "not known")"
  }
}
