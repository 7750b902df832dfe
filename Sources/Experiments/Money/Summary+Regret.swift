import Economics
import Foundation
import Quantities
import Scenario
import Statistics

/// What it costs to have chosen a design when demand goes another way than thought.
///
/// The regret of a design on a path of demand is its cost above that of the best design on that path (Savage
/// 1951, "The theory of statistical decision"); the design whose largest regret is least is the minimax one.
/// Costs are the payments discounted to today, with what demand that is not met is worth.
extension Summary {
  /// Regret as rows, as a table and in a sentence; all empty where the scenario names no paths.
  struct Regrets {
    var rows: [MetricRow] = []
    var table: [FactorRow] = []
    var notes: [String] = []
  }

  /// A design on a path of demand, in each replication.
  private struct Path {
    /// Payments, discounted; and with what is not met.
    var costs: [Double]
    var worth: [Double]
    var unmetRatios: [Double]
  }

  func regrets(_ books: [[Books]]) -> Regrets {
    let paths = scenario.economics.growthPaths
    let known = models.indices.filter { books[$0].first?.cost.isKnown == true }
    // Runs that were cut short say nothing of years.
    if paths.isEmpty || known.isEmpty || stoppedBy != nil { return Regrets() }
    let all = paths.map { path in known.map { follow(path.demand, books[$0], design: $0) } }
    var regrets = Regrets()
    // Position of the best design of each path among the known ones.
    let best = all.map { designs in
      designs.indices.min { Self.mean(designs[$0].worth) < Self.mean(designs[$1].worth) } ?? 0
    }
    var largest: [(value: Double, path: Int)] = []
    for (position, index) in known.enumerated() {
      let name = models[index].design.name
      var worst = (value: -Double.infinity, path: 0)
      for (step, path) in paths.enumerated() {
        let own = all[step][position]
        let above = zip(own.worth, all[step][best[step]].worth).map { $0 - $1 }
        regrets.rows += [
          row(name, "cost_npv_by_growth", path.name, own.costs),
          row(name, "unmet_ratio_by_growth", path.name, own.unmetRatios, unit: "ratio"),
          row(name, "regret_by_growth", path.name, above),
        ]
        if Self.mean(above) > worst.value { worst = (Self.mean(above), step) }
      }
      let at = zip(all[worst.path][position].worth, all[worst.path][best[worst.path]].worth)
      regrets.rows.append(row(name, "regret_max", "value", at.map { $0 - $1 }))
      largest.append(worst)
    }
    tell(&regrets, all, known: known, best: best, largest: largest)
    return regrets
  }

  /// The payments of a design for a path of demand, and what it leaves unmet.
  private func follow(_ demand: Demand, _ books: [Books], design index: Int) -> Path {
    let rate = scenario.economics.discountRate
    var path = Path(costs: [], worth: [], unmetRatios: [])
    for one in books {
      let calendar = CostCalendar(
        one.cost, demand: demand.with(models[index].design.drift), windows: one.windows)
      let ledger = one.cost.ledger(calendar)
      let cost = ledger.presentValue(yearlyRate: rate).units
      var (sent, unmet, loss) = (0.0, 0.0, 0.0)
      for month in 0..<ledger.horizon.months {
        guard let requests = calendar.requests(ofMonth: month) else { continue }
        let missed = max(0, requests.offered - requests.good)
        sent += requests.offered
        unmet += missed
        loss +=
          missed * scenario.economics.unmetValue(ofRequestTo: one.cost)
          * discount(ledger.horizon.end(ofMonth: month), yearlyRate: rate)
      }
      path.costs.append(cost)
      path.worth.append(cost + loss)
      path.unmetRatios.append(sent > 0 ? unmet / sent : 0)
    }
    return path
  }

  private func row(
    _ design: String, _ metric: String, _ statistic: String, _ values: [Double], unit: String? = nil
  ) -> MetricRow {
    let interval = studentInterval(values)
    return MetricRow(
      design: design, workload: "", replication: nil, metric: metric, statistic: statistic,
      value: values.isEmpty ? nil : Self.mean(values), unit: unit ?? scenario.economics.currency,
      low: interval?.low, high: interval?.high)
  }

  private static func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }

  // MARK: Words

  private func tell(
    _ regrets: inout Regrets, _ all: [[Path]], known: [Int], best: [Int],
    largest: [(value: Double, path: Int)]
  ) {
    let (paths, currency) = (scenario.economics.growthPaths, scenario.economics.currency)
    func money(_ amount: Double) -> String { MoneyWords.amount(amount, currency) }
    for (step, path) in paths.enumerated() {
      let values = models.indices.map { index -> String in
        guard let position = known.firstIndex(of: index) else { return "–" }
        let own = all[step][position]
        let unmet = Self.mean(own.unmetRatios)
        let missed = unmet >= 0.0005 ? ", \(MoneyWords.number(unmet * 100)) % unmet" : ""
        if position == best[step] { return "best, \(money(Self.mean(own.worth)))\(missed)" }
        let above = Self.mean(own.worth) - Self.mean(all[step][best[step]].worth)
        return "\(money(above)) more\(missed)"
      }
      regrets.table.append(FactorRow(factor: "\(path.name): \(Self.words(path.demand))", values: values))
    }
    let most = models.indices.map { index in
      known.firstIndex(of: index).map { "\(money(largest[$0].value)), if \(paths[largest[$0].path].name)" }
        ?? "–"
    }
    regrets.table.append(FactorRow(factor: "largest regret", values: most))
    guard known.count > 1,
      let minimax = largest.indices.min(by: { largest[$0].value < largest[$1].value })
    else { return }
    let others = largest.indices.filter { $0 != minimax }.map { position in
      "\(models[known[position]].design.name) up to \(money(largest[position].value)) more, if demand goes "
        + "as \(paths[largest[position].path].name)"
    }
    let name = models[known[minimax]].design.name
    let own =
      largest[minimax].value > 0
      ? "at most \(money(largest[minimax].value)) more than the best choice"
      : "the best choice on every path of demand"
    regrets.notes.append(
      "least regret: \(name), \(own); \(others.joined(separator: "; "))")
    if scenario.economics.unmet == nil {
      regrets.notes.append(
        "regret counts no demand that is not met: say what it is worth with `economics: { unmet: … }`")
    }
  }

  /// Such as `60 % a year`.
  private static func words(_ demand: Demand) -> String {
    let yearly = (pow(1 + demand.monthlyGrowth, 12) - 1) * 100
    let percent = MoneyWords.number((abs(yearly) * 10).rounded() / 10)
    var words = yearly > 0 ? "\(percent) % a year" : yearly < 0 ? "\(percent) % less a year" : "no growth"
    if demand.most < 1000 { words += ", at most × \(MoneyWords.number(demand.most))" }
    for launch in demand.launches {
      words +=
        ", × \(MoneyWords.number(launch.factor)) in month "
        + MoneyWords.number(launch.at.value / Calendar.secondsPerMonth)
    }
    if let least = demand.seasons.min(), let most = demand.seasons.max(), least < most {
      words += ", seasons of \(MoneyWords.number(least)) to \(MoneyWords.number(most))"
    }
    return words
  }
}
