/// The deployment file of the demo: a small web service, which is part of the program, beside one GPU.
public enum DemoDeployment {
  /// The files that the demo writes into the network's folder.
  static let files = ["demo-akt.yaml", "demo-akt.yaml.json", "demo-usdc.yaml", "demo-usdc.yaml.json"]

  /// Writes the file's text.
  ///
  /// - Parameters:
  ///   - vendor: The GPU's vendor, as in offers.
  ///   - model: The GPU's model; nil for any.
  ///   - denomination: What is paid with.
  ///   - amount: The highest price, in smallest units per tick.
  /// - Returns: The text, in YAML.
  public static func text(
    vendor: String = "nvidia",
    model: String? = nil,
    denomination: String,
    amount: UInt64
  ) -> String {
    let models = model.map { "\n                    - model: \($0)" } ?? ""
    return """
      version: "2.0"
      services:
        hello:
          image: supercloud/hello:1
          expose:
            - port: 8080
              as: 80
              to:
                - global: true
      profiles:
        compute:
          hello:
            resources:
              cpu:
                units: 0.5
              memory:
                size: 256Mi
              gpu:
                units: 1
                attributes:
                  vendor:
                    \(vendor):\(models)
              storage:
                size: 128Mi
        placement:
          anywhere:
            pricing:
              hello:
                denom: \(denomination)
                amount: \(amount)
      deployment:
        hello:
          anywhere:
            profile: hello
            count: 1

      """
  }
}
