/// Observed values to draw from again, each alike likely: the law whose distribution function is the
/// sample's.
///
/// The values are kept in ascending order in one array that all copies share, so that a draw is the inverse
/// distribution function at a uniform number: designs that share a stream move together.
public struct EmpiricalSample: Sendable, Hashable {
  /// Ascending.
  public let values: [Double]
  /// Of the values.
  public let mean: Double
  /// Of the values as a whole population, not an estimate from a sample.
  public let variance: Double

  /// `nil` without values, or with one that is not finite.
  ///
  /// - Complexity: O(n log n).
  public init?(_ observations: [Double]) {
    guard !observations.isEmpty, observations.allSatisfy(\.isFinite) else { return nil }
    let sorted = observations.sorted()
    let count = Double(sorted.count)
    let average = sorted.reduce(0) { $0 + $1 / count }
    values = sorted
    mean = average
    variance = sorted.reduce(0) { $0 + ($1 - average) * ($1 - average) / count }
  }

  /// The inverse distribution function at a uniform number of (0, 1). Its 53 bits favour no value by more
  /// than one part in 2⁵³ ÷ n.
  ///
  /// - Complexity: O(1).
  func value(at uniform: Double) -> Double {
    values[min(Int(uniform * Double(values.count)), values.count - 1)]
  }

  /// The share of values that do not exceed `x`.
  ///
  /// - Complexity: O(log n).
  public func cdf(_ x: Double) -> Double {
    var low = 0
    var high = values.count
    while low < high {
      let middle = (low + high) / 2
      if values[middle] <= x { low = middle + 1 } else { high = middle }
    }
    return Double(low) / Double(values.count)
  }
}
