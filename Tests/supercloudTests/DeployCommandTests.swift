import API
import Primitives
import Testing

@testable import supercloud

@Suite struct DeployCommandTests {
  @Test func `the deposit is ten times the minimum, or is asked for where that is too much`() throws {
    let deposit = try DeployCommand.standardDeposit(minimum: 500_000, .uakt)
    #expect(deposit == Coin(5_000_000, .uakt))
    let failure = #expect(throws: Failure.self) {
      try DeployCommand.standardDeposit(minimum: 2_000_000_000_000_000_000, .uakt)
    }
    #expect(failure?.fix == "name an amount: --deposit 2000000000000000000uakt")
  }
}
