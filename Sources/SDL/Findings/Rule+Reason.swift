extension Rule {
  /// Why the rule exists; printed after the word `why`.
  public var reason: String {
    textReason ?? computeReason ?? priceReason ?? serviceReason ?? referenceReason ?? adviceReason ?? rawValue
  }

  private var textReason: String? {
    switch self {
    case .yamlSyntax: "the file must be YAML before it can be a deployment"
    case .yamlType: "each key takes one kind of value, and a key may be written once in a mapping"
    case .emptyDocument: "a deployment needs at least version, services, profiles and deployment"
    case .versionMissing: "the version decides which rules a file is read by"
    case .versionSyntax: "the version is a number such as 2.0 or 2.1"
    case .versionUnsupported: "files of version 2.0, 2.1 and later are read"
    case .unknownTopLevelKey:
      "the top level takes version, services, profiles, deployment, endpoints, reclamation and include"
    case .limitDocumentSize: "files are at most 1 MiB"
    case .limitNesting: "deeper files are not deployments and cost memory to read"
    case .limitExpansion:
      "aliases and repeated placements multiply values; what comes of them must be small enough for a provider"
    default: nil
    }
  }

  private var computeReason: String? {
    switch self {
    case .cpuUnitsSyntax:
      "cpu is a number of cores (0.5, 2) or a whole number of thousandths followed by m (500m)"
    case .cpuAttributeUnknown: "the only cpu attribute is arch"
    case .gpuKeyUnknown: "gpu takes units and attributes"
    case .gpuUnitsSyntax: "GPUs are counted in whole numbers"
    case .gpuAttributesRequired:
      "a request for GPUs must say which; the least is attributes: {vendor: {nvidia: }}"
    case .gpuAttributesWithoutUnits: "GPU attributes have no meaning without GPUs"
    case .gpuAttributeUnknown: "gpu.attributes takes vendor only"
    case .gpuVendorRequired: "gpu.attributes must name a vendor; nvidia is the only one that is read"
    case .gpuInterface: "providers know the interfaces pcie and sxm"
    case .gpuRAMSyntax: "GPU memory is a number directly followed by Ki, Mi, Gi, Ti, Pi or Ei"
    case .attributeKey:
      "an attribute key is a letter followed by letters, digits and _ / . - (at most 128 characters)"
    case .attributeDuplicate: "each attribute may be given once"
    case .sizeSyntax:
      "a size is a number directly followed by k M G T P E (powers of 1000) or Ki Mi Gi Ti Pi Ei "
        + "(powers of 1024), or by nothing for bytes; case matters"
    case .quantityNegative: "quantities are zero or more"
    case .storageAttributeUnknown: "storage attributes are persistent and class"
    case .storageAttributePersistent: "persistent is true, on, yes, false, off or no, in lower case"
    case .storageClassUnknown: "storage classes are default, beta1, beta2, beta3 and ram"
    case .storageClassNeedsPersistent: "a class other than ram is for volumes that outlive their container"
    case .storageRAMPersistent:
      "memory does not outlive its container, so class ram goes with persistent: false"
    case .storageNameDuplicate:
      "volumes of a profile need different names; one without a name is called default"
    case .resourceMissing: "every replica needs cpu, memory and at least one storage volume"
    case .limitCPU: "a replica takes between 10 thousandths and 384 cores"
    case .limitGPU: "a replica takes at most 24 GPUs"
    case .limitMemory: "a replica takes between 1 Mi and 2 Ti of memory"
    case .limitStorage: "a volume takes between 5 Mi and 32 Ti"
    case .limitGroupCPU: "all replicas of a placement together take between 1 thousandth and 19,200 cores"
    case .limitGroupGPU: "all replicas of a placement together take at most 1,200 GPUs"
    case .limitGroupMemory: "all replicas of a placement together take between 1 byte and 100 Ti of memory"
    default: nil
    }
  }

  private var priceReason: String? {
    switch self {
    case .priceAmountSyntax: "an amount is digits, optionally with a point and digits on both sides of it"
    case .priceAmountPrecision: "an amount has at most 18 digits after the point"
    case .priceAmountRange: "an amount must fit in 315 bits"
    case .priceZero: "nobody bids on a price of zero"
    case .priceNegative: "an amount is above zero"
    case .priceDenom: "a denomination is a letter followed by 2 to 127 letters, digits and / : . _ -"
    case .priceTooHigh: "the price of a replica and block is at most 10000000 of the smallest unit"
    case .priceMixedDenom: "a deployment has one escrow account, hence one denomination"
    case .priceNull: "a price needs denom and amount"
    default: nil
    }
  }

  private var serviceReason: String? {
    switch self {
    case .acceptNotAHost: "a host must be usable in a URL"
    case .hostInvalid:
      "a host is a lower case DNS name of at most 253 characters, without wildcard, port or final dot"
    case .hostDuplicate: "a host leads to one place; each entry of to repeats the whole accept list"
    case .protoUnknown: "protocols are TCP and UDP"
    case .portRange: "ports are 1 to 65535"
    case .httpOptionLimit: "providers' proxies keep within these limits"
    case .httpNextCaseUnknown: "cases are error, timeout, 500, 502, 503, 504, 403, 404, 429 and off"
    case .httpNextCaseOff: "off cannot be combined with another case"
    case .serviceName:
      "a service is found by its name as a DNS label: lower case letters, digits and -, beginning "
        + "with a letter"
    case .imageEmpty: "a service needs an image"
    case .envName:
      "a variable is NAME=value; the name has letters, digits and _ . - and does not begin with a digit"
    case .credentialsHost: "credentials need the host of the registry"
    case .credentialsUsername: "credentials need a user name"
    case .credentialsPassword: "credentials need a password"
    case .teeUnknown: "confidential computing is cpu or cpu-gpu"
    case .teeNeedsGPU: "cpu-gpu protects a GPU, so the profile must have one"
    case .teeConflict: "a placement is one provider, which offers one kind of confidential computing to it"
    case .noGlobalService:
      "a deployment that nobody can reach is refused; some port needs to: [{global: true}]"
    default: nil
    }
  }

  private var referenceReason: String? {
    switch self {
    case .profileComputeMissing: "each service runs on a compute profile of this file"
    case .profilePlacementMissing: "each service runs at a placement of this file"
    case .pricingMissing: "a placement states the most it pays for each compute profile that runs there"
    case .serviceMissing: "the deployment section deploys services of this file"
    case .resourcesMissing: "a compute profile says what a replica needs"
    case .noGroups: "the deployment section must deploy something"
    case .endpointName:
      "an endpoint's name begins with a lower case letter, has at least two characters, and only a-z 0-9 - _"
    case .endpointKindMissing: "an endpoint says its kind; the only one is ip"
    case .endpointKindUnknown: "the only kind of endpoint is ip"
    case .endpointUnused: "a leased address costs money, so one that no service uses is refused"
    case .ipNotGlobal: "an address is leased to be reached from outside"
    case .ipEndpointMissing: "an address must be declared under endpoints"
    case .ipPortCollision: "one address, port and protocol lead to one service"
    case .volumeMissing: "params.storage mounts volumes of the service's compute profile"
    case .mountNotAbsolute: "a volume is mounted at a path that begins with /"
    case .mountDuplicate: "two volumes cannot be mounted at one path"
    case .persistentWithoutMount: "a persistent volume that nobody mounts would be paid for and unused"
    case .ramReadOnly: "a volume in memory that cannot be written to is always empty"
    case .reclamationWindow: "the window is a time above zero such as 30m, 24h or 1h30m"
    case .groupNameEmpty: "a placement's name is the name of its group"
    default: nil
    }
  }

  private var adviceReason: String? {
    switch self {
    case .schemaYAML:
      "the schema looks at the file as JSON, which has no repeated keys, other keys than texts, or "
        + "infinite values"
    case .schemaType: "the published schema, which some tools enforce, wants another type here"
    case .schemaUnknownKey:
      "the published schema, which some tools enforce, does not know this key; it has no effect"
    case .schemaRequired: "the published schema, which some tools enforce, wants this key"
    case .schemaValue: "the published schema, which some tools enforce, knows other values here"
    case .schemaRange: "the published schema, which some tools enforce, sets limits here"
    case .schemaLength: "the published schema, which some tools enforce, wants a longer text here"
    case .schemaPattern: "the published schema, which some tools enforce, wants another form here"
    case .gpuVendorIgnored: "vendors other than nvidia are not read, so the request means any nvidia model"
    case .gpuModelSpelling:
      "providers list models in lower case without blanks; another spelling matches none of them"
    case .gpuModelUnknown: "no provider lists a model that does not exist; the request waits for ever"
    case .gpuMemoryUnknown: "the model is not made with this memory, so the request waits for ever"
    case .gpuInterfaceUnknown: "the model is not made with this interface, so the request waits for ever"
    default: nil
    }
  }
}
