/// Errors of a group of figures: predicted ÷ measured − 1.
public struct ErrorStatistics: Sendable, Hashable {
  public var count: Int
  /// Median and 90th percentile of the errors' sizes, and the median error itself; `nil` for an empty group.
  public var median: Double?
  public var ninetieth: Double?
  public var bias: Double?

  public init(_ errors: [Double]) {
    count = errors.count
    let sizes = errors.map(abs).sorted()
    median = Self.quantile(sizes, 0.5)
    ninetieth = Self.quantile(sizes, 0.9)
    bias = Self.quantile(errors.sorted(), 0.5)
  }

  /// The order statistic at ⌈q n⌉: a value that somebody measured. `nil` for no values.
  static func quantile(_ sorted: [Double], _ q: Double) -> Double? {
    guard !sorted.isEmpty else { return nil }
    return sorted[max(0, min(sorted.count, Int((q * Double(sorted.count)).rounded(.up))) - 1)]
  }
}
