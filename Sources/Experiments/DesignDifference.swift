import Scenario
import Statistics

/// How one figure of a design differs from that of the first design, which met the same random numbers.
public struct DesignDifference: Sendable, Hashable {
  /// What the runs say.
  public enum Verdict: String, Sendable, Hashable {
    case lower, higher
    /// Chance alone may have made the difference.
    case notShown = "no difference shown"
    /// Equal in every run.
    case identical
  }

  /// Empty for a figure of the design as a whole.
  public var workload: String
  public var metric: String
  public var statistic: String
  public var unit: String
  /// The design that is held against.
  public var base: String
  public var design: String
  /// 95 % intervals over the runs in which both know the figure.
  public var comparison: SampleComparison
  /// After Holm's correction for the designs that are held against the same base in this figure; `nil` for
  /// fewer than two pairs.
  public var adjustedPValue: Double?
  public var verdict: Verdict

  /// The figure as thresholds name it.
  public var figure: String { statistic == "value" ? metric : "\(statistic)(\(metric))" }

  /// Whether the difference is one to wish for; `nil` where none is shown or the metric has no direction.
  public var isBetter: Bool? {
    switch (verdict, Metric.named(metric)?.better(statistic) ?? .neither) {
    case (.lower, .lower), (.higher, .higher): true
    case (.lower, .higher), (.higher, .lower): false
    default: nil
    }
  }

  /// Holds every design against the first one.
  ///
  /// - Parameters:
  ///   - rows: with those of single replications.
  ///   - designs: in the order of the file; the first is the base.
  ///   - figures: what to compare; each workload it covers is compared by itself.
  /// - Returns: figure by figure, design by design.
  /// - Complexity: O(rows × figures).
  public static func among(
    _ rows: [MetricRow], designs: [String], figures: [MetricSelector]
  ) -> [DesignDifference] {
    guard let base = designs.first, designs.count > 1 else { return [] }
    var differences: [DesignDifference] = []
    var seen: [Figure] = []
    for selector in figures {
      let meant = rows.filter { $0.replication != nil && $0.messageBytes == nil && $0.is(selector) }
      for row in meant where row.design == base {
        let figure = Figure(workload: row.workload, metric: row.metric, statistic: row.statistic)
        if seen.contains(figure) { continue }
        seen.append(figure)
        let own = meant.filter { $0.workload == figure.workload }
        let family = designs.dropFirst().compactMap { design in
          difference(figure, unit: row.unit, base: base, design: design, own)
        }
        differences += judged(family)
      }
    }
    return differences
  }

  private struct Figure: Hashable {
    var workload: String
    var metric: String
    var statistic: String
  }

  private static func difference(
    _ figure: Figure, unit: String, base: String, design: String, _ rows: [MetricRow]
  ) -> DesignDifference? {
    func values(_ name: String) -> [Int: Double] {
      var found: [Int: Double] = [:]
      for row in rows where row.design == name { found[row.replication ?? 0] = row.value }
      return found
    }
    let (left, right) = (values(base), values(design))
    let pairs = left.keys.filter { right[$0] != nil }.sorted()
    guard
      let comparison = SampleComparison(
        paired: pairs.compactMap { left[$0] }, pairs.compactMap { right[$0] })
    else { return nil }
    return DesignDifference(
      workload: figure.workload, metric: figure.metric, statistic: figure.statistic, unit: unit, base: base,
      design: design, comparison: comparison, adjustedPValue: comparison.pValue,
      verdict: pairs.allSatisfy { left[$0] == right[$0] } ? .identical : .notShown)
  }

  /// Differences that are shown at 5 % for all designs together.
  private static func judged(_ family: [DesignDifference]) -> [DesignDifference] {
    let tested = family.indices.filter { family[$0].adjustedPValue != nil }
    let adjusted = holmAdjusted(tested.compactMap { family[$0].adjustedPValue })
    var family = family
    for (index, value) in zip(tested, adjusted) {
      family[index].adjustedPValue = value
      let comparison = family[index].comparison
      if family[index].verdict != .identical && value < 0.05 {
        family[index].verdict = comparison.sample < comparison.base ? .lower : .higher
      }
    }
    return family
  }
}

extension Summary {
  /// The cost of a month and what the thresholds judge; without thresholds what decides most often.
  func differences(_ rows: [MetricRow]) -> [DesignDifference] {
    guard replications > 1, models.count > 1 else { return [] }
    var figures = [MetricSelector(text: "cost_per_month", metric: "cost_per_month", statistic: nil)]
    figures += scenario.thresholds.map(\.selector)
    if scenario.thresholds.isEmpty {
      figures += [("ttft_s", "p99"), ("time_to_train_s", "mean")].map {
        MetricSelector(text: "\($0.1)(\($0.0))", metric: $0.0, statistic: $0.1)
      }
    }
    // A threshold of one design compares all: the others' figure is what it is held against.
    for index in figures.indices { figures[index].filters.removeAll { $0.key == "design" } }
    return DesignDifference.among(rows, designs: models.map(\.design.name), figures: figures)
  }
}
