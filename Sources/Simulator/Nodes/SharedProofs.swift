import Chain
import Cryptography
import Replication
import Synchronization

/// Certificates that somebody has checked and found good, for all who come upon an equal one.
///
/// A certificate is known with the very set that it was checked by; whatever differs in anything is checked by itself.
final class SharedProofs: Sendable {
  private let known = Mutex(CertificateTable<ValidatorSet>())

  func isKnown(_ certificate: Certificate, _ validators: ValidatorSet) -> Bool {
    known.withLock { $0[certificate] == validators }
  }

  func add(_ certificate: Certificate, _ validators: ValidatorSet) {
    known.withLock { $0[certificate] = validators }
  }

  var proofs: SignatureScheme.Proofs {
    SignatureScheme.Proofs(isKnown: { [self] in isKnown($0, $1) }, add: { [self] in add($0, $1) })
  }
}

/// Something for each of the certificates of late.
///
/// Every validator of a large network may have one of its own for a block; all are forgotten when they are too many.
struct CertificateTable<Value> {
  private static var limit: Int { 1_024 }

  /// Hashed by its block and its signers: a part of what makes it differ from others; compared whole.
  private struct Key: Hashable {
    let certificate: Certificate

    func hash(into hasher: inout Hasher) {
      hasher.combine(certificate.block)
      hasher.combine(certificate.signers)
    }
  }

  private var values: [Key: Value] = [:]

  subscript(certificate: Certificate) -> Value? {
    get { values[Key(certificate: certificate)] }
    set {
      if values.count >= Self.limit { values = [:] }
      values[Key(certificate: certificate)] = newValue
    }
  }
}

extension CertificateTable: Sendable where Value: Sendable {}
