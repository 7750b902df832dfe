import Experiments

/// What the verdict holds against each other: what designs cost, and what of their demand they meet.
extension RunResults {
  struct Offer {
    var name: String
    /// Of its cost, the worth of unmet demand in it where the scenario says what that is.
    var row: MetricRow
    var total: Double
    /// The same in words.
    var cost: String
    /// Of its demand over the horizon, what is not met.
    var unmet: Double

    /// It answers nobody: whatever it costs, it is no way to serve.
    var meetsNothing: Bool { unmet >= 0.9995 }
    var nothing: String { "; \(TextStyle.printable(name)) meets none of its demand" }

    /// What it leaves unmet, and the cheapest of the others that leaves less; empty for less than a percent.
    func shortfall(among others: [Offer]) -> String {
      guard unmet >= 0.01 else { return "" }
      let own = "; it leaves \(HumanNumber.fixed(unmet * 100, decimals: 1)) % of demand unmet"
      guard let better = others.first(where: { $0.unmet <= unmet - 0.01 }) else { return own }
      let rest = HumanNumber.fixed(better.unmet * 100, decimals: 1)
      return own + ", \(TextStyle.printable(better.name)) \(rest) % for \(better.cost)"
    }
  }

  /// Whether designs are held against each other over the horizon, not by the month: demand that is worth
  /// something is so over the horizon, and where months differ none stands for all.
  func weighsHorizon(_ names: [String]) -> Bool {
    changesOverTime || names.contains { wholeRow(design: $0, metric: "cost_unmet_total")?.value != nil }
  }

  /// Those of the designs with a known price, the cheapest first.
  func offers(_ names: [String]) -> [Offer] {
    let isWhole = weighsHorizon(names)
    return names.compactMap { name -> Offer? in
      guard let row = wholeRow(design: name, metric: isWhole ? "cost_total" : "cost_per_month"),
        let value = row.value
      else { return nil }
      let worth = wholeRow(design: name, metric: "cost_unmet_total")?.value ?? 0
      var whole = row
      whole.value = value + worth
      (whole.low, whole.high) = (row.low.map { $0 + worth }, row.high.map { $0 + worth })
      let unit = row.unit.contains("/") ? "" : isWhole ? " over the horizon" : " a month"
      let with = worth > 0 ? " with unmet demand at its worth" : ""
      return Offer(
        name: name, row: whole, total: value + worth,
        cost: HumanNumber.text(value + worth, unit: row.unit) + unit + with,
        unmet: wholeRow(design: name, metric: "unmet_ratio")?.value ?? 0)
    }.sorted { $0.total < $1.total }
  }
}
