import Economics
import Quantities
import Scenario
import Statistics
import World

/// Where one design becomes cheaper than another.
extension Summary {
  /// The bill of a design in each replication that came to its end, with the books over the horizon.
  struct Books {
    var cost: DesignCost
    var ledger: Ledger
    var replication: Int
    var calendar: CostCalendar
    var windows: [CostWindow]

    var served: ServedBooks { ServedBooks(ledger: ledger, firstService: cost.firstService) }
  }

  func books(_ index: Int) -> [Books] {
    outcomes(of: index).map { outcome in
      let reader = CostReader(scenario: scenario, model: models[index], outcome: outcome)
      let windows = costWindows(index, replication: outcome.replication)
      let calendar = CostCalendar(reader.cost, demand: demand(ofModel: index), windows: windows)
      return Books(
        cost: reader.cost, ledger: reader.cost.ledger(calendar), replication: outcome.replication,
        calendar: calendar, windows: windows)
    }
  }

  /// Demand as a design meets it.
  func demand(ofModel index: Int) -> Demand {
    scenario.economics.demand.with(models[index].design.drift)
  }

  /// A design at the other levels of demand and capacities that were simulated.
  func costWindows(_ index: Int, replication: Int) -> [CostWindow] {
    windows.filter { $0.design == index }.compactMap { window in
      let outcome = window.outcomes.lazy.compactMap { $0 }.first { $0.replication == replication }
      return outcome.map {
        CostWindow(
          level: window.setting.level, nodes: window.setting.nodes,
          cost: CostReader(scenario: scenario, model: window.model, outcome: $0).cost)
      }
    }
  }

  /// The design that others are held against: the one that is named, or the first that fits.
  private func baseline(_ all: [[Books]], for index: Int, fits: (DesignCost) -> Bool) -> Int? {
    let named = scenario.economics.against.flatMap { name in
      models.firstIndex { $0.design.name == name }
    }
    if let named, named != index, let first = all[named].first, fits(first.cost) { return named }
    return all.indices.first { $0 != index && all[$0].first.map { fits($0.cost) } == true }
  }

  /// What a design that buys is held against: one that pays as it uses.
  func usual(_ all: [[Books]], for index: Int) -> Int? {
    guard let first = all[index].first?.cost else { return nil }
    return baseline(all, for: index) { $0.isKnown && !$0.buys && $0.upfront < first.upfront }
  }

  /// Break-even points of each design, with intervals over replications; none where no design is there to
  /// hold it against.
  func breakEvenRows(_ all: [[Books]]) -> [MetricRow] {
    models.indices.flatMap { index -> [MetricRow] in
      guard let first = all[index].first?.cost, first.isKnown else { return [] }
      var rows: [MetricRow] = []
      func add(_ metric: String, _ unit: String, against other: Int?, _ value: (Books, Books) -> Double?) {
        guard let other else { return }
        let pairs = all[index].compactMap { own in
          all[other].first { $0.replication == own.replication }.map { (own, $0) }
        }
        let values = pairs.map(value)
        let known = values.compactMap { $0 }
        // A point that some replications do not have is no point.
        let mean =
          known.count == values.count && !known.isEmpty ? known.reduce(0, +) / Double(known.count) : nil
        let interval = mean == nil ? nil : studentInterval(known)
        rows.append(
          MetricRow(
            design: models[index].design.name, workload: "", replication: nil, metric: metric,
            statistic: "value", value: mean, unit: unit, low: interval?.low, high: interval?.high))
      }
      if first.buys {
        let plain = usual(all, for: index)
        add("break_even_hours", "h", against: plain) {
          CostComparison(own: $0.cost, other: $1.cost).breakEvenHours
        }
        add("break_even_months", "month", against: plain) {
          CostComparison(own: $0.cost, other: $1.cost).breakEvenMonths
        }
        add("crossover_month", "month", against: plain) { $0.served.crossover(against: $1.served) }
        add("irr", "ratio", against: plain) { $0.served.returnRate(against: $1.served) }
        add("cost_saved_total", scenario.economics.currency, against: plain) {
          $0.served.saved(against: $1.served)
        }
      }
      if !models[index].design.pools.isEmpty {
        let rent = baseline(all, for: index, fits: \.isRentedByTheHour)
        if first.items.allSatisfy({ !($0.isRent && $0.driver == .hours) }) {
          add("break_even_utilization", "ratio", against: rent) {
            CostComparison(own: $0.cost, other: $1.cost).breakEvenUtilization
          }
          add("cost_break_even_per_gpu_hour", "\(scenario.economics.currency)/h", against: rent) {
            CostComparison(own: $0.cost, other: $1.cost).breakEvenPrice
          }
        }
        let called = baseline(all, for: index) { $0.isKnown && $0.isPaidByTheToken }
        if first.workPerMonth?.tokens ?? 0 > 0 && !first.mixesByLoad {
          add("break_even_tokens_per_day", "tokens/day", against: called) {
            CostComparison(own: $0.cost, other: $1.cost).breakEvenTokensPerDay
          }
        }
      }
      return rows
    }
  }
}
