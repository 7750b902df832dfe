import Experiments

extension ResultsNotebook {
  /// The same results as a Vega-Lite 5 spec, for viewers that need no Python: a curve with its band over the
  /// first parameter of a sweep, or the designs side by side.
  ///
  /// - Complexity: O(rows).
  public func vegaLite() -> String {
    let body = numericParameters.first.map(curve) ?? sideBySide
    return JSONValue.object(
      [
        ("$schema", .string("https://vega.github.io/schema/vega-lite/v5.json")),
        ("title", .string(TextStyle.printable(title))),
        ("data", .object([("url", .string(places.metrics))])),
      ] + body
    ).text(wrapped: 3) + "\n"
  }

  private typealias Members = [(String, JSONValue)]

  private static func filter(_ metric: String, _ statistic: String) -> [JSONValue] {
    let whole = "!isValid(datum.replication) || datum.replication === ''"
    return [
      .object([("filter", .string(whole))]),
      .object([
        ("filter", .string("datum.metric === '\(metric)' && datum.statistic === '\(statistic)'"))
      ]), .object([("filter", .string("isValid(datum.value) && datum.value !== ''"))]),
    ]
  }

  private static func axis(_ field: String, _ title: String?, _ more: Members = []) -> JSONValue {
    .object(
      [("field", .string(field)), ("type", .string("quantitative"))]
        + [("title", title.map(JSONValue.string) ?? .null)] + more)
  }

  private var colour: (String, JSONValue) {
    ("color", .object([("field", .string("design")), ("type", .string("nominal"))]))
  }

  private func curve(_ parameter: String) -> Members {
    // Cells may carry a unit; what stands before it is the number. In brackets, a dot in a name is a dot.
    let name = parameter.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
    let number = JSONValue.object([
      ("calculate", .string("parseFloat(datum['\(name)'])")), ("as", .string("x")),
    ])
    let label = "\(decider.statistic)(\(decider.metric)) [s]"
    func layer(_ mark: Members, _ encoding: Members) -> JSONValue {
      .object([("mark", .object(mark)), ("encoding", .object(encoding))])
    }
    let x = ("x", Self.axis("x", parameter))
    return [
      ("width", .integer(560)), ("height", .integer(340)),
      ("transform", .array(Self.filter(decider.metric, decider.statistic) + [number])),
      (
        "layer",
        .array([
          layer(
            [("type", .string("errorband"))],
            [x, ("y", Self.axis("ci_low", label)), ("y2", .object([("field", .string("ci_high"))])), colour]),
          layer(
            [("type", .string("line")), ("point", .bool(true))],
            [x, ("y", Self.axis("value", label)), colour]),
        ])
      ),
    ]
  }

  private var sideBySide: Members {
    let panels = [
      (decider.metric, decider.statistic, "\(decider.statistic)(\(decider.metric)) [s]"),
      ("cost_per_month", "value", "cost per month"),
    ]
    let design = (
      "y",
      JSONValue.object([
        ("field", .string("design")), ("type", .string("nominal")), ("sort", .null), ("title", .null),
      ])
    )
    return [
      (
        "hconcat",
        .array(
          panels.map { metric, statistic, label in
            .object([
              ("width", .integer(300)), ("transform", .array(Self.filter(metric, statistic))),
              ("encoding", .object([design, colour])),
              (
                "layer",
                .array([
                  .object([
                    (
                      "mark",
                      .object([
                        ("type", .string("point")), ("filled", .bool(true)), ("size", .integer(80)),
                      ])
                    ),
                    ("encoding", .object([("x", Self.axis("value", label))])),
                  ]),
                  .object([
                    ("mark", .object([("type", .string("rule"))])),
                    (
                      "encoding",
                      .object([
                        ("x", Self.axis("ci_low", label)), ("x2", .object([("field", .string("ci_high"))])),
                      ])
                    ),
                  ]),
                ])
              ),
            ])
          })
      )
    ]
  }
}
