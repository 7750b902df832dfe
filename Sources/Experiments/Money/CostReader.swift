import Economics
import Quantities
import Scenario
import World

/// The figures of money of one outcome.
struct CostReader {
  let scenario: Scenario
  let cost: DesignCost
  private let drift: Drift?

  init(scenario: Scenario, model: DesignModel, outcome: Outcome) {
    self.scenario = scenario
    drift = model.design.drift
    cost = DesignCost(
      design: model.design, outcome: outcome, economics: scenario.economics, catalog: scenario.catalog)
  }

  /// Metric, value and unit, always the same ones in the same order.
  ///
  /// - Parameter windows: the design at other levels of demand.
  func readings(windows: [CostWindow]) -> [(String, Double?, String)] {
    let economics = scenario.economics
    let currency = economics.currency
    let calendar = CostCalendar(cost, demand: economics.demand.with(drift), windows: windows)
    let ledger = cost.ledger(calendar)
    precondition(
      ledger.unbalancedAssets().isEmpty,
      "over the horizon, what is prepaid is used up or credited, to the micro")
    let perMonth = cost.effectivePerMonth.units
    let work = cost.workPerMonth
    func known(_ amount: Double) -> Double? { cost.isKnown ? amount : nil }
    func per(_ count: Double?) -> Double? {
      count.flatMap { $0 > 0 && cost.isKnown ? perMonth / $0 : nil }
    }
    let naive = cost.naivePerMonth.units * economics.horizon.value / Calendar.secondsPerMonth
    let total = ledger.effective.units
    let worth = economics.unmet.map { _ in
      ("cost_unmet_total", calendar.unmetWorth(economics), currency)
    }
    return [
      ("cost_per_month", known(perMonth), "\(currency)/month"),
      ("cost_total", known(total), currency),
      ("cost_npv", known(ledger.presentValue(yearlyRate: economics.discountRate).units), currency),
      ("cost_per_million_output_tokens", per(work.map { $0.outputTokens / 1e6 }), currency),
      ("cost_per_good_request", per(work?.goodInSpan), currency),
      ("cost_per_useful_gpu_hour", per(cost.usefulAcceleratorHours), "\(currency)/h"),
      ("cost_upfront", known(ledger.billed(before: Seconds(1)).units), currency),
      ("cost_before_service", known(ledger.billed(before: cost.firstService).units), currency),
      ("cost_naive_total", known(naive), currency),
      ("full_over_naive_ratio", naive > 0 ? known(total / naive) : nil, "ratio"),
      ("unmet_ratio", calendar.unmetRatio, "ratio"),
      ("people", cost.people, "1"),
      ("cost_idle", cost.isKnown ? calendar.idleCost(ledger) : nil, currency),
    ] + (worth.map { [$0] } ?? [])
  }
}
