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
  /// Events by key.
  case indexes
  /// Evidence of misbehaviour, by key.
  case evidence
  /// The address book.
  case peers
  /// Heights, versions and names: what says what the rest is.
  case meta

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
    case .indexes: "indexes"
    case .evidence: "evidence"
    case .peers: "peers"
    case .meta: "meta"
    }
  }
}
