import API
import Storage
import Synchronization

/// Whether this node signs, for the API and the log. The storage thread writes it.
final class SigningStanding: Sendable {
  private struct State {
    var quarantine: SignerQuarantine?
    var last: SignerPosition?
    var floor: SignerFloor?
    var isRestored: Bool
  }

  /// Whether the node is a validator's.
  let hasKey: Bool
  let advice: String
  private let state: Mutex<State>

  init(
    hasKey: Bool,
    advice: String,
    quarantine: SignerQuarantine?,
    last: SignerPosition? = nil,
    floor: SignerFloor? = nil,
    isRestored: Bool = false
  ) {
    self.hasKey = hasKey
    self.advice = advice
    state = Mutex(State(quarantine: quarantine, last: last, floor: floor, isRestored: isRestored))
  }

  /// Whether the guard admits new signatures.
  var signs: Bool { hasKey && state.withLock { $0.quarantine == nil } }

  /// See `SignerGuard.isRestored`.
  var isRestored: Bool { state.withLock { $0.isRestored } }

  func raise(_ floor: SignerFloor?) { state.withLock { $0.floor = floor } }
  func endRestoration() { state.withLock { $0.isRestored = false } }
  func signed(_ position: SignerPosition) { state.withLock { $0.last = position } }
  func stop(_ reason: SignerQuarantine) { state.withLock { $0.quarantine = reason } }

  /// What `status` shows; nil for a node that is no validator's.
  var answer: Answer.Signing? {
    guard hasKey else { return nil }
    let state = state.withLock { $0 }
    return Answer.Signing(
      signs: state.quarantine == nil,
      reason: state.quarantine?.description,
      fix: state.quarantine == nil ? nil : advice,
      lastHeight: state.last?.height,
      lastRound: state.last?.round,
      floorHeight: state.floor?.position.height,
      floorRound: state.floor?.position.round
    )
  }
}
