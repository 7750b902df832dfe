import Economics
import Quantities
import Scenario

/// What a design costs at one level of demand, a multiple of the scenario's own.
struct CostWindow {
  var level: Double
  var cost: DesignCost
}

extension DesignCost {
  /// The books over the horizon.
  ///
  /// - Parameters:
  ///   - windows: the design at other levels of demand, with the same items in the same order; months between
  ///     levels are interpolated linearly. Beyond the highest level and below the lowest, what goes by demand
  ///     goes on in proportion; the rest stays.
  /// - Complexity: O(items × months).
  func ledger(demand: Demand = .steady, windows: [CostWindow] = []) -> Ledger {
    var ledger = Ledger(horizon: horizon)
    for prepayment in prepayments { ledger.book(prepayment) }
    let all = steps(windows)
    for (index, item) in items.enumerated() {
      let own = item.charge.billed.units
      ledger.book(monthly: item.charge, date: item.date, from: item.from) { month in
        if demand.isSteady || item.driver == .always || own <= 0 { return 1 }
        let level = demand.level(ofMonth: month)
        return Self.interpolated(all, at: level, inProportion: item.driver == .demand) {
          $0.items[index].charge.billed.units
        } / own
      }
    }
    return ledger
  }

  /// Requests of the horizon: those that are sent, and those that are answered well. Before the first day of
  /// service none are answered. `nil` when nothing was measured.
  func requests(demand: Demand, windows: [CostWindow]) -> (offered: Double, good: Double)? {
    guard let work = workPerMonth else { return nil }
    let all = steps(windows)
    var sum = (offered: 0.0, good: 0.0)
    for month in 0..<horizon.months {
      let level = demand.level(ofMonth: month)
      // The share that is answered well: two levels draw other requests, so counts would not compare.
      let ratio =
        demand.isSteady
        ? work.goodRatio
        : Self.interpolated(all, at: level, inProportion: false) { $0.workPerMonth?.goodRatio ?? 0 }
      let sent = work.offered * level
      sum.offered += sent * horizon.share(ofMonth: month)
      sum.good += sent * ratio * horizon.share(ofMonth: month, from: firstService)
    }
    return sum
  }

  /// Itself among the windows, by level; windows that are made of other items are left out.
  private func steps(_ windows: [CostWindow]) -> [CostWindow] {
    let alike = windows.filter { $0.cost.items.count == items.count }
    return (alike + [CostWindow(level: 1, cost: self)]).sorted { $0.level < $1.level }
  }

  private static func interpolated(
    _ windows: [CostWindow], at level: Double, inProportion: Bool, _ amount: (DesignCost) -> Double
  ) -> Double {
    guard let first = windows.first, let last = windows.last else { return 0 }
    if level <= first.level { return amount(first.cost) * (inProportion ? level / first.level : 1) }
    if level >= last.level { return amount(last.cost) * (inProportion ? level / last.level : 1) }
    let above = windows.firstIndex { $0.level >= level } ?? windows.count - 1
    let (low, high) = (windows[above - 1], windows[above])
    let share = high.level > low.level ? (level - low.level) / (high.level - low.level) : 1
    return amount(low.cost) + (amount(high.cost) - amount(low.cost)) * share
  }

  /// How far a straight line between the neighbours of an inner level misses what was simulated at it: the
  /// largest relative error of a month's cost and of its good requests; `nil` without an inner level.
  func interpolationError(_ windows: [CostWindow]) -> (cost: Double, good: Double)? {
    let all = steps(windows)
    guard all.count > 2 else { return nil }
    var worst = (cost: 0.0, good: 0.0)
    for index in 1..<all.count - 1 {
      let others = [all[index - 1], all[index + 1]]
      func error(_ amount: (DesignCost) -> Double) -> Double {
        let own = amount(all[index].cost)
        let guess = Self.interpolated(others, at: all[index].level, inProportion: false, amount)
        return own > 0 ? abs(guess / own - 1) : 0
      }
      worst.cost = max(worst.cost, error { $0.effectivePerMonth.units })
      worst.good = max(worst.good, error { $0.workPerMonth?.goodRatio ?? 0 })
    }
    return worst
  }
}
