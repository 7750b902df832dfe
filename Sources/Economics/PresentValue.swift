import Foundation
import Quantities

/// The logarithm of what 1 is worth now that is paid after `time`: not positive.
private func discountExponent(_ time: Seconds, yearlyRate: Double) -> Double {
  -log1p(yearlyRate) * time.value / (Calendar.secondsPerMonth * Calendar.monthsPerYear)
}

/// What 1 that is paid after `time` is worth now.
/// - Parameter yearlyRate: discount rate a year, compounded.
public func discount(_ time: Seconds, yearlyRate: Double) -> Double {
  yearlyRate == 0 ? 1 : exp(discountExponent(time, yearlyRate: yearlyRate))
}

/// Present value of a payment at once and of equal payments, each at the end of its period.
///
/// - Parameters:
///   - payment: paid `periods` times.
///   - yearlyRate: discount rate a year; the rate of a period compounds to it.
///   - periodsPerYear: 12 for payments by the month.
/// - Complexity: O(periods).
public func presentValue(
  atOnce: Money, payment: Money, periods: Int, yearlyRate: Double,
  periodsPerYear: Double = Calendar.monthsPerYear
) -> Money {
  var factor = 0.0
  let step = pow(1 + yearlyRate, -1 / periodsPerYear)
  var discount = 1.0
  for _ in 0..<periods {
    discount *= step
    factor += discount
  }
  return atOnce + payment * factor
}
