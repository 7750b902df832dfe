import Economics
import Scenario
import World

/// What a month is taken to be of pools that are not in use all the time.
extension Summary {
  /// Pools that are switched off while requests come, and those whose jobs say nothing of power.
  func useNotes(_ design: Design) -> [String] {
    let recorded = design.pools.indices.filter(design.playsRecordedJobs).map { index in
      "\(design.name)/\(design.pools[index].name): recorded jobs say nothing of power: its energy is that of "
        + "idle nodes, and what idle hours cost is not known"
    }
    return recorded
      + design.services.flatMap { service -> [String] in
        service.deployments.compactMap { deployment in
          let pool = design.pools[deployment.poolIndex]
          guard service.front == nil, pool.dailyUse < service.dailyUse else { return nil }
          let share = (1 - pool.dailyUse / service.dailyUse) * 100
          return "\(design.name)/\(pool.name) is on \(MoneyWords.number(pool.dailyUse * 24)) h a day: "
            + "\(MoneyWords.number(share)) % of the requests of \(service.name) come when it is off and are "
            + "not met; where they come in its hours alone, give the workload the same `daily-use`"
        }
      }
  }

  /// Jobs that say nothing of how often they run, and jobs that run more often than they fit.
  func runNotes(_ index: Int) -> [String] {
    let design = models[index].design
    guard let outcome = outcomes(of: index).first?.ofMonths else { return [] }
    let horizon = Horizon(scenario.economics.horizon)
    return design.pools.indices.compactMap { position in
      let here = design.trainingJobs.map(\.deployment).filter { $0.poolIndex == position }
      guard !here.isEmpty else { return nil }
      let name = "\(design.name)/\(design.pools[position].name)"
      let share = outcome.shareOfJobs(onPool: position, of: design, horizon)
      if design.isPaidByJobs(position) {
        guard share > 1 + 1e-9 else { return nil }
        return
          "\(name): the runs of its jobs take \(MoneyWords.number(share * 100)) % of the hours of its nodes: "
          + "the months pay for more nodes than the pool has"
      }
      if share > 1 + 1e-9 {
        return
          "\(name): the runs of its jobs take \(MoneyWords.number(share * 100)) % of the hours that there "
          + "are; it is taken to be busy all the time"
      }
      let once = here.filter { $0.runs == nil }.map(\.name)
      if once.isEmpty { return nil }
      let verb = once.count == 1 ? "runs" : "run"
      return
        "\(name): \(once.joined(separator: ", ")) \(verb) once in the horizon, and nodes that are paid for "
        + "all of it stand idle for the rest; say `runs: { every: … }` where there are more"
    }
  }
}
