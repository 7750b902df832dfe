/// A limit on a metric, such as `p99(ttft_s{workload=chat}) < 2`.
public struct Threshold: Sendable, Hashable {
  public enum Comparison: String, Sendable, CaseIterable {
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case equal = "="
  }
  /// The expression as written.
  public var text: String
  public var metric: String
  /// `p99`, `mean`, `max`, …; `nil` for a metric that is a single number, such as `goodput_ratio`.
  public var statistic: String?
  /// Tag filters in the order written; keys are `workload` and `design`.
  public var filters: [Filter]
  public var comparison: Comparison
  public var limit: Double

  public struct Filter: Sendable, Hashable {
    public var key: String
    public var value: String
    public init(key: String, value: String) {
      self.key = key
      self.value = value
    }
  }

  public init(
    text: String, metric: String, statistic: String?, filters: [Filter], comparison: Comparison, limit: Double
  ) {
    self.text = text
    self.metric = metric
    self.statistic = statistic
    self.filters = filters
    self.comparison = comparison
    self.limit = limit
  }

  /// Whether a value satisfies the limit.
  public func holds(_ value: Double) -> Bool {
    switch comparison {
    case .less: value < limit
    case .lessOrEqual: value <= limit
    case .greater: value > limit
    case .greaterOrEqual: value >= limit
    case .equal: value == limit
    }
  }
}
