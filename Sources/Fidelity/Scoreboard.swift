import DryRack

/// The scoreboard as a page of Markdown.
struct Scoreboard {
  /// With the coefficients of the catalogue, which were fitted to all campaigns together.
  var fitted: [Comparison]
  /// With kernel tables alone.
  var kernels: [Comparison]
  /// Each campaign with coefficients fitted to the others; empty when that was not asked for.
  var leftOut: [Comparison]
  var omissions: [Omission]
  var runs: Int
  /// Whose coefficients were asked.
  var catalog: Catalog

  func text() -> String {
    var page = Self.opening
    page += "\(runs) measured runs, \(fitted.count) figures compared, \(omissions.count) runs left out.\n\n"
    page += "## Against the goals\n\nMedian / 90th percentile of the relative error, in per cent; "
    page += "bias is the median error.\n\n"
    page += Self.header(["figures", "goal", "left-out campaigns", "n", "bias", "fitted", "kernels only"])
    for goal in AccuracyGoal.all {
      let held = ErrorSummary(leftOut.filter(goal.includes))
      let own = ErrorSummary(fitted.filter(goal.includes))
      let plain = ErrorSummary(kernels.filter(goal.includes))
      let verdict = Self.meets(held, goal)
      page +=
        "| \(goal.name) | \(Self.percent(goal.median)) / \(Self.percent(goal.ninetieth)) | "
        + "\(Self.pair(held)) \(verdict) | \(held.count) | \(Self.percent(held.bias, signed: true)) | "
        + "\(Self.pair(own)) | \(Self.pair(plain)) |\n"
    }
    page += ranking()
    for (title, key) in Self.groupings {
      page += "\n## By \(title)\n\n"
      page += Self.header([title, "metric", "n", "median", "90th", "bias", "kernels only"]) + table(key)
    }
    return page + worstCases() + StepScore.text(catalog: catalog) + leftOutRuns()
  }

  private static func header(_ columns: [String]) -> String {
    "| \(columns.joined(separator: " | ")) |\n|" + columns.map { _ in "---|" }.joined() + "\n"
  }

  private static let opening = """
    # How accurate

    Written by `make fidelity`: every usable measured run of a table of published serving results goes
    through the product itself, a scenario file in and results out: the client is replayed (closed loops
    open with all users at once), and no coefficient is set per row. **Left-out campaigns** is the honest
    column: the coefficients were fitted to all other campaigns, so none of these runs was seen. **Fitted**
    uses the catalogue's coefficients, which were fitted once over all campaigns. **Kernels only** uses
    published kernel times and no served run.


    """

  private static func meets(_ errors: ErrorSummary, _ goal: AccuracyGoal) -> String {
    guard let median = errors.median, let ninetieth = errors.ninetieth else { return "" }
    return median <= goal.median && ninetieth <= goal.ninetieth ? "✓" : "✗"
  }

  private static func pair(_ errors: ErrorSummary) -> String {
    "\(percent(errors.median)) / \(percent(errors.ninetieth))"
  }

  static func percent(_ value: Double?, signed: Bool = false) -> String {
    guard let value else { return "–" }
    let scaled = (value * 1000).rounded() / 10
    return (signed && scaled > 0 ? "+" : "") + "\(scaled)"
  }

  // MARK: Ranking

  /// Pairs of runs of one campaign and model, the same lengths and load, whose measured TPOT is at least a
  /// tenth apart: how often the simulated order is the measured one.
  private func ranking() -> String {
    func share(_ comparisons: [Comparison]) -> String {
      var right = 0
      var all = 0
      let groups = Dictionary(grouping: comparisons.filter { $0.metric == "tpot_mean_ms" }) { pair in
        [
          pair.run.campaign, pair.run.text("model"), pair.run.text("isl_mean"), pair.run.text("osl_mean"),
          pair.run.text("concurrency"), pair.run.text("request_rate_per_s"),
        ]
      }
      for group in groups.values {
        for (index, one) in group.enumerated() {
          for other in group[(index + 1)...] where abs(one.measured / other.measured - 1) >= 0.1 {
            all += 1
            if (one.measured < other.measured) == (one.predicted < other.predicted) { right += 1 }
          }
        }
      }
      return all == 0 ? "–" : "\(Self.percent(Double(right) / Double(all))) % of \(all)"
    }
    return
      "\nDesigns at least 10 % apart in TPOT ranked as measured (goal 96 %): \(share(leftOut)) with left-out "
      + "campaigns, \(share(fitted)) fitted.\n"
  }

  // MARK: Groups

  private static let groupings: [(String, @Sendable (Comparison) -> String)] = [
    ("campaign", { $0.run.campaign }), ("GPU", { $0.run.text("gpu") }),
    ("engine", { ReplayScenario.engine(of: $0.run) ?? "" }),
    ("model", { ReplayScenario.model(of: $0.run) ?? "" }),
  ]

  private func table(_ key: (Comparison) -> String) -> String {
    let wanted = ["ttft_mean_ms", "tpot_mean_ms", "e2e_mean_ms", "output_tok_s"]
    let judged = leftOut.isEmpty ? fitted : leftOut
    var page = ""
    for name in Set(judged.map(key)).sorted() {
      for metric in wanted {
        let own = judged.filter { key($0) == name && $0.metric == metric }
        guard !own.isEmpty else { continue }
        let errors = ErrorSummary(own)
        let plain = ErrorSummary(kernels.filter { key($0) == name && $0.metric == metric })
        page +=
          "| \(name) | \(metric) | \(errors.count) | \(Self.percent(errors.median)) | "
          + "\(Self.percent(errors.ninetieth)) | \(Self.percent(errors.bias, signed: true)) | "
          + "\(Self.pair(plain)) |\n"
      }
    }
    return page
  }

  private func worstCases() -> String {
    var page = "\n## Worst cases\n\n| figures | run | measured | predicted | error |\n|---|---|---|---|---|\n"
    let judged = leftOut.isEmpty ? fitted : leftOut
    for goal in AccuracyGoal.all {
      for pair in ErrorSummary(judged.filter(goal.includes)).worst {
        let run = pair.run
        page +=
          "| \(goal.name) | \(run.id): \(run.text("engine")) \(run.text("gpu")) \(run.text("model")) "
          + "tp \(run.text("tp")), \(run.text("isl_mean"))/\(run.text("osl_mean")), load "
          + "\(run.text("concurrency"))\(run.text("request_rate_per_s")) | \(Self.short(pair.measured)) | "
          + "\(Self.short(pair.predicted)) | \(Self.percent(pair.error, signed: true)) % |\n"
      }
    }
    return page
  }

  private static func short(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

  private func leftOutRuns() -> String {
    var counts: [String: Int] = [:]
    for omission in omissions { counts["\(omission.run.campaign): \(omission.reason)", default: 0] += 1 }
    let rows = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let taken = Set(fitted.flatMap(\.assumptions)).sorted()
    return "\n## Left out, and why\n\n| runs | campaign and reason |\n|---|---|\n"
      + rows.map { "| \($0.value) | \($0.key) |\n" }.joined()
      + "\n## Taken as usual where the table is silent\n\n" + taken.map { "- \($0)\n" }.joined()
  }
}
