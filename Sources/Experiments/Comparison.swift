import Economics
import Foundation
import Quantities
import Scenario

/// One design held against another, in one replication.
struct Comparison {
  let own: DesignCost
  let other: DesignCost

  /// Months of use from which on what is prepaid has paid for itself; `nil` for never, and where nodes come
  /// in batches: then there is no one start to count from.
  var breakEvenMonths: Double? {
    if own.design.isPhased || other.design.isPhased { return nil }
    return LinearCost(fixed: own.invested.units, perUnit: own.billedPerMonth.units).breakEven(
      against: LinearCost(fixed: other.invested.units, perUnit: other.billedPerMonth.units))
  }

  /// The same in hours in which the design is switched on.
  var breakEvenHours: Double? {
    breakEvenMonths.map { $0 * Calendar.hoursPerMonth * own.dailyUse }
  }

  /// The share of all hours that it must be in use for to cost no more than the other, which is paid for only
  /// those; `nil` for none. Over 1 it is dearer even then.
  var breakEvenUtilization: Double? {
    // What a month would come to in use all day.
    func line(_ cost: DesignCost) -> LinearCost {
      let fixed = cost.perMonth(.always).units + cost.perMonth(.demand).units
      return LinearCost(
        fixed: fixed, perUnit: cost.dailyUse > 0 ? cost.perMonth(.hours).units / cost.dailyUse : 0)
    }
    return line(own).breakEven(against: line(other))
  }

  /// The rent of an accelerator-hour at which both cost the same in a month.
  var breakEvenPrice: Double? {
    let rent = other.items.filter(\.isRent).reduce(0) { $0 + $1.charge.effective.units }
    let hours = other.rentedAcceleratorHours
    if hours <= 0 { return nil }
    return (own.effectivePerMonth.units - (other.effectivePerMonth.units - rent)) / hours
  }

  /// Tokens a day, prompts and answers, from which on it costs no more than the other, which is paid by the
  /// token; the mix of both is the simulated one.
  var breakEvenTokensPerDay: Double? {
    guard let tokens = other.workPerMonth?.tokens, tokens > 0 else { return nil }
    let daysPerMonth = Calendar.hoursPerMonth / 24
    func line(_ cost: DesignCost) -> LinearCost {
      let fixed = cost.perMonth(.always).units + cost.perMonth(.hours).units
      return LinearCost(fixed: fixed, perUnit: cost.perMonth(.demand).units / tokens)
    }
    return line(own).breakEven(against: line(other)).map { $0 / daysPerMonth }
  }
}

extension Ledger {
  /// Payments at the start and at the end of each month, those between at the nearer one. What things are
  /// worth at the horizon's end is no payment unless `withWorth`.
  func payments(withWorth: Bool) -> [Double] {
    var flows = [Double](repeating: 0, count: horizon.months + 1)
    for entry in entries {
      let isWorth = entry.category == .credit && entry.paid >= horizon.length
      if isWorth && !withWorth { continue }
      let index = min(horizon.months, Int((entry.paid.value / Calendar.secondsPerMonth).rounded()))
      flows[max(0, index)] += entry.billed.units
    }
    return flows
  }

  /// The month from which on its payments together stay at or below the other's; `nil` for none.
  func crossover(against other: Ledger) -> Double? {
    var (own, its) = (0.0, 0.0)
    var since: Int?
    for (month, pair) in zip(payments(withWorth: false), other.payments(withWorth: false)).enumerated() {
      own += pair.0
      its += pair.1
      if own > its + 1e-9 { since = nil } else if since == nil { since = month }
    }
    return since.map(Double.init)
  }

  /// The yearly return of what is spent more at first, by what is saved later.
  func returnRate(against other: Ledger) -> Double? {
    internalRateOfReturn(
      zip(payments(withWorth: true), other.payments(withWorth: true)).map { $1 - $0 })
  }
}
