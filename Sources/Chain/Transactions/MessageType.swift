/// The type URLs of messages: those of the Cosmos SDK and of Akash where they have a message for the same
/// action, our own for the others.
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
