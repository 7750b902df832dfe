import Economics
import Quantities
import Scenario

/// What a design costs at one level of demand, a multiple of the scenario's own, and one capacity.
struct CostWindow {
  var level: Double
  /// Nodes of each of its pools; `nil` for all of them.
  var nodes: [Int]?
  var cost: DesignCost
}

extension DesignCost {
  /// The books over the horizon.
  ///
  /// Months between the levels of the calendar's windows are interpolated linearly. Beyond the highest level
  /// and below the lowest, what goes by demand goes on in proportion; the rest stays.
  /// - Complexity: O(items × months).
  func ledger(_ calendar: CostCalendar) -> Ledger {
    var ledger = Ledger(horizon: horizon)
    func comes(_ batch: PoolBatch?) -> Bool { batch?.isOrdered(at: calendar.demand, horizon) ?? true }
    for (index, prepayment) in prepayments.enumerated() where comes(batchOfPrepayment[index]) {
      ledger.book(prepayment)
    }
    for (index, item) in items.enumerated() where comes(item.batch) {
      // What goes by capacity begins with it.
      let isStaged = !item.key.isEmpty && design.isPhased
      let unit = calendar.unit(ofItem: index)
      ledger.book(monthly: unit, date: item.date, from: isStaged ? .zero : item.from) { month in
        calendar.factor(ofItem: index, month: month)
      }
    }
    return ledger
  }

  /// Itself among the windows of the whole design, by level; windows that are made of other items are left
  /// out.
  func steps(_ windows: [CostWindow]) -> [CostWindow] {
    let alike = windows.filter { $0.nodes == nil && $0.cost.items.count == items.count }
    return (alike + [CostWindow(level: 1, nodes: nil, cost: self)]).sorted { $0.level < $1.level }
  }

  /// How far a straight line between the neighbours of an inner level misses what was simulated at it, with
  /// all nodes and with fewer: the largest relative error of a month's cost and of its good requests; `nil`
  /// without an inner level.
  func interpolationError(_ windows: [CostWindow]) -> (cost: Double, good: Double)? {
    var fleets = [steps(windows)]
    var seen: [[Int]] = []
    for nodes in windows.compactMap(\.nodes) where !seen.contains(nodes) {
      seen.append(nodes)
      fleets.append(windows.filter { $0.nodes == nodes }.sorted { $0.level < $1.level })
    }
    let errors = fleets.compactMap(Self.missed)
    return errors.isEmpty
      ? nil : errors.reduce((cost: 0, good: 0)) { (max($0.cost, $1.cost), max($0.good, $1.good)) }
  }

  private static func missed(_ all: [CostWindow]) -> (cost: Double, good: Double)? {
    guard all.count > 2 else { return nil }
    var worst = (cost: 0.0, good: 0.0)
    for index in 1..<all.count - 1 {
      let others = [all[index - 1], all[index + 1]]
      func error(_ amount: (DesignCost) -> Double) -> Double {
        let own = amount(all[index].cost)
        let guess = CostCalendar.interpolated(others, at: all[index].level, inProportion: false, amount)
        return own > 0 ? abs(guess / own - 1) : 0
      }
      worst.cost = max(worst.cost, error { $0.effectivePerMonth.units })
      worst.good = max(worst.good, error { $0.workPerMonth?.goodRatio ?? 0 })
    }
    return worst
  }
}
