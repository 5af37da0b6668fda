import Cryptography
import Primitives
import Wire

/// The type URLs of messages. Actions that the Cosmos SDK or Akash also has use their URLs; the others use
/// our own.
enum MessageType: String, CaseIterable, Sendable {
  case send = "/cosmos.bank.v1beta1.MsgSend"
  case mint = "/supercloud.gov.v1.MsgMint"
  case burn = "/supercloud.gov.v1.MsgBurn"

  case registerProvider = "/akash.provider.v1beta4.MsgCreateProvider"
  case updateProvider = "/akash.provider.v1beta4.MsgUpdateProvider"
  case leaveProvider = "/akash.provider.v1beta4.MsgDeleteProvider"
  case signAttributes = "/akash.audit.v1.MsgSignProviderAttributes"
  case withdrawAttributes = "/akash.audit.v1.MsgDeleteProviderAttributes"

  case agreeLease = "/supercloud.market.v1.MsgAgreeLease"
  case updateDeployment = "/akash.deployment.v1beta4.MsgUpdateDeployment"
  case closeDeployment = "/akash.deployment.v1beta4.MsgCloseDeployment"
  case depositDeployment = "/akash.deployment.v1beta3.MsgDepositDeployment"
  case closeLease = "/akash.market.v1beta5.MsgCloseLease"
  case resignLease = "/akash.market.v1beta5.MsgCloseBid"
  case startReclamation = "/akash.market.v1beta5.MsgLeaseStartReclaim"
  case withdrawLease = "/akash.market.v1beta5.MsgWithdrawLease"

  case grant = "/supercloud.gov.v1.MsgGrant"
  case revokeGrant = "/supercloud.gov.v1.MsgRevokeGrant"

  case createValidator = "/cosmos.staking.v1beta1.MsgCreateValidator"
  case editValidator = "/cosmos.staking.v1beta1.MsgEditValidator"
  case delegate = "/cosmos.staking.v1beta1.MsgDelegate"
  case undelegate = "/cosmos.staking.v1beta1.MsgUndelegate"
  case redelegate = "/cosmos.staking.v1beta1.MsgBeginRedelegate"
  case unjail = "/cosmos.slashing.v1beta1.MsgUnjail"
  case withdrawReward = "/cosmos.distribution.v1beta1.MsgWithdrawDelegatorReward"
  case withdrawCommission = "/cosmos.distribution.v1beta1.MsgWithdrawValidatorCommission"

  case submitProposal = "/cosmos.gov.v1.MsgSubmitProposal"
  case depositProposal = "/cosmos.gov.v1.MsgDeposit"
  case vote = "/cosmos.gov.v1.MsgVote"
  case voteWeighted = "/cosmos.gov.v1.MsgVoteWeighted"
}

extension Action {
  /// Decodes one message of a transaction. `chain` is needed to identify the signed objects of an agreement.
  init(_ message: TypedMessage, chain: ChainID) throws(TransactionError) {
    guard let type = MessageType(rawValue: message.type) else {
      // The name is from an untrusted sender and may be logged, so it is shortened.
      throw .unknownMessage(type: String(message.type.prefix(ChainLimits.nameBytes)))
    }
    do throws(DecodingError) {
      self = try Self.read(type, message.value, chain)
    } catch {
      throw .invalidMessage(type: message.type, field: error.field)
    }
  }

  private static func read(
    _ type: MessageType,
    _ bytes: [UInt8],
    _ chain: ChainID
  ) throws(DecodingError) -> Action {
    switch type {
    case .send: .send(try Send(decoding: bytes))
    case .mint: .mint(try Mint(decoding: bytes))
    case .burn: .burn(try Burn(decoding: bytes))
    case .registerProvider: .registerProvider(try ProviderRecord(decoding: bytes))
    case .updateProvider: .updateProvider(try ProviderRecord(decoding: bytes))
    case .leaveProvider: try leaveProvider(decoding: bytes)
    case .signAttributes: try signAttributes(decoding: bytes)
    case .withdrawAttributes: try withdrawAttributes(decoding: bytes)
    case .agreeLease: .agreeLease(try AgreeLease(decoding: bytes, chain: chain))
    case .updateDeployment: try updateDeployment(decoding: bytes)
    case .closeDeployment: try closeDeployment(decoding: bytes)
    case .depositDeployment: try depositDeployment(decoding: bytes)
    case .closeLease: try closeLease(decoding: bytes)
    case .resignLease: try resignLease(decoding: bytes)
    case .startReclamation: try startReclamation(decoding: bytes)
    case .withdrawLease: try withdrawLease(decoding: bytes)
    case .grant: .grant(try Grant(decoding: bytes))
    case .revokeGrant: try revokeGrant(decoding: bytes)
    case .createValidator: .createValidator(try CreateValidator(decoding: bytes))
    case .editValidator: .editValidator(try EditValidator(decoding: bytes))
    case .delegate: try delegate(decoding: bytes)
    case .undelegate: try undelegate(decoding: bytes)
    case .redelegate: try redelegate(decoding: bytes)
    case .unjail: try unjail(decoding: bytes)
    case .withdrawReward: try withdrawReward(decoding: bytes)
    case .withdrawCommission: try withdrawCommission(decoding: bytes)
    case .submitProposal: .submitProposal(try SubmitProposal(decoding: bytes))
    case .depositProposal: try depositProposal(decoding: bytes)
    case .vote: try vote(decoding: bytes)
    case .voteWeighted: try voteWeighted(decoding: bytes)
    }
  }

  /// The action as a message; `init(_:chain:)` decodes it again.
  var message: TypedMessage {
    let (type, value) = typeAndBytes
    return TypedMessage(type: type.rawValue, value: value)
  }

  private var typeAndBytes: (MessageType, [UInt8]) {
    switch self {
    case .send(let send): (.send, send.encoded)
    case .mint(let mint): (.mint, mint.encoded)
    case .burn(let burn): (.burn, burn.encoded)
    case .registerProvider(let record): (.registerProvider, record.encoded)
    case .updateProvider(let record): (.updateProvider, record.encoded)
    case .leaveProvider(let owner):
      (.leaveProvider, Akash_MsgDeleteProvider.filled { $0.owner = owner.text() }.encoded)
    case .signAttributes(let provider, let auditor, let attributes):
      (.signAttributes, Akash_MsgSignProviderAttributes(provider, auditor, attributes).encoded)
    case .withdrawAttributes(let provider, let auditor, let keys):
      (.withdrawAttributes, Akash_MsgDeleteProviderAttributes(provider, auditor, keys).encoded)
    case .agreeLease(let agreement): (.agreeLease, agreement.encoded)
    case .updateDeployment(let id, let hash): (.updateDeployment, Akash_MsgUpdateDeployment(id, hash).encoded)
    case .depositDeployment(let id, let amount, let depositor):
      (.depositDeployment, Akash_MsgDepositDeployment(id, amount, depositor).encoded)
    case .closeDeployment(let id):
      (.closeDeployment, Akash_MsgCloseDeployment.filled { $0.id = id.wire }.encoded)
    case .closeLease(let id): (.closeLease, Akash_MsgCloseLease(id).encoded)
    case .resignLease(let id, let reason): (.resignLease, Akash_MsgCloseBid(id, reason).encoded)
    case .startReclamation(let id, let reason):
      (.startReclamation, Akash_MsgLeaseStartReclaim(id, reason).encoded)
    case .withdrawLease(let id): (.withdrawLease, Akash_MsgWithdrawLease.filled { $0.id = id.wire }.encoded)
    case .grant(let grant): (.grant, grant.encoded)
    case .revokeGrant(let granter, let grantee, let kind, let denomination):
      (.revokeGrant, Supercloud_Gov_V1_MsgRevokeGrant(granter, grantee, kind, denomination).encoded)
    case .createValidator(let creation): (.createValidator, creation.encoded)
    case .editValidator(let edit): (.editValidator, edit.encoded)
    case .delegate(let delegator, let validator, let amount):
      (.delegate, Cosmos_Staking_V1beta1_MsgDelegate(delegator, validator, amount).encoded)
    case .undelegate(let delegator, let validator, let amount):
      (.undelegate, Cosmos_Staking_V1beta1_MsgUndelegate(delegator, validator, amount).encoded)
    case .redelegate(let delegator, let source, let target, let amount):
      (.redelegate, Cosmos_Staking_V1beta1_MsgBeginRedelegate(delegator, source, target, amount).encoded)
    case .unjail(let validator):
      (
        .unjail,
        Cosmos_Slashing_V1beta1_MsgUnjail.filled { $0.validatorAddr = validator.operatorText }.encoded
      )
    case .withdrawReward(let delegator, let validator):
      (.withdrawReward, Cosmos_Distribution_V1beta1_MsgWithdrawDelegatorReward(delegator, validator).encoded)
    case .withdrawCommission(let validator):
      (
        .withdrawCommission,
        Cosmos_Distribution_V1beta1_MsgWithdrawValidatorCommission.filled {
          $0.validatorAddress = validator.operatorText
        }
        .encoded
      )
    case .submitProposal(let proposal): (.submitProposal, proposal.encoded)
    case .depositProposal(let id, let depositor, let amount):
      (.depositProposal, Cosmos_Gov_V1_MsgDeposit(id, depositor, amount).encoded)
    case .vote(let id, let voter, let options): Self.voteMessage(id, voter, options)
    }
  }

  /// The type URL of the action's message; receipts and queries use it as the action's name.
  public var typeURL: String { message.type }
}

extension DecodingError {
  /// The field that was invalid; empty when no field is known.
  var field: String {
    switch self {
    case .truncated, .trailingBytes: ""
    case .outOfRange(let field), .invalid(let field): field
    }
  }
}
