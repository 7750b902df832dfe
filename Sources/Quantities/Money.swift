/// An exact amount of money in millionths of the scenario's currency unit.
///
/// Ledgers add integers, so a sum does not depend on the order of its terms. The range is
/// ±9.2 trillion units; arithmetic past it stays at its end.
@frozen public struct Money: Comparable, Hashable, Sendable, CustomStringConvertible {
  /// Millionths of the currency unit.
  public var micros: Int64

  @inlinable public init(micros: Int64) { self.micros = micros }

  /// The nearest amount to `units` of currency; halves round away from zero. Magnitudes past the
  /// range are clamped.
  @inlinable public init(_ units: Double) {
    precondition(!units.isNaN, "an amount of money is a number")
    let scaled = (units * 1e6).rounded()
    micros = scaled >= 9.2e18 ? .max : scaled <= -9.2e18 ? .min : Int64(scaled)
  }

  /// The amount in currency units, for rates and reports.
  @inlinable public var units: Double { Double(micros) / 1e6 }

  @inlinable public static var zero: Money { Money(micros: 0) }
  @inlinable public static func < (left: Money, right: Money) -> Bool { left.micros < right.micros }
  @inlinable public static func + (left: Money, right: Money) -> Money {
    let (sum, overflow) = left.micros.addingReportingOverflow(right.micros)
    return Money(micros: overflow ? (right.micros > 0 ? .max : .min) : sum)
  }
  @inlinable public static func - (left: Money, right: Money) -> Money {
    let (difference, overflow) = left.micros.subtractingReportingOverflow(right.micros)
    return Money(micros: overflow ? (right.micros > 0 ? .min : .max) : difference)
  }
  @inlinable public static func += (left: inout Money, right: Money) { left = left + right }
  @inlinable public static func * (left: Money, factor: Double) -> Money { Money(left.units * factor) }

  /// The amount with two decimals, as `1234.50`.
  public var description: String {
    let cents = (micros.magnitude + 5_000) / 10_000
    let sign = micros < 0 && cents > 0 ? "-" : ""
    let fraction = cents % 100
    return "\(sign)\(cents / 100).\(fraction < 10 ? "0" : "")\(fraction)"
  }
}
