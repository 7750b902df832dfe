import Economics
import Quantities
import Scenario

/// When what was paid once has earned itself back.
extension Summary {
  /// A design with one-off costs is held against the first of the file that has none.
  private func payBacks(_ rows: [MetricRow]) -> [(design: String, baseline: String, days: Double?)] {
    let costs = models.map { $0.design.services.flatMap(\.oneOffCosts).reduce(Money.zero) { $0 + $1.cost } }
    guard let plain = costs.firstIndex(of: .zero) else { return [] }
    func monthly(_ index: Int) -> Double? {
      rows.first {
        $0.design == models[index].design.name && $0.replication == nil && $0.metric == "cost_per_month"
      }?.value
    }
    return models.indices.filter { costs[$0] > .zero }.map { index in
      let names = (models[index].design.name, models[plain].design.name)
      guard let own = monthly(index), let other = monthly(plain) else { return (names.0, names.1, nil) }
      let months = max(1, scenario.economics.horizon.value / Calendar.secondsPerMonth)
      // The share of the one-off cost is part of the month's: it must not count twice.
      let saved = other - (own - costs[index].units / months)
      let days = costs[index].units / saved * Calendar.secondsPerMonth / 86_400
      return (names.0, names.1, saved > 0 ? days : nil)
    }
  }

  func payBackRows(_ rows: [MetricRow]) -> [MetricRow] {
    payBacks(rows).map {
      MetricRow(
        design: $0.design, workload: "", replication: nil, metric: "payback_days", statistic: "value",
        value: $0.days, unit: "day")
    }
  }

  func payBackNotes(_ rows: [MetricRow]) -> [String] {
    payBacks(rows).map { item in
      guard let days = item.days else {
        return "\(item.design): its one-off costs are never paid back against \(item.baseline)"
      }
      let rounded = (days * 10).rounded() / 10
      return "\(item.design): its one-off costs are paid back after \(rounded) days against \(item.baseline)"
    }
  }
}
