/// A law over finitely many values with given weights, drawn in constant time.
///
/// Walker's alias method ("An Efficient Method for Generating Discrete Random Variables with General
/// Distributions", ACM TOMS 3, 1977), tables built as by Vose (IEEE TSE 17, 1991).
public struct AliasTable: Sendable, Hashable {
  /// A column of unit width and height 1: below the threshold lies its own value, above it the other's.
  private struct Column: Sendable, Hashable {
    var threshold: Double
    var own: Double
    var other: Double
  }

  private let columns: [Column]
  /// As given.
  public let values: [Double]
  /// The weights divided by their sum, in the order of `values`.
  public let probabilities: [Double]

  /// `nil` when the lists differ in length or are empty, a value is not finite, a weight is negative or not
  /// finite, or the weights sum to zero or past the largest number.
  ///
  /// - Complexity: O(n).
  public init?(values: [Double], weights: [Double]) {
    guard values.count == weights.count, !values.isEmpty, values.allSatisfy(\.isFinite) else { return nil }
    guard weights.allSatisfy({ $0 >= 0 && $0.isFinite }) else { return nil }
    let total = weights.reduce(0, +)
    guard total > 0, total.isFinite else { return nil }
    self.values = values
    probabilities = weights.map { $0 / total }
    columns = AliasTable.columns(values, probabilities)
  }

  private static func columns(_ values: [Double], _ probabilities: [Double]) -> [Column] {
    var heights = probabilities.map { $0 * Double(values.count) }
    var columns = values.map { Column(threshold: 1, own: $0, other: $0) }
    var short = heights.indices.filter { heights[$0] < 1 }
    var tall = heights.indices.filter { heights[$0] >= 1 }
    while let low = short.popLast(), let high = tall.last {
      columns[low].threshold = heights[low]
      columns[low].other = values[high]
      heights[high] -= 1 - heights[low]
      if heights[high] < 1 {
        tall.removeLast()
        short.append(high)
      }
    }
    // What is left on either stack is full but for rounding, and keeps its threshold of 1.
    return columns
  }

  /// The value at a uniform number of (0, 1): its leading bits choose a column, the rest a place in it.
  ///
  /// - Complexity: O(1).
  func value(at uniform: Double) -> Double {
    let scaled = uniform * Double(columns.count)
    let index = min(Int(scaled), columns.count - 1)
    let column = columns[index]
    return scaled - Double(index) < column.threshold ? column.own : column.other
  }

  /// The mean of the law.
  ///
  /// - Complexity: O(n).
  public var mean: Double { zip(values, probabilities).reduce(0) { $0 + $1.0 * $1.1 } }

  /// The variance of the law.
  ///
  /// - Complexity: O(n).
  public var variance: Double {
    let mean = mean
    return zip(values, probabilities).reduce(0) { $0 + ($1.0 - mean) * ($1.0 - mean) * $1.1 }
  }

  /// The probability of a value that does not exceed `x`.
  ///
  /// - Complexity: O(n).
  public func cdf(_ x: Double) -> Double {
    let sum = zip(values, probabilities).reduce(0) { $1.0 <= x ? $0 + $1.1 : $0 }
    return min(1, sum)
  }
}
