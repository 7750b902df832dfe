import Scenario
import Statistics

/// How one figure of one design at one point changed from one set of results to another.
public struct MetricChange: Sendable, Hashable {
  /// What became of a figure.
  public enum Verdict: String, Sendable, Hashable, CaseIterable {
    case regressed, improved
    /// Beyond noise, in a metric of which neither way is better, or between two that are not judged.
    case changed
    case withinNoise = "within noise"
    case identical
    /// Known on one side alone.
    case incomparable
  }

  /// What the verdict rests on, from the firmest.
  public enum Basis: String, Sendable, Hashable {
    /// Replications of one seed, pair by pair.
    case paired
    /// Replications of different seeds: Welch's interval.
    case independent
    /// Only intervals were kept: their half-widths add in squares.
    case intervals
    /// Only values were kept.
    case values
  }

  public var design: String
  public var workload: String
  /// `column=value` of the point, in the order of the columns.
  public var point: [String]
  public var metric: String
  public var statistic: String
  public var unit: String
  public var better: Metric.Better
  /// Over all replications; `nil` when unknown.
  public var before: Double?
  public var after: Double?
  /// `after − before`, 95 %; without width where only values were kept.
  public var difference: Interval?
  /// `after ÷ before`, 95 %; `nil` where the ratio is not bounded or not known.
  public var ratio: Interval?
  /// After Holm's correction over the designs and points of this figure; `nil` without replications.
  public var adjustedPValue: Double?
  /// Pairs, or replications of the smaller side; `nil` without.
  public var replications: Int?
  public var basis: Basis
  /// The sets have different numbers of replications of one seed: values are over those that both have.
  public var isOfCommonRuns = false
  public var verdict: Verdict

  /// The figure as thresholds name it.
  public var figure: String { statistic == "value" ? metric : "\(statistic)(\(metric))" }

  /// The figure with its place, such as `buy, chat: p99(ttft_s)`.
  public var place: String {
    let parts = [design, workload].filter { !$0.isEmpty } + point
    return parts.isEmpty ? figure : "\(parts.joined(separator: ", ")): \(figure)"
  }
}

extension MetricChange {
  /// Judges the figure once its p-value is corrected.
  ///
  /// Beyond noise means that even the least change of the interval lies past the noise, as Criterion has it
  /// (Heisler, "Criterion.rs", user guide), and that chance is excluded at 5 %.
  ///
  /// - Parameter isJudged: whether one side is to be no worse than the other; designs side by side are not.
  mutating func judge(noise: Double, isJudged: Bool) {
    guard let before, let after, let difference else {
      verdict = .incomparable
      return
    }
    // Zeros of single numbers, such as a count of rejected requests, have no share of themselves.
    let isShown =
      adjustedPValue.map { $0 < 0.05 } ?? (difference.low > 0 || difference.high < 0)
    let least: Double
    if let ratio {
      least = ratio.low > 1 ? ratio.low - 1 : ratio.high < 1 ? 1 - ratio.high : 0
    } else if before == 0 {
      least = .infinity
    } else {
      least = min(difference.low.magnitude, difference.high.magnitude) / before.magnitude
    }
    guard isShown, least > noise, after != before else {
      verdict = .withinNoise
      return
    }
    switch isJudged ? better : .neither {
    case .neither: verdict = .changed
    case .lower: verdict = after < before ? .improved : .regressed
    case .higher: verdict = after > before ? .improved : .regressed
    }
  }
}
