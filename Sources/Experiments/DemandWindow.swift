import Economics
import Foundation
import Quantities
import Scenario
import Workloads
import World

extension EconomicsSettings {
  /// The levels of demand that a run simulates beside the scenario's own.
  public var demandLevels: [Double] { DemandWindow.levels(of: self) }
}

/// All designs and replications at one level of demand.
struct DemandWindow: Sendable {
  var level: Double
  /// In the order of the outcomes at the scenario's own level.
  var outcomes: [Outcome?]

  /// The levels that are simulated beside the scenario's own: evenly spaced in proportion over what demand
  /// runs through, none where it stays.
  static func levels(of economics: EconomicsSettings) -> [Double] {
    let horizon = Horizon(economics.horizon)
    if economics.demand.isSteady || horizon.months == 0 { return [] }
    let range = economics.demand.range(horizon)
    let high = range.upperBound
    // A ramp begins at nothing: a twentieth of the most stands for it.
    let low = max(range.lowerBound, high / 20)
    let count = economics.demandWindows
    // Less than a thousandth is not simulated: what goes by demand goes on in proportion below.
    guard high >= 0.001 else { return [] }
    let isOne = high <= low * 1.000001 || count == 1
    let all =
      isOne ? [high] : (0..<count).map { low * pow(high / low, Double($0) / Double(count - 1)) }
    return all.filter { abs($0 - 1) > 1e-6 && $0 >= 0.001 }
  }
}

extension Scenario {
  /// The same scenario with so many times the requests: faster, or of so many more users.
  func scaled(by level: Double) -> Scenario {
    var scaled = self
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
