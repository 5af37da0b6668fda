import Chain
import Cryptography
import Replication
import Synchronization

/// Certificates that have been checked and are valid, so that other nodes need not check an equal one again.
///
/// A certificate is known together with the validator set with which it was checked. A certificate or set
/// that differs in anything is checked anew.
final class SharedProofs: Sendable {
  private let known = Mutex(CertificateTable<ValidatorSet>())

  /// Whether an equal certificate has been checked with an equal validator set.
  func isKnown(_ certificate: Certificate, _ validators: ValidatorSet) -> Bool {
    known.withLock { $0[certificate] == validators }
  }

  /// Stores a valid certificate.
  func add(_ certificate: Certificate, _ validators: ValidatorSet) {
    known.withLock { $0[certificate] = validators }
  }

  /// Gives a node's signature scheme access to this cache.
  var proofs: SignatureScheme.Proofs {
    SignatureScheme.Proofs(isKnown: { [self] in isKnown($0, $1) }, add: { [self] in add($0, $1) })
  }
}

/// A cache with certificates as keys, for the newest certificates.
///
/// In a large network there may be a different certificate on each node for the same block, so the size is
/// limited: when 1,024 entries are reached, all are removed.
struct CertificateTable<Value> {
  private static var limit: Int { 1_024 }

  /// Hashes only the certificate's block and signers, which is fast; equality compares everything.
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
