extension Rule {
  /// Why the rule exists; printed after the word `why`.
  public var reason: String { Self.reasons[self] ?? rawValue }

  private static let reasons: [Rule: String] = [
    .yamlSyntax: "the file must be YAML before it can be a deployment",
    .yamlType: "each key takes one kind of value, and a key may be written once in a mapping",
    .emptyDocument: "a deployment needs at least version, services, profiles and deployment",
    .versionMissing: "the version decides which rules a file is read by",
    .versionSyntax: "the version is a number such as 2.0 or 2.1",
    .versionUnsupported: "files of version 2.0, 2.1 and later are read",
    .unknownTopLevelKey:
      "the top level takes version, services, profiles, deployment, endpoints, reclamation and include",
    .limitDocumentSize: "files are at most 1 MiB",
    .limitNesting: "deeper files are not deployments and cost memory to read",
    .limitExpansion:
      "aliases and repeated placements multiply values; what comes of them must be small enough for a provider",
    .cpuUnitsSyntax:
      "cpu is a number of cores (0.5, 2) or a whole number of thousandths followed by m (500m)",
    .cpuAttributeUnknown: "the only cpu attribute is arch",
    .gpuKeyUnknown: "gpu takes units and attributes",
    .gpuUnitsSyntax: "GPUs are counted in whole numbers",
    .gpuAttributesRequired:
      "a request for GPUs must say which; the least is attributes: {vendor: {nvidia: }}",
    .gpuAttributesWithoutUnits: "GPU attributes have no meaning without GPUs",
    .gpuAttributeUnknown: "gpu.attributes takes vendor only",
    .gpuVendorRequired: "gpu.attributes must name a vendor; nvidia is the only one that is read",
    .gpuInterface: "providers know the interfaces pcie and sxm",
    .gpuRAMSyntax: "GPU memory is a number directly followed by Ki, Mi, Gi, Ti, Pi or Ei",
    .attributeKey:
      "an attribute key is a letter followed by letters, digits and _ / . - (at most 128 characters)",
    .attributeDuplicate: "each attribute may be given once",
    .sizeSyntax: """
    a size is a number directly followed by k M G T P E (powers of 1000) or Ki Mi Gi Ti Pi Ei (powers of \
    1024), or by nothing for bytes; case matters
    """,
    .quantityNegative: "quantities are zero or more",
    .storageAttributeUnknown: "storage attributes are persistent and class",
    .storageAttributePersistent: "persistent is true, on, yes, false, off or no, in lower case",
    .storageClassUnknown: "storage classes are default, beta1, beta2, beta3 and ram",
    .storageClassNeedsPersistent: "a class other than ram is for volumes that outlive their container",
    .storageRAMPersistent:
      "memory does not outlive its container, so class ram goes with persistent: false",
    .storageNameDuplicate:
      "volumes of a profile need different names; one without a name is called default",
    .resourceMissing: "every replica needs cpu, memory and at least one storage volume",
    .limitCPU: "a replica takes between 10 thousandths and 384 cores",
    .limitGPU: "a replica takes at most 24 GPUs",
    .limitMemory: "a replica takes between 1 Mi and 2 Ti of memory",
    .limitStorage: "a volume takes between 5 Mi and 32 Ti",
    .limitGroupCPU: "all replicas of a placement together take between 1 thousandth and 19,200 cores",
    .limitGroupGPU: "all replicas of a placement together take at most 1,200 GPUs",
    .limitGroupMemory: "all replicas of a placement together take between 1 byte and 100 Ti of memory",
    .priceAmountSyntax: "an amount is digits, optionally with a point and digits on both sides of it",
    .priceAmountPrecision: "an amount has at most 18 digits after the point",
    .priceAmountRange: "an amount must fit in 315 bits",
    .priceZero: "nobody bids on a price of zero",
    .priceNegative: "an amount is above zero",
    .priceDenom: "a denomination is a letter followed by 2 to 127 letters, digits and / : . _ -",
    .priceTooHigh: "the price of a replica and block is at most 10000000 of the smallest unit",
    .priceMixedDenom: "a deployment has one escrow account, hence one denomination",
    .priceNull: "a price needs denom and amount",
    .priceSymbol:
      "amounts count the smallest unit, which the denomination names; a symbol is a million of them",
    .acceptNotAHost: "a host must be usable in a URL",
    .hostInvalid:
      "a host is a lower case DNS name of at most 253 characters, without wildcard, port or final dot",
    .hostDuplicate: "a host leads to one place; each entry of to repeats the whole accept list",
    .protoUnknown: "protocols are TCP and UDP",
    .portRange: "ports are 1 to 65535",
    .httpOptionLimit: "providers' proxies keep within these limits",
    .httpNextCaseUnknown: "cases are error, timeout, 500, 502, 503, 504, 403, 404, 429 and off",
    .httpNextCaseOff: "off cannot be combined with another case",
    .serviceName: """
    a service is found by its name as a DNS label: lower case letters, digits and -, beginning with a letter
    """,
    .imageEmpty: "a service needs an image",
    .envName:
      "a variable is NAME=value; the name has letters, digits and _ . - and does not begin with a digit",
    .credentialsHost: "credentials need the host of the registry",
    .credentialsUsername: "credentials need a user name",
    .credentialsPassword: "credentials need a password",
    .teeUnknown: "confidential computing is cpu or cpu-gpu",
    .teeNeedsGPU: "cpu-gpu protects a GPU, so the profile must have one",
    .teeConflict: "a placement is one provider, which offers one kind of confidential computing to it",
    .noGlobalService:
      "a deployment that nobody can reach is rejected; some port needs to: [{global: true}]",
    .profileComputeMissing: "each service runs on a compute profile of this file",
    .profilePlacementMissing: "each service runs at a placement of this file",
    .pricingMissing: "a placement states the most it pays for each compute profile that runs there",
    .serviceMissing: "the deployment section deploys services of this file",
    .resourcesMissing: "a compute profile says what a replica needs",
    .noGroups: "the deployment section must deploy something",
    .endpointName:
      "an endpoint's name begins with a lower case letter, has at least two characters, and only a-z 0-9 - _",
    .endpointKindMissing: "an endpoint says its kind; the only one is ip",
    .endpointKindUnknown: "the only kind of endpoint is ip",
    .endpointUnused: "a leased address costs money, so one that no service uses is rejected",
    .ipNotGlobal: "an address is leased to be reached from outside",
    .ipEndpointMissing: "an address must be declared under endpoints",
    .ipPortCollision: "one address, port and protocol lead to one service",
    .volumeMissing: "params.storage mounts volumes of the service's compute profile",
    .mountNotAbsolute: "a volume is mounted at a path that begins with /",
    .mountDuplicate: "two volumes cannot be mounted at one path",
    .persistentWithoutMount: "a persistent volume that nobody mounts would be paid for and unused",
    .ramReadOnly: "a volume in memory that cannot be written to is always empty",
    .reclamationWindow: "the window is a time above zero such as 30m, 24h or 1h30m",
    .groupNameEmpty: "a placement's name is the name of its group",
    .schemaYAML: """
    the schema looks at the file as JSON, which has no repeated keys, other keys than texts, or infinite \
    values
    """,
    .schemaType: "the published schema, which some tools enforce, wants another type here",
    .schemaUnknownKey:
      "the published schema, which some tools enforce, does not know this key; it has no effect",
    .schemaRequired: "the published schema, which some tools enforce, wants this key",
    .schemaValue: "the published schema, which some tools enforce, knows other values here",
    .schemaRange: "the published schema, which some tools enforce, sets limits here",
    .schemaLength: "the published schema, which some tools enforce, wants a longer text here",
    .schemaPattern: "the published schema, which some tools enforce, wants another form here",
    .gpuVendorIgnored: "vendors other than nvidia are not read, so the request means any nvidia model",
    .gpuModelSpelling:
      "providers list models in lower case without blanks; another spelling matches none of them",
    .gpuModelUnknown: "no provider lists a model that does not exist; the request waits for ever",
    .gpuMemoryUnknown: "the model is not made with this memory, so the request waits for ever",
    .gpuInterfaceUnknown: "the model is not made with this interface, so the request waits for ever",
  ]
}
