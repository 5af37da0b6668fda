/// Identifies the rule that a finding is about. Tools print these identifiers and tests compare them.
///
/// First come the rules of Akash's SDL parser, each of which rejects a file; the conformance tests use the
/// same identifiers. The limits on a document's size and `price-symbol` are this reader's own. Then follow rules that only warn:
/// those of the JSON schema, and those about GPU requests that no provider fulfils.
public enum Rule: String, Hashable, CaseIterable, Sendable {
  // The text and its version.
  case yamlSyntax = "yaml-syntax"
  case yamlType = "yaml-type"
  case emptyDocument = "empty-document"
  case versionMissing = "version-missing"
  case versionSyntax = "version-syntax"
  case versionUnsupported = "version-unsupported"
  case unknownTopLevelKey = "unknown-top-level-key"
  case limitDocumentSize = "limit-document-size"
  case limitNesting = "limit-nesting"
  case limitExpansion = "limit-expansion"

  // Compute profiles.
  case cpuUnitsSyntax = "cpu-units-syntax"
  case cpuAttributeUnknown = "cpu-attribute-unknown"
  case gpuKeyUnknown = "gpu-key-unknown"
  case gpuUnitsSyntax = "gpu-units-syntax"
  case gpuAttributesRequired = "gpu-attributes-required"
  case gpuAttributesWithoutUnits = "gpu-attributes-without-units"
  case gpuAttributeUnknown = "gpu-attribute-unknown"
  case gpuVendorRequired = "gpu-vendor-required"
  case gpuInterface = "gpu-interface"
  case gpuRAMSyntax = "gpu-ram-syntax"
  case attributeKey = "attribute-key"
  case attributeDuplicate = "attribute-duplicate"
  case sizeSyntax = "size-syntax"
  case quantityNegative = "quantity-negative"
  case storageAttributeUnknown = "storage-attribute-unknown"
  case storageAttributePersistent = "storage-attribute-persistent"
  case storageClassUnknown = "storage-class-unknown"
  case storageClassNeedsPersistent = "storage-class-needs-persistent"
  case storageRAMPersistent = "storage-ram-persistent"
  case storageNameDuplicate = "storage-name-duplicate"
  case resourceMissing = "resource-missing"
  case limitCPU = "limit-cpu"
  case limitGPU = "limit-gpu"
  case limitMemory = "limit-memory"
  case limitStorage = "limit-storage"
  case limitGroupCPU = "limit-group-cpu"
  case limitGroupGPU = "limit-group-gpu"
  case limitGroupMemory = "limit-group-memory"

  // Prices.
  case priceAmountSyntax = "price-amount-syntax"
  case priceAmountPrecision = "price-amount-precision"
  case priceAmountRange = "price-amount-range"
  case priceZero = "price-zero"
  case priceNegative = "price-negative"
  case priceDenom = "price-denom"
  case priceTooHigh = "price-too-high"
  case priceMixedDenom = "price-mixed-denom"
  case priceNull = "price-null"
  /// Our own rule, see `KnownCurrency`.
  case priceSymbol = "price-symbol"

  // Services.
  case acceptNotAHost = "accept-not-a-host"
  case hostInvalid = "host-invalid"
  case hostDuplicate = "host-duplicate"
  case protoUnknown = "proto-unknown"
  case portRange = "port-range"
  case httpOptionLimit = "http-option-limit"
  case httpNextCaseUnknown = "http-next-case-unknown"
  case httpNextCaseOff = "http-next-case-off"
  case serviceName = "service-name"
  case imageEmpty = "image-empty"
  case envName = "env-name"
  // Credentials of a private image: each field must be given.
  case credentialsHost = "credentials-host"
  case credentialsUsername = "credentials-username"
  case credentialsPassword = "credentials-password"
  case teeUnknown = "tee-unknown"
  case teeNeedsGPU = "tee-needs-gpu"
  case teeConflict = "tee-conflict"
  case noGlobalService = "no-global-service"

  // References between sections.
  case profileComputeMissing = "profile-compute-missing"
  case profilePlacementMissing = "profile-placement-missing"
  case pricingMissing = "pricing-missing"
  case serviceMissing = "service-missing"
  case resourcesMissing = "resources-missing"
  case noGroups = "no-groups"
  case endpointName = "endpoint-name"
  case endpointKindMissing = "endpoint-kind-missing"
  case endpointKindUnknown = "endpoint-kind-unknown"
  case endpointUnused = "endpoint-unused"
  case ipNotGlobal = "ip-not-global"
  case ipEndpointMissing = "ip-endpoint-missing"
  case ipPortCollision = "ip-port-collision"
  case volumeMissing = "volume-missing"
  case mountNotAbsolute = "mount-not-absolute"
  case mountDuplicate = "mount-duplicate"
  case persistentWithoutMount = "persistent-without-mount"
  case ramReadOnly = "ram-read-only"
  case reclamationWindow = "reclamation-window"
  case groupNameEmpty = "group-name-empty"

  // Findings of the JSON schema (draft 7), which Akash's parser only logs.
  case schemaYAML = "schema-yaml"
  case schemaType = "schema-type"
  case schemaUnknownKey = "schema-unknown-key"
  case schemaRequired = "schema-required"
  case schemaValue = "schema-value"
  case schemaRange = "schema-range"
  case schemaLength = "schema-length"
  case schemaPattern = "schema-pattern"

  // GPU requests that are legal but that no provider fulfils.
  // Akash's provider knows only the vendor nvidia, and reads a request for another vendor as one for any nvidia.
  case gpuVendorIgnored = "gpu-vendor-ignored"
  case gpuModelSpelling = "gpu-model-spelling"
  case gpuModelUnknown = "gpu-model-unknown"
  case gpuMemoryUnknown = "gpu-ram-unknown"
  case gpuInterfaceUnknown = "gpu-interface-unknown"
}

extension Rule {
  /// Whether the rule is about GPU requests that no provider fulfils.
  public var isAboutGPUs: Bool {
    [.gpuVendorIgnored, .gpuModelSpelling, .gpuModelUnknown, .gpuMemoryUnknown, .gpuInterfaceUnknown]
      .contains(self)
  }
}
