import CGSL

/// Count, mean, spread and extremes of a series of numbers, kept in constant memory.
///
/// Welford's update ("Note on a Method for Calculating Corrected Sums of Squares and Products", Technometrics
/// 4, 1962), which stays accurate when the spread is small against the mean. The result depends on the order
/// of the values in the last bits: add and merge in a fixed order.
public struct SampleSummary: Sendable, Hashable {
  /// How many values were added.
  public private(set) var count: Int64 = 0
  private var average = 0.0
  private var squaredDeviations = 0.0
  private var low = Double.infinity
  private var high = -Double.infinity

  /// A summary of nothing.
  public init() {}

  /// A summary of the values.
  public init(_ values: some Sequence<Double>) {
    for value in values { add(value) }
  }

  /// Adds one value.
  ///
  /// - Complexity: O(1).
  public mutating func add(_ value: Double) {
    count += 1
    let before = value - average
    average += before / Double(count)
    squaredDeviations += before * (value - average)
    low = Swift.min(low, value)
    high = Swift.max(high, value)
  }

  /// Adds what another summary holds (Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm
  /// for Computing Sample Variances", COMPSTAT 1982).
  ///
  /// - Complexity: O(1).
  public mutating func merge(_ other: SampleSummary) {
    if other.count == 0 { return }
    let (mine, theirs) = (Double(count), Double(other.count))
    let difference = other.average - average
    average += difference * theirs / (mine + theirs)
    squaredDeviations += other.squaredDeviations + difference * difference * mine * theirs / (mine + theirs)
    count += other.count
    low = Swift.min(low, other.low)
    high = Swift.max(high, other.high)
  }

  /// `nil` without values.
  public var mean: Double? { count == 0 ? nil : average }
  /// `nil` without values.
  public var min: Double? { count == 0 ? nil : low }
  /// `nil` without values.
  public var max: Double? { count == 0 ? nil : high }
  /// Unbiased (divisor n − 1); `nil` for fewer than two values.
  public var variance: Double? { count < 2 ? nil : squaredDeviations / Double(count - 1) }
  /// The root of `variance`.
  public var standardDeviation: Double? { variance?.squareRoot() }
  /// The estimated deviation of the mean; `nil` for fewer than two values.
  public var standardError: Double? { variance.map { ($0 / Double(count)).squareRoot() } }

  /// Student's t interval for the mean of independent, about normal values; `nil` for fewer than two.
  ///
  /// - Parameter confidence: between 0 and 1, such as 0.95.
  public func interval(confidence: Double = 0.95) -> Interval? {
    guard let standardError else { return nil }
    return studentInterval(
      mean: average, standardError: standardError, degrees: Double(count - 1), confidence: confidence)
  }
}

/// A t interval from its parts.
func studentInterval(
  mean: Double, standardError: Double, degrees: Double, confidence: Double
) -> Interval {
  precondition(confidence > 0 && confidence < 1, "a confidence lies between 0 and 1")
  GSL.initialize()
  let half = gsl_cdf_tdist_Qinv((1 - confidence) / 2, degrees) * standardError
  return Interval(estimate: mean, low: mean - half, high: mean + half)
}
