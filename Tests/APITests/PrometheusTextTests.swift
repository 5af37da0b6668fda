import API
import Testing

@Suite struct PrometheusTextTests {
  @Test func `a metric has its meaning, its kind and its values`() {
    var metrics = PrometheusText()
    metrics.add("height", .gauge, "Newest block.", 7)
    metrics.add("plain", .gauge, nil, 3)
    metrics.add(
      "drops_total",
      .counter,
      "Drops.",
      [.init(["layer": "a", "reason": "b"], 1), .init(["layer": "c"], 2)]
    )
    metrics.add("none_total", .counter, "Never seen.", [])
    #expect(
      metrics.text == """
        # HELP height Newest block.
        # TYPE height gauge
        height 7
        # TYPE plain gauge
        plain 3
        # HELP drops_total Drops.
        # TYPE drops_total counter
        drops_total{layer="a",reason="b"} 1
        drops_total{layer="c"} 2

        """
    )
  }

  @Test func `nothing in a label or a meaning can end it`() {
    var metrics = PrometheusText()
    metrics.add("x", .counter, "a \\ \"b\"\nc", [.init(["kind": "q\"u\\o\nte"], 1)])
    #expect(
      metrics.text == #"""
        # HELP x a \\ "b"\nc
        # TYPE x counter
        x{kind="q\"u\\o\nte"} 1

        """#
    )
  }
}
