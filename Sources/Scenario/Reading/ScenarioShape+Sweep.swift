/// The parameter space of a scenario.
extension ScenarioShape {
  /// Points that a space may have.
  static let points = 1...10_000_000
  /// Values that a parameter may have.
  static let levels = 1...100_000

  static let sweep: Shape = .object([
    Key(
      "parameters", .map(.either([.list(.anything), .object(range)])),
      "What varies: paths of the scenario (`*` for every name at its place), each with the list of its "
        + "values, a range, or what it follows.", required: true),
    Key(
      "method", .choice(SweepSpace.Method.allCases.map(\.rawValue)),
      "`grid` takes every combination, the first parameter slowest; `zip` the first values together, then "
        + "the second ones; `sobol` and `latin-hypercube` spread `points` over the whole space.",
      fallback: "grid"
    ),
    Key("points", .integer(points), "How many points `sobol` and `latin-hypercube` take."),
  ])

  static let range: [Key] = [
    Key("from", .text, "First value, with its unit."),
    Key("to", .text, "Last value, in the same unit."),
    Key("steps", .integer(levels), "How many values, both ends included."),
    Key("by", .text, "Distance of the values, instead of `steps`."),
    Key(
      "scale", .choice(["linear", "log"]), "Whether differences or ratios of neighbours are equal.",
      fallback: "linear"),
    Key("with", .text, "Instead of a range: path of another parameter that this one follows."),
    Key("formula", .text, "Its value for the other's x, such as `x / 8`.", fallback: "x"),
  ]
}
