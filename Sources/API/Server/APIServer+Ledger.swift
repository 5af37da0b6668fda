import Hummingbird

// Routes for staking, governance, grants, auditors and proofs.
extension APIServer {
  func ledger(_ router: Router<ConnectionContext>) {
    staking(router)
    governance(router)
    money(router)
    evidence(router)
  }

  private func staking(_ router: Router<ConnectionContext>) {
    let node = node
    router.get("v1/validators") { request, _ in
      try await JSON(node.validators(status: request.query("status"), request.page()))
    }
    router.get("v1/validators/:address") { _, context in
      try await JSON(node.validator(context.parameters.require("address")))
    }
    router.get("v1/validators/:address/delegations") { request, context in
      try await JSON(node.delegations(to: context.parameters.require("address"), request.page()))
    }
    router.get("v1/accounts/:address/stake") { _, context in
      try await JSON(node.stake(of: context.parameters.require("address")))
    }
  }

  private func governance(_ router: Router<ConnectionContext>) {
    let node = node
    router.get("v1/proposals") { request, _ in
      try await JSON(node.proposals(status: request.query("status"), request.page()))
    }
    router.get("v1/proposals/:id") { _, context in
      try await JSON(node.proposal(context.proposal()))
    }
    router.get("v1/proposals/:id/votes") { request, context in
      try await JSON(node.votes(onProposal: context.proposal(), request.page()))
    }
  }

  private func money(_ router: Router<ConnectionContext>) {
    let node = node
    router.get("v1/grants") { request, _ in
      try await JSON(
        node.grants(
          granter: request.query("granter"),
          grantee: request.query("grantee"),
          request.page()
        )
      )
    }
    router.get("v1/currencies/:name") { _, context in
      try await JSON(node.currency(context.parameters.require("name")))
    }
    router.get("v1/take/income") { request, _ in
      try await JSON(
        node.income(
          denomination: request.query("denomination"),
          from: request.query("from"),
          to: request.query("to"),
          request.page()
        )
      )
    }
  }

  /// Whose word stands for a provider, why an order finds none, and proofs of entries of the state.
  private func evidence(_ router: Router<ConnectionContext>) {
    let node = node
    router.get("v1/audit/attributes") { request, _ in
      try await JSON(
        node.signedAttributes(
          provider: request.query("provider"),
          auditor: request.query("auditor"),
          request.page()
        )
      )
    }
    router.get("v1/market/why-not") { request, _ in
      guard let order = request.query("order") else {
        throw ServingError.invalid("no order is named", fix: "?order= with an identifier or its first digits")
      }
      return try await JSON(node.whyNot(order: order, request.page()))
    }
    router.post("v1/market/why-not") { request, _ in
      try await JSON(node.whyNot(body: request.bytes(upTo: 70_000), request.page()))
    }
    router.get("v1/proofs") { request, _ in
      guard let kind = request.query("kind"), let key = request.query("key") else {
        throw ServingError.invalid("no entry is named", fix: "?kind=balance|lease|vote&key=…")
      }
      return try await JSON(node.proof(kind: kind, key: key))
    }
  }
}

extension RequestContext {
  /// The proposal's number in the path.
  fileprivate func proposal() throws -> UInt64 {
    let text = try parameters.require("id")
    guard let id = UInt64(text) else {
      throw ServingError.invalid("`\(text)` is not a proposal's number", fix: "a whole number above 0")
    }
    return id
  }
}
