import Chain
import Cryptography
import Primitives
import Testing

@testable import Provider
@testable import SDL

@Suite struct GatewayTests {
  static let deploy = """
    version: "2.0"
    services:
      web:
        image: supercloud/hello:1
        env: ["A=1"]
        expose:
          - {port: 80, as: 80, to: [{global: true}]}
          - {port: 9000, to: [{service: web}]}
    profiles:
      compute:
        web:
          resources:
            cpu: {units: 0.5}
            memory: {size: 512Mi}
            storage: {size: 1Gi}
            gpu: {units: 1, attributes: {vendor: {nvidia: [{model: h100}]}}}
      placement:
        west:
          pricing: {web: {denom: uusdc, amount: 10000}}
    deployment:
      web: {west: {profile: web, count: 2}}
    """

  static let file = DeploymentFile(text: deploy)
  static let gateway = LeaseGateway(provider: Fixture.provider, maximumProcesses: 64)

  static func view(_ deployment: Deployment, hash: Digest? = nil) -> DeploymentView {
    DeploymentView(
      id: Fixture.lease().deployment,
      manifestHash: hash ?? deployment.manifest.hash,
      groups: deployment.groups
    )
  }

  private func accept(_ json: [UInt8], hash: Digest? = nil) throws -> Result<WorkloadPlan, LeaseFault> {
    let deployment = try #require(Self.file.deployment)
    var inventory = Inventory(Fixture.inventory)
    let reservation = try inventory.reserve(
      .lease(Fixture.lease()),
      deployment: Fixture.lease().deployment,
      group: 1,
      spec: deployment.groups[0],
      preferring: inventory.models
    )
    let view = Self.view(deployment, hash: hash)
    return Result { () throws(LeaseFault) in
      try Self.gateway.accept(json, for: Fixture.lease(), deployment: view, reservation: reservation)
    }
  }

  @Test func `the groups of a file come back unchanged from the chain's encoding`() throws {
    let deployment = try #require(Self.file.deployment, "\(Self.file.errors)")
    for group in deployment.groups { #expect(try GroupSpec(decoding: group.encoded) == group) }
  }

  @Test func `the ordered manifest becomes a plan with devices for every replica`() throws {
    let json = try #require(Self.file.deployment).manifest.canonicalJSON
    let plan = try accept(json).get()
    let service = try #require(plan.services.first)
    #expect(service.name == "web" && service.image == "supercloud/hello:1" && service.replicas == 2)
    #expect(service.limits == WorkloadLimits(cpuMillis: 500, memoryBytes: 512 << 20, processes: 64))
    #expect(service.ports == [PortPlan(port: 80, isGlobal: true), PortPlan(port: 9_000, isGlobal: false)])
    #expect(service.devices == [["declared/nvidia/h100/80Gi/sxm/0"], ["declared/nvidia/h100/80Gi/sxm/1"]])
    #expect(service.environment == ["A=1"])
  }

  @Test func `another hash is refused with both`() throws {
    let json = try #require(Self.file.deployment).manifest.canonicalJSON
    guard case .failure(let fault) = try accept(json, hash: Fixture.digest(1)) else {
      Issue.record("accepted")
      return
    }
    #expect(fault.code == .hashMismatch)
    #expect(fault.message.contains(Fixture.digest(1).description))
    #expect(fault.message.contains(try #require(Self.file.deployment).manifest.hash.description))
  }

  @Test func `a manifest that wants more than was ordered is refused`() throws {
    var manifest = try #require(Self.file.deployment).manifest
    manifest.groups[0].services[0].resources.memoryBytes *= 2
    guard case .failure(let fault) = try accept(manifest.canonicalJSON, hash: manifest.hash) else {
      Issue.record("accepted")
      return
    }
    #expect(fault.code == .manifestMismatch)
    #expect(fault.message.contains("memory"))
  }

  /// Texts are passed on to programs that end them at NUL.
  @Test func `a manifest with a NUL in a variable or a mount is refused, though the chain has its hash`()
    throws
  {
    let manifest = try #require(Self.file.deployment).manifest
    var variable = manifest
    variable.groups[0].services[0].environment = ["X=a\0--bind\0/\0/tmp/h\0--setenv\0Y\0b"]
    var mount = manifest
    mount.groups[0].services[0].parameters = ServiceParameters(
      mounts: [VolumeMount(name: "default", mount: "/tmp/a\0--bind\0/\0/tmp/h")]
    )
    for changed in [variable, mount] {
      guard case .failure(let fault) = try accept(changed.canonicalJSON, hash: changed.hash) else {
        Issue.record("accepted")
        continue
      }
      #expect(fault.code == .malformedManifest)
      #expect(fault.message.contains("U+0000"), "\(fault)")
    }
  }

  @Test func `UDP and credentials are refused, as this driver has neither`() throws {
    var manifest = try #require(Self.file.deployment).manifest
    manifest.groups[0].services[0].credentials = ImageCredentials(
      host: "h",
      email: "",
      username: "u",
      password: "p"
    )
    guard case .failure(let fault) = try accept(manifest.canonicalJSON, hash: manifest.hash) else {
      Issue.record("accepted")
      return
    }
    #expect(fault.code == .unsupported)
  }

  @Test func `only the deployment's owner may ask, and only for what is leased here`() {
    let request = LeaseRequest.status(Fixture.lease())
    func admit(_ key: UInt8, _ request: LeaseRequest, active: Bool = true) -> LeaseFault.Code? {
      let result = Self.gateway.admit(
        account: Fixture.key(key).publicKey,
        type: request.type,
        bytes: request.encoded
      ) { _ in active }
      if case .failure(let fault) = result { return fault.code }
      return nil
    }
    #expect(admit(2, request) == nil)
    #expect(admit(3, request) == .notOwner)
    #expect(admit(2, request, active: false) == .unknownLease)
    var other = Fixture.lease()
    other.provider = Fixture.address(9)
    #expect(admit(2, .status(other)) == .unknownLease)
  }

  static let requests: [LeaseRequest] = [
    .submitManifest(Fixture.lease(), json: Array("[]".utf8)), .status(Fixture.lease()),
    .logs(Fixture.lease(), service: "web", tail: 100),
    .checkManifest(Fixture.lease(), json: Array("[]".utf8)),
  ]

  static let answers: [LeaseAnswer] = [
    .ok(message: "ready"),
    .status(
      WorkloadStatus(
        state: "running",
        message: "ready",
        services: [
          .init(name: "web", ready: 1, replicas: 2, urls: ["http://h:1"], restarts: 3, lastExit: "exit 1")
        ]
      )
    ),
    .logs([LogChunk(service: "web", replica: 1, stream: .errors, lines: ["a", "ü", ""])]),
    .error(LeaseFault(.hashMismatch, "what", fix: "do")),
  ]

  @Test func `requests and answers survive coding`() throws {
    for request in Self.requests {
      #expect(try LeaseRequest(type: request.type, decoding: request.encoded) == request)
    }
    for answer in Self.answers {
      #expect(try LeaseAnswer(type: answer.type, decoding: answer.encoded) == answer)
    }
  }

  @Test func `cut, longer and foreign bytes are refused, never a trap`() {
    for request in Self.requests {
      let bytes = request.encoded
      for count in 0..<bytes.count {
        #expect(throws: DecodingError.self) {
          try LeaseRequest(type: request.type, decoding: Array(bytes[..<count]))
        }
      }
      #expect(throws: DecodingError.trailingBytes) {
        try LeaseRequest(type: request.type, decoding: bytes + [0])
      }
    }
    for answer in Self.answers {
      let bytes = answer.encoded
      for count in 0..<bytes.count {
        #expect(throws: DecodingError.self) {
          try LeaseAnswer(type: answer.type, decoding: Array(bytes[..<count]))
        }
      }
    }
    #expect(throws: DecodingError.outOfRange(field: "type")) { try LeaseRequest(type: 9, decoding: []) }
    #expect(throws: DecodingError.self) {
      try LeaseAnswer(type: 0x82, decoding: [0xFF, 0xFF, 0xFF, 0xFF])
    }
    let big = LeaseRequest.submitManifest(
      Fixture.lease(),
      json: [UInt8](repeating: 0, count: LeaseRequest.manifestLimit + 1)
    )
    #expect(throws: DecodingError.outOfRange(field: "count")) {
      try LeaseRequest(type: 1, decoding: big.encoded)
    }
    let tail = LeaseRequest.logs(Fixture.lease(), service: "", tail: .max)
    #expect(throws: DecodingError.outOfRange(field: "tail")) {
      try LeaseRequest(type: 3, decoding: tail.encoded)
    }
  }

  @Test func `random bytes never trap the gateway`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    let deployment = try #require(Self.file.deployment)
    let json = deployment.manifest.canonicalJSON
    for round in 0..<3_000 {
      var bytes = Self.requests[round % 3].encoded
      for _ in 0...random.next(below: 4) {
        bytes[Int(random.next(below: UInt64(bytes.count)))] = UInt8(random.next(below: 256))
      }
      _ = Self.gateway.admit(
        account: Fixture.key(2).publicKey,
        type: UInt8(random.next(below: 5)),
        bytes: bytes
      ) { _ in true }
      var manifest = json
      manifest[Int(random.next(below: UInt64(json.count)))] = UInt8(random.next(below: 256))
      let plan = try? Self.gateway.accept(
        manifest,
        for: Fixture.lease(),
        deployment: Self.view(deployment),
        reservation: nil
      )
      if manifest != json, let plan {
        // Blanks and escapes can be spelled in several ways; the hash holds.
        #expect(plan.manifestHash == deployment.manifest.hash.description, "seed \(seed)")
      }
    }
  }
}
