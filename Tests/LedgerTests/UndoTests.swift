import Chain
import Testing

@testable import Ledger

/// Bodies of an execution that fail, one inside the other.
@Suite struct UndoTests {
  @Test func `an undone body leaves no cached record, although one inside it was undone before`() throws {
    let chain = try TestChain()
    let execution = Execution(on: chain.state, at: chain.moment)
    let before = execution.parametersRecord.values[.tickMilliseconds]
    #expect(throws: Rejection.grantInPast) {
      try execution.atomically { () throws(Rejection) in
        execution.parametersRecord.values[.tickMilliseconds] = before + 1
        do {
          try execution.atomically { () throws(Rejection) in
            execution.parametersRecord.values[.tickMilliseconds] = before + 2
            throw .grantInPast
          }
        } catch {}
        // Reads what the outer body has written, and stores it in the cache.
        #expect(execution.parameter(.tickMilliseconds) == before + 1)
        throw .grantInPast
      }
    }
    #expect(execution.parameter(.tickMilliseconds) == before)
  }
}
