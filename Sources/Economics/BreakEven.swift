import Foundation
import Quantities

/// A cost that grows evenly with what is done: with hours, tokens or the share of time in use.
public struct LinearCost: Sendable, Hashable {
  /// What is paid whatever is done [currency].
  public var fixed: Double
  /// What each unit adds [currency].
  public var perUnit: Double
  public init(fixed: Double, perUnit: Double) {
    self.fixed = fixed
    self.perUnit = perUnit
  }

  public func cost(_ units: Double) -> Double { fixed + perUnit * units }

  /// From how many units on it costs no more than `other`: 0 when it never costs more, `nil` when it is not
  /// cheaper at any number.
  ///
  /// What is cheaper at first and dearer later has no break-even in this sense, and gets `nil` as well.
  public func breakEven(against other: LinearCost) -> Double? {
    let head = fixed - other.fixed
    let gain = other.perUnit - perUnit
    if head <= 0 { return gain >= 0 ? 0 : nil }
    return gain > 0 ? head / gain : nil
  }
}

/// The rate of return of payments: the yearly rate at which they are worth nothing at the start.
///
/// - Parameters:
///   - flows: by the month, paid at its end; negative for what is spent. The first is paid at the start.
/// - Returns: compounded a year; `nil` when the flows do not change sign, or no rate from −99 % to 10,000 %
///   does it. Flows that change their sign more than once may have several; the least above −99 % is given.
/// - Complexity: O(months × 200).
public func internalRateOfReturn(_ flows: [Double]) -> Double? {
  guard flows.contains(where: { $0 > 0 }), flows.contains(where: { $0 < 0 }) else { return nil }
  func value(_ monthly: Double) -> Double {
    let factor = 1 / (1 + monthly)
    return flows.reversed().reduce(0) { $0 * factor + $1 }
  }
  func monthly(_ yearly: Double) -> Double { expm1(log1p(yearly) / 12) }
  let bounds = stride(from: -4.6, through: 4.62, by: 0.1).map { monthly(exp($0) - 1) }
  var low = bounds[0]
  guard
    let high = bounds.dropFirst().first(where: { bound in
      defer { if value(low) * value(bound) > 0 { low = bound } }
      return value(low) * value(bound) <= 0
    })
  else { return nil }
  var (below, above) = (low, high)
  for _ in 0..<200 {
    let middle = (below + above) / 2
    if value(below) * value(middle) <= 0 { above = middle } else { below = middle }
  }
  return expm1(12 * log1p((below + above) / 2))
}
