import API
import Foundation
import Glibc
import Testing

extension RealProcesses {
  /// Whatever goes wrong, a tenant pays for nothing that the command did not name.
  @Suite(.serialized) struct DeploySafetyTests {
    // MARK: Before the agreement

    @Test func `nothing is ordered where nobody can be asked and nothing was allowed`() async throws {
      let market = try await Market()
      let refused = try await market.run(["deploy", try market.file(Fixture.deployment())])
      #expect(refused.status == 2)
      #expect(refused.error.contains("--max-price") && refused.error.contains("nothing was ordered"))
      let dear = try await market.run(
        ["deploy", try market.file(Fixture.deployment()), "--max-price", "1uakt"]
      )
      #expect(dear.status == 1)
      #expect(dear.error.contains("--max-price allows") && dear.error.contains("the order is taken back"))
      try await market.expectNoOrder()
      let other = try await market.run(
        ["deploy", try market.file(Fixture.deployment()), "--max-price", "1uusdc"]
      )
      #expect(other.status == 2 && other.error.contains("prices in uakt"), "\(other.error)")
      let taken = try await market.run(
        ["deploy", try market.file(Fixture.deployment()), "--max-price", "100000000000uakt"]
      )
      #expect(taken.status == 0, "\(taken.error)")
      try await market.network.endWorkloads()
    }

    @Test func `a person is asked before one bid is taken, and a no takes the order back`() async throws {
      let market = try await Market()
      let file = try market.file(Fixture.deployment())
      let no = try Terminal(["deploy", file, "--home", market.home])
      try await no.expect("per month? [y/N]")
      #expect(try await market.orders() == 1)
      try no.answer("")
      #expect(try await no.end() == 1)
      #expect(no.text.contains("not agreed") && no.text.contains("the order is taken back"), "\(no.text)")
      try await market.expectNoOrder()
      #expect(try await market.deployments().isEmpty)

      let yes = try Terminal(["deploy", file, "--home", market.home])
      try await yes.expect("per month? [y/N]")
      try yes.answer("y")
      #expect(try await yes.end() == 0, "\(yes.text)")
      #expect(try await market.deployments().count == 1)
      try await market.network.endWorkloads()
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func `a command that is ended before the agreement takes its order back, and cards are free`(
      _ signal: Int32
    ) async throws {
      // The command inherits what this process ignores, such as SIGHUP under nohup.
      _ = Glibc.signal(signal, SIG_DFL)
      let market = try await Market()
      let free = try await market.freeCards()
      let asked = try market.begin([
        "deploy", try market.file(Fixture.deployment()), "--yes", "--wait", "60000",
      ])
      try await market.network.expect("the provider holds a card for the bid") {
        try await market.provider().openBids == 1
      }
      kill(asked.processIdentifier, signal)
      let ended = await Program.until(seconds: 30) { !asked.isRunning }
      #expect(ended && asked.terminationStatus == 130)
      try await market.expectNoOrder()
      try await market.network.expect("the bid ends, and the card is free") {
        let (bids, cards) = (try await market.provider().openBids, try await market.freeCards())
        return bids == 0 && cards == free
      }
    }

    @Test func `an order that nobody bids on is taken back`() async throws {
      let market = try await Market()
      let file = try market.file(Fixture.deployment(gpu: "b200"))
      let failed = try await market.run(["deploy", file, "--yes", "--timeout", "2"])
      #expect(failed.status == 1 && failed.error.contains("the order is taken back"), "\(failed.error)")
      try await market.expectNoOrder()
    }

    @Test func `an order is cancelled by its owner, and by nobody else`() async throws {
      let market = try await Market()
      let waiting = try market.begin([
        "deploy", try market.file(Fixture.deployment(gpu: "b200")), "--yes", "--timeout", "600",
      ])
      try await market.network.expect("the order is there") { try await market.orders() == 1 }
      let orders: [Answer.Order] = try await market.network.list("tenant", "/v1/orders")
      let order = try #require(orders.first).identifier
      _ = try await market.run(["keys", "add", "other", "--unprotected"])
      let refused = try await market.run(["order", "cancel", String(order.prefix(12)), "--from", "other"])
      #expect(refused.status == 1 && refused.error.contains("is not an order of"), "\(refused.error)")
      let cancelled = try await market.run(["order", "cancel", String(order.prefix(12))])
      #expect(cancelled.status == 0, "\(cancelled.error)")
      try await market.expectNoOrder()
      let noticed = await Program.until(seconds: 30) { !waiting.isRunning }
      #expect(noticed && waiting.terminationStatus == 1)
      let again = try await market.run(["order", "cancel", order])
      #expect(again.status == 1 && again.error.contains("is not live"), "\(again.error)")
    }

    @Test func `too little for the fee of closing is said before the order`() async throws {
      let market = try await Market()
      _ = try await market.run(["keys", "add", "thrifty", "--unprotected"])
      let given = try await market.run(["account", "send", "thrifty", "1010000uakt"])
      #expect(given.status == 0, "\(given.error)")
      let file = try market.file(Fixture.deployment())
      let reportFile = market.network.folder.appending(path: "report.json")
      let refused = try await market.run([
        "deploy", file, "--from", "thrifty", "--deposit", "1006000uakt", "--yes",
      ])
      #expect(refused.status == 1 && refused.error.contains("cannot pay the fee"), "\(refused.error)")
      let warned = try await market.run([
        "deploy", file, "--from", "thrifty", "--deposit", "1005000uakt", "--yes", "--report", reportFile.path,
      ])
      #expect(warned.error.contains("too little is left for the fee of closing"), "\(warned.error)")
      #expect(warned.status == 0, "\(warned.error)")
      let report = try JSONDecoder().decode(DeployReport.self, from: Data(contentsOf: reportFile))
      #expect(report.warnings.count == 1)
      let deployments = try await market.deployments()
      try #require(deployments.count == 1)
      // The escrow pays the fee, and the rest comes back.
      let closed = try await market.run([
        "deployment", "close", "\(deployments[0].dseq)", "--from", "thrifty",
      ])
      #expect(closed.status == 0, "\(closed.error)")
      let shown = try await market.run(["account", "show", "thrifty", "--output", "json"])
      let account = try JSONDecoder().decode(Answer.Account.self, from: Data(shown.output.utf8))
      let balance = account.balances.first { $0.denomination == "uakt" }.flatMap { UInt64($0.amount) } ?? 0
      #expect(balance > 0 && balance <= 1_000_000, "\(shown.output)")
      try await market.network.endWorkloads()
    }

    // MARK: After the agreement

    @Test func `one group that cannot start leaves the other running, and both are named with what to do`()
      async throws
    {
      let market = try await Market()
      let file = try market.file(Fixture.twoGroups(images: ("supercloud/missing:1", "supercloud/hello:1")))
      let failed = try await market.run(["deploy", file, "--yes", "--output", "json"])
      #expect(failed.status == 1)
      let report = try market.report(failed)
      #expect(report.state == "incomplete" && report.leases.count == 2)
      #expect(report.leases.map(\.state) == ["waiting", "ready"], "\(failed.output)\(failed.error)")
      #expect(report.leases[0].error?.contains("supercloud/missing:1") == true)
      #expect(
        failed.error.contains("is leased and billed \(report.hourly ?? "-") per hour"),
        "\(failed.error)"
      )
      #expect(failed.error.contains(report.close) && failed.error.contains("group 1"))
      // The commands work as they are printed.
      _ = try market.file(Fixture.twoGroups())
      let retry = try #require(report.leases[0].retry)
      #expect(retry.contains("deployment update"))
      #expect(try await market.shell(retry).status == 0)
      try await market.network.expect("both run") {
        try await market.provider().leases.allSatisfy { $0.state == "running" }
      }
      let closed = try await market.shell(report.close)
      #expect(closed.status == 0, "\(closed.error)")
      try await market.network.endWorkloads()
    }

    @Test func `what does not start is closed again when that was asked for`() async throws {
      let market = try await Market()
      let file = try market.file(Fixture.twoGroups(images: ("supercloud/missing:1", "supercloud/hello:1")))
      let failed = try await market.run(["deploy", file, "--yes", "--close-on-failure", "--output", "json"])
      #expect(failed.status == 1 && failed.error.contains("was closed again in block"), "\(failed.error)")
      #expect(try market.report(failed).state == "closed")
      #expect(try await market.deployments().allSatisfy { $0.state == "closed" })
      try await market.network.endWorkloads()
    }

    @Test func `a reader that has gone does not keep a deployment from being closed again`() async throws {
      let market = try await Market()
      let file = try market.file(Fixture.twoGroups(images: ("supercloud/missing:1", "supercloud/hello:1")))
      let process = Program.process(["deploy", file, "--yes", "--close-on-failure", "--home", market.home])
      let output = Pipe()
      process.standardOutput = output
      process.standardError = FileHandle.nullDevice
      try process.run()
      try output.fileHandleForReading.close()
      let ended = await Program.until(seconds: 60) { !process.isRunning }
      #expect(ended && process.terminationReason == .exit && process.terminationStatus == 1)
      #expect(try await market.deployments().map(\.state) == ["closed"])
      try await market.network.endWorkloads()
    }

    // MARK: Updates and orders of a deployment

    @Test func `an update that nobody would run changes nothing, and one that all run is carried out`()
      async throws
    {
      let market = try await Market()
      let good = Fixture.deployment()
      let deployed = try await market.run(["deploy", try market.file(good), "--yes", "--output", "json"])
      let dseq = "\(try market.report(deployed).dseq)"
      let hash = try #require(try await market.deployments().first).manifestHash
      func update(_ text: String) async throws -> Program.Result {
        try await market.run(["deployment", "update", dseq, try market.file(text), "--timeout", "5"])
      }
      let next = good.replacing(
        "image: supercloud/hello:1",
        with: "image: supercloud/hello:1\n    env: [\"A=1\"]"
      )
      for (text, words) in [
        (good.replacing("amount: 5000", with: "amount: 4000"), "highest price"),
        (good.replacing("size: 256Mi", with: "size: 512Mi"), "memory differs"),
        (good.replacing("anywhere", with: "elsewhere"), "the group elsewhere is new"),
        (good.replacing("supercloud/hello:1", with: "supercloud/missing:1"), "supercloud/missing:1"),
      ] {
        let refused = try await update(text)
        #expect(refused.status == 1 && refused.error.contains(words), "\(refused.error)")
        #expect(refused.error.contains("nothing was changed"), "\(refused.error)")
      }
      let provider = try market.providerName
      market.network.kill(provider)
      let alone = try await update(next)
      #expect(alone.status == 1 && alone.error.contains("nothing was changed"), "\(alone.error)")
      #expect(try await market.deployments().first?.manifestHash == hash)

      try market.network.start([provider])
      try await market.network.expect("the provider is there again") {
        try await market.provider().leases.contains { $0.state == "running" }
      }
      let done = try await update(next)
      #expect(done.status == 0 && done.output.contains("has the new manifest"), "\(done.error)")
      #expect(try await market.deployments().first?.manifestHash != hash)
      let again = try await update(next)
      #expect(again.status == 0 && again.error.contains("already"), "\(again.error)")
      try await market.network.endWorkloads()
    }

    @Test func `a group whose lease has ended is ordered again, with a deposit that a grant pays`()
      async throws
    {
      let market = try await Market()
      _ = try await market.run(["keys", "add", "worker", "--unprotected"])
      for command in [
        ["account", "send", "worker", "100000uakt"], ["grant", "deposit", "worker", "9000000uakt"],
      ] {
        let given = try await market.run(command)
        #expect(given.status == 0, "\(given.error)")
      }
      let file = try market.file(Fixture.deployment())
      let deployed = try await market.run([
        "deploy", file, "--from", "worker", "--depositor", "main", "--yes", "--output", "json",
      ])
      #expect(deployed.status == 0, "\(deployed.error)")
      let report = try market.report(deployed)
      #expect(report.close.hasPrefix("supercloud deployment close \(report.dseq) --from worker"))
      func order(_ more: String...) async throws -> Program.Result {
        try await market.run(
          ["deployment", "order", "\(report.dseq)", file, "--from", "worker", "--yes"] + more
        )
      }
      let leased = try await order()
      #expect(leased.status == 1 && leased.error.contains("every group"), "\(leased.error)")
      let closed = try await market.run(["lease", "close", "\(report.dseq)", "--from", "worker"])
      #expect(closed.status == 0, "\(closed.error)")
      let ordered = try await order("--output", "json")
      #expect(ordered.status == 0, "\(ordered.error)")
      #expect(try market.report(ordered).leases.first?.urls.isEmpty == false)
      let ended = try await market.shell(try market.report(ordered).close)
      #expect(ended.status == 0, "\(ended.error)")
      let last = try await market.shell(report.close)
      #expect(last.status == 0, "\(last.error)")
      try await market.network.endWorkloads()
    }
  }
}
