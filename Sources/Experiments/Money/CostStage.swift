import Economics
import Quantities
import Scenario

/// A stage of a design's capacity: what of it is there from a time on.
struct CostStage {
  var stage: CapacityStage
  /// Until when.
  var end: Seconds
  /// Services that are answered.
  var services: [String]
  /// Whether all nodes are there.
  var isWhole: Bool
  /// Nodes over all of the design, by pool.
  var shares: [String: Double]

  /// The stages of a design that comes in batches; none of any other.
  ///
  /// - Complexity: O(stages × services).
  static func all(of design: Design, at demand: Demand, _ horizon: Horizon) -> [CostStage] {
    if !design.isPhased { return [] }
    let stages = design.stages { $0.isOrdered(at: demand, horizon) }
    return stages.enumerated().map { index, stage in
      CostStage(
        stage: stage, end: index + 1 < stages.count ? stages[index + 1].from : Seconds(.infinity),
        services: design.reduced(to: stage.nodes).services.map(\.name),
        isWhole: zip(stage.nodes, design.pools).allSatisfy { $0 == $1.nodeCount },
        shares: Dictionary(
          uniqueKeysWithValues: zip(design.pools, stage.nodes).map {
            ($0.name, Double($1) / Double($0.nodeCount))
          }))
    }
  }
}

/// What the months of the horizon come to: the demand and the capacity of each, and what was simulated there.
struct CostCalendar {
  let own: DesignCost
  let demand: Demand
  /// How capacity grows under that demand; empty where all of a design is there at once.
  let stages: [CostStage]
  /// People from a time on, where nodes take them.
  private let people: [(from: Seconds, people: Double)]
  /// The whole design by level.
  private let whole: [CostWindow]
  /// The same of each stage; empty where a stage was not simulated.
  private let staged: [[CostWindow]]

  /// - Parameter windows: the design at other levels of demand and, where it comes in batches, with fewer
  ///   nodes.
  init(_ own: DesignCost, demand: Demand, windows: [CostWindow]) {
    self.own = own
    self.demand = demand
    stages = CostStage.all(of: own.design, at: demand, own.horizon)
    people = own.design.peopleOverTime { [horizon = own.horizon] in $0.isOrdered(at: demand, horizon) }
    whole = own.steps(windows)
    staged = stages.map { stage in
      windows.filter { $0.nodes == stage.stage.nodes }.sorted { $0.level < $1.level }
    }
  }

  /// The charge that an item's months are multiples of: that of the scenario's own demand, or, where that
  /// takes nothing of it, the largest that was simulated: a burst that nobody needs yet.
  func unit(ofItem index: Int) -> Charge {
    let item = own.items[index]
    if item.isInProportion || item.isByPeople || item.driver == .always || item.charge.billed > .zero {
      return item.charge
    }
    var found = demand.isSteady ? [] : whole.map { $0.cost.items[index].charge }
    if !item.key.isEmpty {
      found += staged.joined().compactMap { window in
        window.cost.items.first { $0.key == item.key }?.charge
      }
    }
    return found.reduce(item.charge) { $1.billed > $0.billed ? $1 : $0 }
  }

  /// What comes in a month, over its unit.
  func factor(ofItem index: Int, month: Int) -> Double {
    let item = own.items[index]
    let level = demand.level(ofMonth: month)
    if item.isInProportion { return level }
    if item.isByPeople { return peopleShare(ofMonth: month) }
    let amount = unit(ofItem: index).billed.units
    if !item.key.isEmpty && !stages.isEmpty {
      let share = own.horizon.share(ofMonth: month)
      guard amount > 0, share > 0 else { return 0 }
      return parts(ofMonth: month).reduce(0) { sum, part in
        sum + part.share / share * self.amount(of: item, level: level, stage: part.stage) / amount
      }
    }
    if demand.isSteady || item.driver == .always || amount <= 0 { return 1 }
    return Self.interpolated(whole, at: level, inProportion: item.driver == .demand) {
      $0.items[index].charge.billed.units
    } / amount
  }

  /// The people of a month over those of the whole fleet.
  private func peopleShare(ofMonth month: Int) -> Double {
    let all = own.horizon.share(ofMonth: month)
    guard !people.isEmpty, own.people > 0, all > 0 else { return 1 }
    return people.enumerated().reduce(0) { sum, step in
      let end = step.offset + 1 < people.count ? people[step.offset + 1].from : Seconds(.infinity)
      let share = own.horizon.share(ofMonth: month, from: step.element.from, to: end)
      return sum + share / all * step.element.people / own.people
    }
  }

  /// The stages that a month falls in, each with the part of a whole month that it has of it.
  func parts(ofMonth month: Int) -> [(stage: Int, share: Double)] {
    stages.enumerated().compactMap { index, stage in
      let share = own.horizon.share(ofMonth: month, from: stage.stage.from, to: stage.end)
      return share > 0 ? (index, share) : nil
    }
  }

  private func amount(of item: DesignCost.Item, level: Double, stage: Int) -> Double {
    let windows = stages[stage].isWhole ? whole : staged[stage]
    // What was not simulated takes its part of the whole.
    guard !windows.isEmpty else {
      return item.charge.billed.units * (stages[stage].shares[item.pool] ?? 0)
    }
    return Self.interpolated(windows, at: level, inProportion: false) { cost in
      cost.items.first { $0.key == item.key }?.charge.billed.units ?? 0
    }
  }

  // MARK: Requests

  /// Requests of a month: those that are sent, and those that are answered well; `nil` when nothing was
  /// measured.
  func requests(ofMonth month: Int) -> (offered: Double, good: Double)? {
    guard var part = usualRequests(ofMonth: month) else { return nil }
    if month == monthOfEvents {
      // They meet the demand of that month.
      let level = demand.level(ofMonth: month)
      part.offered = max(0, part.offered + own.once.offered * level)
      part.good = min(part.offered, max(0, part.good + own.once.good * level))
    }
    return part
  }

  /// The first whole month in which the design answers: what happens once is counted there.
  private var monthOfEvents: Int {
    let start = own.firstService.value / Calendar.secondsPerMonth
    let last = max(0, own.horizon.months - 1)
    return start.isFinite && start < Double(last) ? Int(start.rounded(.up)) : last
  }

  private func usualRequests(ofMonth month: Int) -> (offered: Double, good: Double)? {
    guard let work = own.workPerMonth else { return nil }
    let level = demand.level(ofMonth: month)
    let sent = work.offered * level
    let offered = sent * own.horizon.share(ofMonth: month)
    if stages.isEmpty {
      let ratio = goodRatio(whole, at: level, own: work)
      return (offered, sent * ratio * own.horizon.share(ofMonth: month, from: own.firstService))
    }
    let good = parts(ofMonth: month).reduce(0.0) { sum, part in
      sum + sent * part.share * goodRatio(ofStage: part.stage, at: level, own: work)
    }
    return (offered, good)
  }

  /// The share that is answered well: two levels draw other requests, so counts would not compare.
  private func goodRatio(_ windows: [CostWindow], at level: Double, own work: DesignCost.Work) -> Double {
    if demand.isSteady { return work.goodRatio }
    return Self.interpolated(windows, at: level, inProportion: false) { $0.workPerMonth?.goodRatio ?? 0 }
  }

  private func goodRatio(ofStage index: Int, at level: Double, own work: DesignCost.Work) -> Double {
    let stage = stages[index]
    if stage.isWhole { return goodRatio(whole, at: level, own: work) }
    let answered = work.services.filter { stage.services.contains($0.name) }
    let rest = work.services.filter { !stage.services.contains($0.name) }
    guard !staged[index].isEmpty else {
      return work.offered > 0 ? answered.reduce(0) { $0 + $1.goodOfOffered } / work.offered : 0
    }
    let missing = rest.reduce(0) { $0 + $1.offered }
    return Self.interpolated(
      staged[index].map { window in
        let its = window.cost.workPerMonth
        let all = (its?.offered ?? 0) + missing * window.level
        return (window.level, all > 0 ? (its?.goodOfOffered ?? 0) / all : 0)
      }, at: level)
  }

  /// Requests of the horizon: those that are sent, and those that are answered well. Before the first day of
  /// service none are answered. `nil` when nothing was measured.
  var requests: (offered: Double, good: Double)? {
    var sum = (offered: 0.0, good: 0.0)
    for month in 0..<own.horizon.months {
      guard let part = requests(ofMonth: month) else { return nil }
      sum.offered += part.offered
      sum.good += part.good
    }
    return own.workPerMonth == nil ? nil : sum
  }

  /// Of the accelerator-hours of a pool that a month pays for, those in which something is computed.
  func busyRatio(ofPool pool: Int, month: Int) -> Double {
    let (level, name) = (demand.level(ofMonth: month), own.design.pools[pool].name)
    func ratio(_ windows: [CostWindow]) -> Double {
      if windows.isEmpty { return own.busyRatio(ofPool: name) }
      return Self.interpolated(windows, at: level, inProportion: false) { $0.busyRatio(ofPool: name) }
    }
    let all = demand.isSteady ? [] : whole
    if stages.isEmpty { return ratio(all) }
    // Weighted by what is there.
    var (sum, weight) = (0.0, 0.0)
    for part in parts(ofMonth: month) {
      let nodes = Double(stages[part.stage].stage.nodes[pool])
      let windows = stages[part.stage].isWhole ? all : staged[part.stage]
      sum += part.share * nodes * (nodes > 0 ? ratio(windows) : 0)
      weight += part.share * nodes
    }
    return weight > 0 ? sum / weight : 0
  }

  /// What is paid for machines in hours in which they compute nothing, over the horizon; `nil` without
  /// machines, and beside recorded jobs, which do not say when theirs compute.
  func idleCost(_ ledger: Ledger) -> Double? {
    let pools = own.design.pools
    if own.paidAcceleratorHours <= 0 || pools.indices.contains(where: own.design.playsRecordedJobs) {
      return nil
    }
    var paid = pools.map { _ in [Double](repeating: 0, count: ledger.horizon.months) }
    for entry in ledger.entries {
      if case .pool(let name) = ledger.accounts[entry.account].holder,
        let pool = pools.firstIndex(where: { $0.name == name })
      {
        paid[pool][entry.month] += entry.effective.units
      }
    }
    return paid.enumerated().reduce(0) { sum, pool in
      pool.element.enumerated().reduce(sum) {
        $1.element == 0
          ? $0 : $0 + $1.element * (1 - busyRatio(ofPool: pool.offset, month: $1.offset))
      }
    }
  }

  // MARK: Between levels

  static func interpolated(
    _ windows: [CostWindow], at level: Double, inProportion: Bool, _ amount: (DesignCost) -> Double
  ) -> Double {
    guard let first = windows.first, let last = windows.last else { return 0 }
    let line = windows.map { (level: $0.level, value: amount($0.cost)) }
    let beyond = level <= first.level ? first.level : level >= last.level ? last.level : level
    return interpolated(line, at: level) * (inProportion ? level / beyond : 1)
  }

  /// A straight line between points in order of level, level beyond them.
  private static func interpolated(_ points: [(level: Double, value: Double)], at level: Double) -> Double {
    guard let first = points.first, let last = points.last else { return 0 }
    if level <= first.level { return first.value }
    if level >= last.level { return last.value }
    let above = points.firstIndex { $0.level >= level } ?? points.count - 1
    let (low, high) = (points[above - 1], points[above])
    let share = high.level > low.level ? (level - low.level) / (high.level - low.level) : 1
    return low.value + (high.value - low.value) * share
  }
}
