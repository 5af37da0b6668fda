import Chain
import Ledger

extension DefinitionError {
  /// Explains why no chain can start from a genesis file.
  init(_ error: GenesisError) {
    let (problem, remedy) =
      switch error {
      case .noValidators:
        (
          "it has no validator: nobody could make a block",
          "`supercloud genesis add-validator` for each initial validator"
        )
      case .repeatedCurrency(let name): ("the currency \(name) is there twice", "name each currency once")
      case .unknownCurrency(let name):
        ("\(name) is held or staked, but is not a currency", "add it to `currencies`, or remove the coins")
      case .supply(let name): ("there is more of \(name) than 64 bits hold", "lower the balances")
      case .repeatedValidator(let address): ("the validator \(address) is there twice", "name each once")
      case .illegalValidator(let address):
        (
          "the validator \(address) is not valid",
          "its stake is at least one unit of power, its key its own, its commission from 0 to 1"
        )
      case .parameter(let key):
        ("the parameter `\(key.rawValue)` is out of its range", "give it a value in its range")
      case .takeRate(let name): ("the take rate of \(name) is above the whole", "0 to 10000 basis points")
      case .moduleAccount(let address):
        ("\(address) is an account of the ledger's own", "those begin empty: give its coins to another")
      }
    self.init(file: "genesis.json", problem: problem, remedy: remedy)
  }
}
