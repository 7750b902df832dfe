import Experiments
import Statistics

/// How designs differ, in sentences.
extension RunResults {
  /// The section `differences` of the table; empty where nothing is compared.
  func differencesText(style: TextStyle) -> String {
    guard let first = differences.first else { return "" }
    let pairs = differences.map(\.comparison.count).max() ?? 0
    let base = TextStyle.printable(first.base)
    let family = designs.count > 2 ? ", Holm's correction for \(designs.count - 1) designs" : ""
    let title =
      "differences from \(base), the first design (95 % intervals of \(pairs) paired runs\(family))"
    var text = "\n" + style.apply(.bold, to: title) + "\n"
    for difference in differences {
      text += "  " + style.apply(difference.mark, to: difference.sentence(usualPairs: pairs)) + "\n"
    }
    // Where differences do not vary at all, there is nothing left to divide by.
    let ratios = differences.compactMap(\.comparison.varianceRatio).filter(\.isFinite).sorted()
    if let least = ratios.first, let most = ratios.last {
      let middle = Self.times(ratios[ratios.count / 2])
      let range = ratios.count == 1 ? "" : " (median; \(Self.times(least)) to \(Self.times(most)))"
      text +=
        style.apply(
          .dim,
          to: "  common random numbers: the variance of a difference is \(middle) times smaller\(range) "
            + "than of runs drawn apart") + "\n"
    }
    return text
  }

  private static func times(_ ratio: Double) -> String {
    ratio < 100 ? HumanNumber.fixed(ratio, decimals: 1) : HumanNumber.fixed(ratio, decimals: 0)
  }
}

extension DesignDifference {
  fileprivate var mark: TextStyle.Mark {
    switch isBetter {
    case true?: .good
    case false?: .bad
    case nil: .plain
    }
  }

  /// Such as `rent costs 4.92 ± 0.03 × buy a month`.
  fileprivate func sentence(usualPairs: Int) -> String {
    let subject = TextStyle.printable(design)
    let other = TextStyle.printable(base)
    let what = TextStyle.printable(workload.isEmpty ? figure : "\(figure) of \(workload)")
    let paired = comparison.count < usualPairs ? " (\(comparison.count) pairs)" : ""
    let isCost = metric == "cost_per_month"
    switch verdict {
    case .identical: return "\(what): \(subject) has that of \(other) in every run\(paired)"
    case .notShown:
      guard let size = relative else {
        return "\(what): no difference shown between \(subject) and \(other)\(paired)"
      }
      return "\(what): no difference shown, \(subject) \(size) × \(other)\(paired)"
    case .lower, .higher:
      guard let size = relative else { return "\(what): \(subject) \(absolute) \(other)\(paired)" }
      return isCost
        ? "\(subject) costs \(size) × \(other) a month\(paired)"
        : "\(what): \(subject) \(size) × \(other)\(paired)"
    }
  }

  /// The ratio with its half-width, or its limits where they lie unevenly; `nil` without one.
  private var relative: String? { comparison.ratio.map(DifferenceText.interval) }

  private var absolute: String {
    guard let gap = comparison.difference else { return "differs from" }
    let size = HumanNumber.text(gap.estimate.magnitude, unit: unit)
    let half = gap.halfWidth > 0 ? " ± \(HumanNumber.text(gap.halfWidth, unit: unit))" : ""
    return "\(size)\(half) \(gap.estimate < 0 ? "below" : "above")"
  }
}

/// Intervals in words.
enum DifferenceText {
  /// `0.81 ± 0.03`, as many decimals as the half-width is worth; `0.81 (0.7 to 1.1)` where the estimate lies
  /// off the middle, and the estimate alone where the half-width is less
  /// than a thousandth of it.
  static func interval(_ interval: Interval) -> String {
    let half = interval.halfWidth
    let estimate = interval.estimate
    if half == 0 || half < estimate.magnitude / 1000 { return HumanNumber.plain(estimate) }
    let decimals = decimals(for: half)
    func fixed(_ value: Double) -> String { HumanNumber.fixed(value, decimals: decimals) }
    if abs((interval.low + interval.high) / 2 - estimate) > 0.1 * half {
      return "\(fixed(estimate)) (\(fixed(interval.low)) to \(fixed(interval.high)))"
    }
    return "\(fixed(estimate)) ± \(fixed(half))"
  }

  /// So that a half-width shows two digits at most.
  private static func decimals(for half: Double) -> Int {
    var (decimals, size) = (0, half)
    while size < 9.5 && decimals < 9 {
      size *= 10
      decimals += 1
    }
    return max(0, decimals - (size >= 30 ? 1 : 0))
  }
}

extension DesignDifference {
  var json: JSONValue {
    let value = comparison
    return .object([
      ("workload", .string(workload)), ("metric", .string(metric)), ("statistic", .string(statistic)),
      ("unit", .string(unit)), ("base", .string(base)), ("design", .string(design)),
      ("pairs", .integer(Int64(value.count))), ("base_mean", .number(value.base)),
      ("mean", .number(value.sample)), ("difference", .optional(value.difference?.estimate)),
      ("difference_low", .optional(value.difference?.low)),
      ("difference_high", .optional(value.difference?.high)), ("ratio", .optional(value.ratio?.estimate)),
      ("ratio_low", .optional(value.ratio?.low)), ("ratio_high", .optional(value.ratio?.high)),
      ("p_value", .optional(value.pValue)), ("p_value_holm", .optional(adjustedPValue)),
      ("variance_ratio", .optional(value.varianceRatio)), ("verdict", .string(verdict.rawValue)),
    ])
  }
}
