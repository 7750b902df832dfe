import Economics
import Foundation
import Quantities

// Closed forms of what the books of designs come to, month by month.

/// What is bought: used for its life, sold for what is left of its price, and bought again until the horizon
/// ends. Then the one in use is worth what is not written off of it.
///
/// Without interest its payments, less that worth, add up to the write-off of `Charges.amortization` over the
/// horizon.
public struct Asset: Sendable, Hashable {
  public var price: Money
  /// Time until it is replaced; positive.
  public var life: Seconds
  /// Of the price, 0...1.
  public var residual: Double

  public init(price: Money, life: Seconds, residual: Double) {
    self.price = price
    self.life = life
    self.residual = residual
  }

  /// All payments for it up to the horizon, each worth at the start what it is worth then.
  ///
  /// - Parameters:
  ///   - yearlyRate: discount rate a year, compounded.
  ///   - horizon: nothing is bought at its end or after it.
  /// - Complexity: O(1).
  public func presentValue(horizon: Seconds, yearlyRate: Double) -> Money {
    if horizon.value <= 0 { return .zero }
    let replacements = max(0, (horizon.value / life.value).rounded(.up) - 1)
    let age = horizon.value - replacements * life.value
    let worth = 1 - (1 - residual) * age / life.value
    // Σ qᵏ for k = 1…n, where q discounts over one life: exact for q near 1, where 1 − q cancels.
    let step = discountExponent(life, yearlyRate: yearlyRate)
    let sum = step == 0 ? replacements : exp(step) * expm1(replacements * step) / expm1(step)
    let atHorizon = exp(discountExponent(horizon, yearlyRate: yearlyRate))
    return price * (1 + (1 - residual) * sum - worth * atHorizon)
  }
}

/// The logarithm of what 1 is worth now that is paid after `time`: not positive.
private func discountExponent(_ time: Seconds, yearlyRate: Double) -> Double {
  -log1p(yearlyRate) * time.value / (Calendar.secondsPerMonth * Calendar.monthsPerYear)
}

/// Present value of equal payments at the end of each month, the last one for the part of a month that the
/// horizon ends in.
///
/// - Parameters:
///   - yearlyRate: discount rate a year, compounded.
/// - Complexity: O(months of the horizon).
public func presentValue(monthly payment: Money, horizon: Seconds, yearlyRate: Double) -> Money {
  let months = max(0, horizon.value / Calendar.secondsPerMonth)
  let whole = months.rounded(.down)
  let full = presentValue(atOnce: .zero, payment: payment, periods: Int(whole), yearlyRate: yearlyRate)
  return full + payment * ((months - whole) * exp(discountExponent(horizon, yearlyRate: yearlyRate)))
}

/// The share of its hours that hardware must be in use for to cost no more than renting by the hour.
///
/// EAC / (hours × price): over 1 when renting is cheaper even at full use.
/// - Parameters:
///   - ownership: of a span, whatever is done.
///   - hours: accelerator-hours of the span at full use; positive.
///   - price: of an hour rented; positive.
public func shareOfHoursToOwn(ownership: Money, hours: Double, price: Money) -> Double? {
  hours > 0 && price > .zero ? ownership.units / (hours * price.units) : nil
}
