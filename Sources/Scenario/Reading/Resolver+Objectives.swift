import Catalog

/// Reads what a search is for.
extension Resolver {
  /// The objectives of `optimize`, each with its sense: the one written, else the metric's own. One without
  /// either, and one that stands there twice, are refused.
  mutating func objectives(_ items: [Written], _ scenario: Scenario) -> [OptimizeSettings.Objective] {
    var objectives: [OptimizeSettings.Objective] = []
    for (index, item) in items.enumerated() {
      let place = "optimize.objectives[\(index)]"
      guard let metric = metric(item["metric"] ?? item, place, scenario) else { continue }
      if let first = objectives.first(where: { $0.metric.meansSame(as: metric) }) {
        fault(
          item, place, "'\(first.metric.text)' is an objective already",
          help: "a figure counts once, whatever its sense")
        continue
      }
      switch item["sense"]?.text {
      case "max": objectives.append(.init(metric, isMaximized: true))
      case "min": objectives.append(.init(metric, isMaximized: false))
      default:
        switch Metric.named(metric.metric)?.sought(metric.statistic ?? "value") ?? .neither {
        case .higher: objectives.append(.init(metric, isMaximized: true))
        case .lower: objectives.append(.init(metric, isMaximized: false))
        case .neither:
          fault(
            item, place, "neither end of '\(metric.text)' is the good one by itself",
            help: "say which: { metric: \"\(metric.text)\", sense: max } or `sense: min`")
        }
      }
    }
    return objectives
  }
}

extension MetricReference {
  /// Whether both read the same figure, however they are written.
  fileprivate func meansSame(as other: MetricReference) -> Bool {
    metric == other.metric && statistic == other.statistic
      && filters.sorted { ($0.key, $0.value) < ($1.key, $1.value) }
        == other.filters.sorted { ($0.key, $0.value) < ($1.key, $1.value) }
  }
}
