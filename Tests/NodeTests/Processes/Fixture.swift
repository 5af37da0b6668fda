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

  /// Two groups with one small service each, without GPUs.
  static func twoGroups(images: (String, String) = ("supercloud/hello:1", "supercloud/hello:1")) -> String {
    func service(_ name: String, _ image: String) -> String {
      """
        \(name):
          image: \(image)
          expose:
            - port: 8080
              as: 80
              to:
                - global: true

      """
    }
    func placement(_ name: String, _ service: String) -> String {
      """
          \(name):
            pricing:
              \(service):
                denom: uakt
                amount: 5000

      """
    }
    return """
      version: "2.0"
      services:
      \(service("one", images.0))\(service("two", images.1))profiles:
        compute:
          small:
            resources:
              cpu:
                units: 0.5
              memory:
                size: 128Mi
              storage:
                size: 128Mi
        placement:
      \(placement("east", "small"))\(placement("west", "small"))deployment:
        one:
          east:
            profile: small
            count: 1
        two:
          west:
            profile: small
            count: 1

      """
  }
}
