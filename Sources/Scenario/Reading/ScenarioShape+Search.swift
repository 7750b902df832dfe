/// What commands that try other values than the written ones read.
extension ScenarioShape {
  static let optimize: Shape = .object([
    Key(
      "variables",
      .map(
        .either([
          .list(.text),
          .object([
            Key("from", .text, "Least value, with its unit.", required: true),
            Key("to", .text, "Greatest value, in the same unit.", required: true),
            Key("scale", .choice(["linear", "log"]), "How values are spread.", fallback: "linear"),
            Key("by", .integer(1...1_000_000_000), "Step of whole numbers.", fallback: "1"),
          ]),
        ])), "Paths of the scenario, each with a range or the values to choose from.", required: true),
    Key(
      "objectives",
      .list(
        .either([
          .text,
          .object([
            Key("metric", .text, "Such as `p99(ttft_s)`.", required: true),
            Key("sense", .choice(["min", "max"]), "Which end is good.", fallback: "the metric's own"),
          ]),
        ])), "Metrics, each towards its better end.", fallback: "cost_per_month and the first threshold's"),
    Key(
      "method", .choice(OptimizeSettings.Method.allCases.map(\.rawValue)), "How points are chosen.",
      fallback: "auto"),
    Key(
      "budget", .integer(1...1_000_000),
      "Points to run at most, for each design; those that are refused cost none.", fallback: "200"),
    Key("population", .integer(4...10_000), "Points of a generation.", fallback: "24"),
    Key("generations", .integer(1...100_000), "Generations.", fallback: "as the budget allows"),
    Key(
      "replications", .integer(1...10_000), "Of a contender in the end.",
      fallback: "the scenario's, 5 at least"
    ),
  ])

  static let sensitivity: Shape = .object([
    Key(
      "inputs", .list(.text), "Paths of numbers to move.",
      fallback: "prices, energy, staff, load, failures and utilisation, as found"),
    Key("spread", .quantity(.ratio, atMost: "90%"), "How far each is moved.", fallback: "20%"),
    Key(
      "objective", .text, "Metric that designs are compared by, the least wins.", fallback: "cost_per_month"),
    Key(
      "draws", .integer(1...1_000_000), "Draws of the uncertain inputs.",
      fallback: "1000 where only money moves, 200 where runs do"),
    Key(
      "sampling", .choice(SensitivitySettings.Sampling.allCases.map(\.rawValue)), "How they are drawn.",
      fallback: "latin-hypercube"),
  ])

  private static let clamps = [
    Key("min", .text, "Draws below are moved to it."), Key("max", .text, "Draws above are moved to it."),
  ]
  private static func number(_ name: String, _ doc: String) -> Key { Key(name, .text, doc, required: true) }

  static let uncertainty: Shape = .map(
    .tagged(
      by: "distribution",
      [
        .init(tag: "uniform", keys: [number("from", "Least."), number("to", "Most.")]),
        .init(
          tag: "triangular",
          keys: [number("min", "Least."), number("mode", "Likeliest."), number("max", "Most.")]),
        .init(
          tag: "normal", keys: [number("mean", "Mean."), number("deviation", "Standard one.")] + clamps),
        .init(
          tag: "lognormal",
          keys: [
            number("mean", "Mean."), Key("cv", .number(0.0001...100), "Deviation over mean.", required: true),
          ] + clamps),
      ]))
}
