/// Files that tests deploy.
enum Fixture {
  static func deployment(
    gpu: String = "h100",
    denomination: String = "uakt",
    amount: String = "5000"
  ) -> String {
    """
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
                  nvidia:
                    - model: \(gpu)
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
