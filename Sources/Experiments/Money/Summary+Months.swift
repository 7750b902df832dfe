import Economics
import Quantities
import Scenario

/// One month of one design: what is there, what is asked and what is paid; means over replications.
public struct MonthRow: Sendable, Hashable {
  public var design: String
  /// Of the horizon, from 0.
  public var month: Int
  /// A multiple of the workloads' own demand, what is asked again included.
  public var demandLevel: Double
  /// Nodes in use, over the month.
  public var nodes: Double
  /// Requests; `nil` where nothing was measured.
  public var offered: Double?
  /// Of them, those that are answered well.
  public var good: Double?
  /// What is invoiced in the month, and what of it the month uses up; `nil` where a price is not known.
  public var billed: Double?
  public var effective: Double?

  /// Requests that are not answered well.
  public var unmet: Double? {
    offered.flatMap { sent in
      good.map { answered in
        // Less than a trillionth of them is what sums were rounded by.
        let missed = sent - answered
        return missed > sent * 1e-12 ? missed : 0
      }
    }
  }
}

extension Summary {
  /// The months of a design, in order.
  func monthRows(_ index: Int, _ books: [Books]) -> [MonthRow] {
    guard let first = books.first else { return [] }
    let design = models[index].design
    let demand = demand(ofModel: index)
    let horizon = first.ledger.horizon
    let billed = books.map(\.ledger.billedByMonth)
    let effective = books.map(\.ledger.effectiveByMonth)
    func mean(_ values: [Double]) -> Double? {
      values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
    return (0..<horizon.months).map { month in
      let requests = books.compactMap { $0.calendar.requests(ofMonth: month) }
      var row = MonthRow(
        design: design.name, month: month, demandLevel: demand.level(ofMonth: month),
        nodes: Self.nodes(of: design, inMonth: month, demand, horizon))
      row.offered = mean(requests.map(\.offered))
      row.good = mean(requests.map(\.good))
      if first.cost.isKnown {
        row.billed = mean(billed.map { $0[month].units })
        row.effective = mean(effective.map { $0[month].units })
      }
      return row
    }
  }

  private static func nodes(of design: Design, inMonth month: Int, _ demand: Demand, _ horizon: Horizon)
    -> Double
  {
    let whole = horizon.share(ofMonth: month)
    guard whole > 0 else { return 0 }
    let batches = design.pools.flatMap(design.batches).filter { $0.isOrdered(at: demand, horizon) }
    return batches.reduce(0) {
      $0 + Double($1.nodes) * horizon.share(ofMonth: month, from: $1.from) / whole
    }
  }
}
