import Economics
import Foundation
import Quantities
import Scenario

/// One design held against another, in one replication.
struct CostComparison {
  let own: DesignCost
  let other: DesignCost

  /// Months of use from which on what is prepaid has paid for itself; `nil` for never within its life, and
  /// where nodes come in batches: then there is no one start to count from.
  ///
  /// Past its life it has to be bought again. Where things of different lives are bought, those of the
  /// shorter ones are bought again within the longest, and count.
  var breakEvenMonths: Double? {
    if own.design.isPhased || other.design.isPhased { return nil }
    guard let life = own.longestLife else { return nil }
    return PrepaidCost(own).breakEven(
      against: PrepaidCost(other), within: life.value / Calendar.secondsPerMonth)
  }

  /// Whether each month of use costs less than one of the other, whatever has been paid before.
  var savesByTheMonth: Bool { own.billedPerMonth < other.billedPerMonth }

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

/// What a design has cost after so many months of use: what is bought is bought again after each of its
/// lives, the rest comes evenly.
private struct PrepaidCost {
  private struct Purchase {
    var price: Double
    /// In months; infinite for what is paid once.
    var life: Double
    var successorPrice: Double
    var ends: Double
  }
  private(set) var paid = 0.0
  private let perMonth: Double
  private var purchases: [Purchase] = []

  init(_ cost: DesignCost) {
    perMonth = cost.billedPerMonth.units
    for prepayment in cost.prepayments where prepayment.ordered == .zero {
      let price = (prepayment.price + prepayment.interest).units
      let life = prepayment.isRenewed ? prepayment.life.value / Calendar.secondsPerMonth : .infinity
      paid += price
      purchases.append(
        Purchase(price: price, life: life, successorPrice: prepayment.successorPrice, ends: life))
    }
  }

  /// When the next of what is bought is bought again.
  private var next: Double { purchases.reduce(.infinity) { min($0, $1.ends) } }

  private mutating func renew(at time: Double) {
    for index in purchases.indices where purchases[index].ends <= time {
      purchases[index].price *= purchases[index].successorPrice
      purchases[index].ends += purchases[index].life
      paid += purchases[index].price
    }
  }

  /// The first month up to `life` at which it has cost no more than `other`: 0 when it never costs more;
  /// `nil` for none, and for what is cheaper at first and dearer later.
  /// - Complexity: O(renewals within `life` × purchases).
  func breakEven(against other: PrepaidCost, within life: Double) -> Double? {
    var (own, other) = (self, other)
    let gain = other.perMonth - own.perMonth
    if own.paid <= other.paid { return gain >= 0 ? 0 : nil }
    if gain <= 0 { return nil }
    var start = 0.0
    while true {
      let end = min(own.next, other.next, life)
      let point = max(start, (own.paid - other.paid) / gain)
      if point <= end { return point }
      if !(end < life) { return nil }
      start = end
      own.renew(at: end)
      other.renew(at: end)
    }
  }
}

/// A design's books, and when all of its services are answered.
struct ServedBooks {
  let ledger: Ledger
  let firstService: Seconds

  /// By the month, what it takes to have the other's service until the own begins: what the other uses up in
  /// that time. A month in which nothing is answered saves nothing.
  /// - Complexity: O(entries + months).
  private func waiting(for other: ServedBooks) -> [Double] {
    let horizon = ledger.horizon
    guard firstService > other.firstService else { return [Double](repeating: 0, count: horizon.months) }
    return other.ledger.effectiveByMonth.enumerated().map { month, used in
      let served = horizon.share(ofMonth: month, from: other.firstService)
      if served <= 0 { return 0 }
      return used.units
        * (horizon.share(ofMonth: month, from: other.firstService, to: firstService) / served)
    }
  }

  /// Payments at the start and at the end of each month, those between at the nearer one, for the service
  /// that either of both gives. What things are worth at the horizon's end is no payment unless `withWorth`.
  private func payments(beside other: ServedBooks, withWorth: Bool) -> [Double] {
    var flows = ledger.payments(withWorth: withWorth)
    for (month, cost) in waiting(for: other).enumerated() { flows[month + 1] += cost }
    return flows
  }

  /// The month from which on its payments together stay at or below the other's; `nil` for none.
  func crossover(against other: ServedBooks) -> Double? {
    var (own, its) = (0.0, 0.0)
    var since: Int?
    let pairs = zip(
      payments(beside: other, withWorth: false), other.payments(beside: self, withWorth: false))
    for (month, pair) in pairs.enumerated() {
      own += pair.0
      its += pair.1
      if own > its + 1e-9 * max(1, abs(its)) { since = nil } else if since == nil { since = month }
    }
    return since.map(Double.init)
  }

  /// The yearly return of what is spent more at first, by what is saved later.
  func returnRate(against other: ServedBooks) -> Double? {
    internalRateOfReturn(
      zip(payments(beside: other, withWorth: true), other.payments(beside: self, withWorth: true))
        .map { $1 - $0 })
  }

  /// What it costs less over the horizon.
  func saved(against other: ServedBooks) -> Double {
    let (own, its) = (waiting(for: other).reduce(0, +), other.waiting(for: self).reduce(0, +))
    return other.ledger.effective.units + its - ledger.effective.units - own
  }
}

extension Ledger {
  /// Payments at the start and at the end of each month, those between at the nearer one. What things are
  /// worth at the horizon's end is no payment unless `withWorth`.
  fileprivate func payments(withWorth: Bool) -> [Double] {
    var flows = [Double](repeating: 0, count: horizon.months + 1)
    for entry in entries {
      let isWorth = entry.category == .credit && entry.paid >= horizon.length
      if isWorth && !withWorth { continue }
      let index = min(horizon.months, Int((entry.paid.value / Calendar.secondsPerMonth).rounded()))
      flows[max(0, index)] += entry.billed.units
    }
    return flows
  }
}
