import Economics
import Foundation
import Quantities
import Scenario
import Workloads
import World

extension EconomicsSettings {
  /// The levels of demand that a run simulates beside the scenario's own, drift of designs left out.
  public var demandLevels: [Double] { levels(of: [demand] + growthPaths.map(\.demand)) }

  /// The levels that are simulated beside the scenario's own: evenly spaced in proportion over what the first
  /// path runs through, and those of other paths that are not within a twentieth of one; none where demand
  /// stays.
  fileprivate func levels(of paths: [Demand]) -> [Double] {
    var levels: [Double] = []
    for (index, path) in paths.enumerated() {
      let own = simulatesEveryMonth ? monthlyLevels(of: path) : spacedLevels(of: path)
      let nearest = index == 0 ? 1e-6 : 0.05
      for level in own where !(levels + [1]).contains(where: { abs(level / $0 - 1) <= nearest }) {
        levels.append(level)
      }
    }
    return simulatesEveryMonth || paths.count > 1 ? levels.sorted() : levels
  }

  private func monthlyLevels(of demand: Demand) -> [Double] {
    (0..<Horizon(horizon).months).map(demand.level).filter { $0 >= 0.001 }
  }

  private func spacedLevels(of demand: Demand) -> [Double] {
    let horizon = Horizon(horizon)
    if demand.isSteady || horizon.months == 0 { return [] }
    let range = demand.range(horizon)
    let high = range.upperBound
    // A ramp begins at nothing: a twentieth of the most stands for it.
    let low = max(range.lowerBound, high / 20)
    let count = demandWindows
    // Less than a thousandth is not simulated: what goes by demand goes on in proportion below.
    guard high >= 0.001 else { return [] }
    let isOne = high <= low * 1.000001 || count == 1
    let all =
      isOne ? [high] : (0..<count).map { low * pow(high / low, Double($0) / Double(count - 1)) }
    return all.filter { $0 >= 0.001 }
  }
}

/// What is simulated of a design beside the whole of it at the scenario's own demand.
public struct WindowSetting: Sendable, Hashable {
  /// A multiple of the scenario's own demand.
  public var level: Double
  /// Nodes of each of its pools; `nil` for all of them.
  public var nodes: [Int]?
}

/// A design in all replications at one level of demand and one capacity.
struct DemandWindow: Sendable {
  /// Position among the models of the run.
  var design: Int
  var setting: WindowSetting
  var model: DesignModel
  /// By replication.
  var outcomes: [Outcome?]
}

extension Scenario {
  /// The ways in which demand of a design may go, the expected one first.
  func demandPaths(ofDesign index: Int) -> [Demand] {
    ([economics.demand] + economics.growthPaths.map(\.demand)).map { $0.with(designs[index].drift) }
  }

  /// The levels and capacities that a run simulates of a design: the whole of it at every level, and each
  /// smaller fleet at the levels that demand has while it is all there is, with a level on either side.
  ///
  /// - Complexity: O(stages × months × paths).
  public func windows(ofDesign index: Int) -> [WindowSetting] {
    let paths = demandPaths(ofDesign: index)
    let levels = economics.levels(of: paths)
    let windows = levels.map { WindowSetting(level: $0, nodes: nil) }
    let design = designs[index]
    if !design.isPhased { return windows }
    let grid = (levels + [1]).sorted()
    return windows
      + demandAtSmallerFleets(design, paths).flatMap { nodes, range in
        let below = grid.last { $0 <= range.lowerBound } ?? grid[0]
        let above = grid.first { $0 >= range.upperBound } ?? grid[grid.count - 1]
        return grid.filter { $0 >= below && $0 <= above }.map { WindowSetting(level: $0, nodes: nodes) }
      }
  }

  /// The capacities below the whole that a design goes through on any path, each with the demand that it
  /// meets then. A stage in which nothing is there or can be answered needs no run.
  private func demandAtSmallerFleets(
    _ design: Design, _ paths: [Demand]
  ) -> [(nodes: [Int], range: ClosedRange<Double>)] {
    let horizon = Horizon(economics.horizon)
    let whole = design.pools.map(\.nodeCount)
    var fleets: [(nodes: [Int], range: ClosedRange<Double>)] = []
    for path in paths {
      let stages = design.stages { $0.isOrdered(at: path, horizon) }
      for (position, stage) in stages.enumerated() where stage.nodes != whole {
        let end = position + 1 < stages.count ? stages[position + 1].from : horizon.length
        let levels = (0..<horizon.months).filter {
          horizon.share(ofMonth: $0, from: stage.from, to: end) > 0
        }.map(path.level)
        let isNothing =
          stage.nodes.allSatisfy { $0 == 0 } && design.reduced(to: stage.nodes).services.isEmpty
        guard !isNothing, let low = levels.min(), let high = levels.max() else { continue }
        if let known = fleets.firstIndex(where: { $0.nodes == stage.nodes }) {
          let old = fleets[known].range
          fleets[known].range = min(low, old.lowerBound)...max(high, old.upperBound)
        } else {
          fleets.append((stage.nodes, low...high))
        }
      }
    }
    return fleets
  }

  /// A design at another level of demand and capacity.
  func model(ofDesign index: Int, _ setting: WindowSetting) -> DesignModel {
    var scenario = scaled(by: setting.level)
    if let nodes = setting.nodes { scenario.designs[index] = designs[index].reduced(to: nodes) }
    var model = DesignModel(scenario: scenario, designIndex: index)
    model.settleWhatIsFixed()
    return model
  }
}

extension Demand {
  /// The same for a design whose models get worse.
  func with(_ drift: Drift?) -> Demand {
    var demand = self
    demand.drift = drift
    return demand
  }
}

extension Scenario {
  /// The same scenario with so many times the requests: faster, or of so many more users.
  func scaled(by level: Double) -> Scenario {
    var scaled = self
    if level == 1 { return scaled }
    for index in scaled.workloads.indices {
      var workload = scaled.workloads[index]
      func count(_ value: Int) -> Int { max(1, Int(min(1e7, (Double(value) * level).rounded()))) }
      workload.traceUsers = workload.traceUsers.map(count)
      switch workload.traffic {
      case .trace(let trace):
        if workload.traceUsers == nil { workload.traffic = .trace(trace.sent(timesFaster: level)) }
      case .generated(let arrivals, let prompt, let output):
        workload.traffic = .generated(
          arrivals.scaled(by: level, count: count), promptTokens: prompt, outputTokens: output)
      }
      scaled.workloads[index] = workload
    }
    return scaled
  }
}

extension ArrivalProcess {
  fileprivate func scaled(by level: Double, count: (Int) -> Int) -> ArrivalProcess {
    switch self {
    case .poisson(let rate): .poisson(rate: rate * level)
    case .gamma(let rate, let burstiness): .gamma(rate: rate * level, burstiness: burstiness)
    case .weibull(let rate, let shape): .weibull(rate: rate * level, shape: shape)
    case .constant(let rate): .constant(rate: rate * level)
    case .closedLoop(let users, let thinkTime): .closedLoop(users: count(users), thinkTime: thinkTime)
    case .burst(let requests): .burst(count: count(requests))
    case .diurnal(let mean, let peak, let period):
      .diurnal(mean: mean * level, peakToMean: peak, period: period)
    case .schedule(let points):
      .schedule(points.map { SchedulePoint(time: $0.time, rate: $0.rate * level) })
    }
  }
}
