/// The tables of a node's database. Names on disk never change; the order here is free.
public enum ColumnFamily: Int, CaseIterable, Hashable, Sendable {
  /// Committed state entries.
  case state
  /// Pages of the authenticated tree over them.
  case tree
  /// Block header by height.
  case headers
  /// Block body by height.
  case bodies
  /// Commit certificate by height.
  case certificates
  /// Who decides the height of the key and those after it, up to the next key.
  case validators
  /// Receipts of a block by height.
  case receipts
  /// Height and position by transaction hash.
  case transactions
  /// Heights, versions and names: what says what the rest is.
  case meta

  /// Tables that earlier versions made and never wrote to. A database that has them loses them when it is opened.
  static let retired = ["indexes", "evidence", "peers"]

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
