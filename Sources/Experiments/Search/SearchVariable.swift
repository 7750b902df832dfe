#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// What one coordinate of a point of a search may be. A point is a list of numbers, one a variable.
public enum SearchVariable: Sendable, Hashable {
  /// Every number from `from` to `to`; by its logarithm where the scale spans orders of magnitude. With
  /// `digits`, only numbers of so many significant digits, so that points that mean the same are the same.
  case continuous(from: Double, to: Double, isLogarithmic: Bool = false, digits: Int? = nil)
  /// Every whole number of the range.
  case integer(ClosedRange<Int>)
  /// The index of one of so many things without an order.
  case choice(Int)

  /// How many values there are; `nil` for a continuum.
  public var count: Int? {
    switch self {
    case .continuous(let from, let to, _, _): from == to ? 1 : nil
    case .integer(let range):
      // A range over all integers has more members than can be counted.
      Self.members(of: range)
    case .choice(let count): count
    }
  }

  private static func members(of range: ClosedRange<Int>) -> Int {
    let (span, overflow) = range.upperBound.subtractingReportingOverflow(range.lowerBound)
    return overflow || span == .max ? .max : span + 1
  }

  /// The bounds of the coordinate in which it is varied.
  var bounds: (low: Double, high: Double) {
    switch self {
    case .continuous(let from, let to, let isLogarithmic, _):
      isLogarithmic ? (log(from), log(to)) : (from, to)
    case .integer(let range): (Double(range.lowerBound), Double(range.upperBound))
    case .choice(let count): (0, Double(count - 1))
    }
  }

  /// The value at a share of the range: every value of a discrete variable has an equal part of 0..<1.
  public func value(at share: Double) -> Double {
    let (low, high) = bounds
    switch self {
    case .continuous: return value(ofCoordinate: low + (high - low) * share)
    case .integer, .choice: return min(high, (low + share * (high - low + 1)).rounded(.down))
    }
  }

  /// The value that a coordinate stands for, inside the bounds.
  func value(ofCoordinate coordinate: Double) -> Double {
    let (low, high) = bounds
    let inside = min(high, max(low, coordinate))
    switch self {
    case .integer, .choice: return inside.rounded()
    case .continuous(let from, let to, let isLogarithmic, let digits):
      let value = isLogarithmic ? exp(inside) : inside
      return min(to, max(from, digits.map { Self.rounded(value, digits: $0) } ?? value))
    }
  }

  func coordinate(of value: Double) -> Double {
    if case .continuous(_, _, true, _) = self { log(value) } else { value }
  }

  /// To so many significant digits. The text of the number decides, so that 0.3 is the 0.3 of a file.
  static func rounded(_ value: Double, digits: Int) -> Double {
    guard value != 0, value.isFinite else { return value }
    let exponent = digits - 1 - Int(log10(abs(value)).rounded(.down))
    // Powers of ten are exact up to 10²²; a quotient or product by one rounds once.
    let scale = pow(10, Double(abs(exponent)))
    return exponent >= 0 ? (value * scale).rounded() / scale : (value / scale).rounded() * scale
  }
}

/// The points that a search may try.
public struct SearchSpace: Sendable, Hashable {
  public var variables: [SearchVariable]

  public init(_ variables: [SearchVariable]) { self.variables = variables }

  /// How many points there are; `nil` for a continuum or more than can be counted.
  public var count: Int? {
    var product = 1
    for variable in variables {
      guard let count = variable.count else { return nil }
      let (next, overflow) = product.multipliedReportingOverflow(by: count)
      if overflow { return nil }
      product = next
    }
    return product
  }

  /// All points of a finite space, the last variable turning fastest.
  ///
  /// - Complexity: O(points × variables).
  public func allPoints() -> [[Double]] {
    var points: [[Double]] = [[]]
    for variable in variables {
      guard let count = variable.count else { preconditionFailure("a continuum has no list of its points") }
      let low = variable.bounds.low
      let values: [Double]
      if case .continuous(let from, _, _, _) = variable {
        values = [from]
      } else {
        values = (0..<count).map { low + Double($0) }
      }
      points = points.flatMap { point in values.map { point + [$0] } }
    }
    return points
  }
}
