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

  /// Parameters beside the one along the axis: each combination of theirs is a line of its own.
  private func others(than parameter: String) -> [String] {
    set.pointColumns.enumerated().compactMap { index, column in
      let values = Set(set.rows.map { $0.point[index] })
      return column != parameter && column != "message_bytes" && values.count > 1 ? column : nil
    }
  }

  /// Whether hardly any two points differ in the parameter alone, as in a sampled sweep: they are no lines.
  private func isScattered(_ parameter: String, _ others: [String]) -> Bool {
    guard !others.isEmpty, let axis = set.pointColumns.firstIndex(of: parameter) else { return false }
    let places = set.pointColumns.indices.filter { others.contains(set.pointColumns[$0]) }
    var lines: [[String]: Set<String>] = [:]
    for row in set.rows where row.replication == nil {
      lines[[row.design] + places.map { row.point[$0] }, default: []].insert(row.point[axis])
    }
    let counts = lines.values.map(\.count).sorted()
    return (counts.isEmpty ? 0 : counts[counts.count / 2]) < 2
  }

  /// As the notebook has it: logarithmic where values span more than 20 or 50 times their least.
  private static func scale(_ values: [Double], beyond ratio: Double) -> Members {
    guard let low = values.min(), let high = values.max(), low > 0, high / low > ratio else { return [] }
    return [("scale", .object([("type", .string("log"))]))]
  }

  /// Names of fields, in which a dot and a bracket would lead into an object.
  private static func field(_ name: String) -> String {
    name.replacing("\\", with: "\\\\").replacing(".", with: "\\.").replacing("[", with: "\\[")
      .replacing("]", with: "\\]")
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
    let others = others(than: parameter)
    let isScattered = isScattered(parameter, others)
    let rows = set.rows.filter {
      $0.replication == nil && $0.metric == decider.metric && $0.statistic == decider.statistic
    }
    let place = set.pointColumns.firstIndex(of: parameter) ?? 0
    let across = Self.scale(rows.compactMap { Self.leadingNumber($0.point[place]) }, beyond: 20)
    let up = Self.scale(rows.compactMap(\.value), beyond: 50)
    let x = ("x", Self.axis("x", parameter, across))
    // Workloads and the other parameters tell lines apart that share a design's colour.
    let fields = ["workload"] + others.map(Self.field)
    let detail = (
      "detail",
      JSONValue.array(
        fields.map { .object([("field", .string($0)), ("type", .string("nominal"))]) })
    )
    let tooltips = ["design", "workload"] + others.map(Self.field) + ["x", "value"]
    let tooltip = ("tooltip", JSONValue.array(tooltips.map { .object([("field", .string($0))]) }))
    let band: Members = [("type", .string(isScattered ? "rule" : "errorband"))]
    let mark: Members =
      isScattered
      ? [("type", .string("point")), ("filled", .bool(true))]
      : [("type", .string("line")), ("point", .bool(true))]
    return [
      ("width", .integer(560)), ("height", .integer(340)),
      ("transform", .array(Self.filter(decider.metric, decider.statistic) + [number])),
      (
        "layer",
        .array([
          layer(
            band,
            [
              x, ("y", Self.axis("ci_low", label, up)), ("y2", .object([("field", .string("ci_high"))])),
              colour,
              detail,
            ]),
          layer(mark, [x, ("y", Self.axis("value", label, up)), colour, detail, tooltip]),
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
