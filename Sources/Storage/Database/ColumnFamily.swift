/// The tables of a node's database. Their names on disk never change; their order here is free.
public enum ColumnFamily: Int, CaseIterable, Hashable, Sendable {
  /// Committed state entries.
  case state
  /// Pages of the authenticated tree over the state entries.
  case tree
  /// Block header by height.
  case headers
  /// Block body by height.
  case bodies
  /// Commit certificate by height.
  case certificates
  /// Validator sets; each decides the height that is its key and those after it, up to the next key.
  case validators
  /// Receipts of a block by height.
  case receipts
  /// Height and position by transaction hash.
  case transactions
  /// The layout's version, the chain id, heights, and values that callers keep under names.
  case meta

  /// Tables that earlier versions made and never wrote to. Opening a database drops them.
  static let retired = ["indexes", "evidence", "peers"]

  /// The name on disk.
  var name: String {
    switch self {
    case .state: "state"
    case .tree: "tree"
    case .headers: "headers"
    case .bodies: "bodies"
    case .certificates: "certificates"
    case .validators: "validators"
    case .receipts: "receipts"
    case .transactions: "transactions"
    case .meta: "meta"
    }
  }
}
