import Cryptography
import Primitives

// The texts of this module's errors for people: in logs, in answers and on the command line.

extension LightError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .wrongChain: "the header is of another chain"
    case .height: "the header's height is not above that of the trusted header"
    case .timeNotAfterTrusted: "the header's time is not after that of the trusted header"
    case .timeInFuture: "the header's time is further in the future than clocks may differ"
    case .trustExpired: "the trusted header is older than the trusting period"
    case .mismatch(let field): "\(field) is not what the header names"
    case .certificate(let error): "the certificate is not valid: \(error)"
    }
  }
}

extension ConsensusVerificationError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformed: "a number is out of range, or fields contradict each other"
    case .bitmap: "the bitmap of signers does not have one bit for each validator"
    case .signatureCount(let expected, let found): "there are \(found) signatures for \(expected) signers"
    case .unknownValidator(let index): "there is no validator number \(index)"
    case .repeatedValidator(let index): "validator number \(index) is named twice"
    case .insufficientPower(let power, let needed):
      "validators with power \(power) signed, and \(needed) is needed"
    case .invalidSignature(let index): "the signature of validator number \(index) is not valid"
    case .noContradiction: "the two votes do not contradict each other"
    }
  }
}

extension ValidatorSetError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .empty: "there is no validator"
    case .tooMany(let limit): "there are more than \(limit) validators"
    case .duplicateAddress(let address): "the validator \(address) is named twice"
    case .duplicateKey(let key): "two validators have the key \(key)"
    case .unknownValidator(let address): "\(address) is not in the set, so it cannot be removed"
    case .powerOutOfRange(let address): "the power of validator \(address) is out of range"
    case .totalPowerOutOfRange: "the sum of the powers is out of range"
    }
  }
}

extension TransactionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformed(let error): "it cannot be decoded: \(error)"
    case .unknownMessage(let type): "its message type \(type) is not known"
    case .invalidMessage(let type, let field): "the field \(field) of its message \(type) is not valid"
    case .unsupportedSigner: "it must have exactly one signature, in direct mode and by an Ed25519 key"
    case .signerMismatch: "all its messages must have the account as signer that signs it"
    case .noMessages: "it has no message"
    case .tooManyMessages(let limit): "it has more than \(limit) messages"
    case .memoTooLong(let limit): "its memo is longer than \(limit) bytes"
    case .invalidFee: "its fee is not valid"
    case .forged: "its signature is not valid for this chain"
    }
  }
}
