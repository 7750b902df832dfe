import Economics
import Kernel
import Quantities
import Scenario
import World

/// What the machines of a pool draw in a month: idle power, and the rest in proportion to the time in which
/// their accelerators compute.
///
/// Services compute as they did while their requests were sent (`LoadSpan`), in the hours in which requests
/// come and the pool is switched on. A job computes in its runs, so many a month; one that says nothing of
/// `runs` runs once over the horizon.
struct PoolDraw {
  /// Of the time of a month of its accelerators, or of their instances where they are cut, in which they
  /// compute; at most the time in which they are on.
  var busy: Double
  /// What of that jobs would take, more than there is where runs follow faster than they end.
  var jobs: Double
  var idle: Watts
  /// What accelerators that are all busy add to it.
  var range: Watts
  /// In the busiest stretch between two samples.
  var peak: Watts
  /// Mean draw at each hour of the day, over the whole days of the run; `nil` for a run of less than a day,
  /// and beside jobs.
  var byHour: [Double]?

  init(_ pool: Pool, index: Int, design: Design, outcome: Outcome, horizon: Horizon) {
    var (services, mean, end) = (0.0, 0.0, 0.0)
    var stretches = BusyStretches()
    for (position, service) in design.services.enumerated() {
      let load = outcome.load(ofService: position, of: design)
      let result = outcome.services[position]
      for (role, deployment) in service.deployments.enumerated() where deployment.poolIndex == index {
        let seconds = Utilization.busySeconds(load.replicas(ofRole: role, in: result))
        let held = Double(deployment.acceleratorsPerReplica) / Double(max(1, pool.accelerators))
        let share = load.seconds > 0 ? seconds * held / load.seconds : 0
        mean += share
        services += share * service.hours(on: pool)
        stretches.add(result.stretches(ofRole: role), share: held)
        end = max(end, result.sendingEnd.seconds, result.tally.lastCompletion.seconds)
      }
    }
    jobs = outcome.shareOfJobs(onPool: index, of: design, horizon)
    let hold = PoolHold(pool, index, outcome)
    let ofHeld = hold.share > 0 ? max(0, services) / hold.share : 0
    busy = min(pool.dailyUse, ofHeld + jobs)
    idle = pool.node.idlePower * hold.nodes
    let whole = pool.computingPower
    range = whole * hold.share
    let atOnce = outcome.mostOfJobs(onPool: index, of: design)
    // Stretches are of all nodes, held or not.
    peak =
      (pool.isElastic ? pool.node.idlePower * hold.most : idle)
      + whole * min(1, (stretches.most ?? mean) + atOnce)
    let start = design.sites[pool.siteIndex].startHour
    let shares = jobs > 0 ? nil : stretches.byHour(from: start, end: end)
    byHour = shares?.map { [idle] in (idle + whole * min(1, $0)).value }
  }

  /// Mean draw of a month: nodes that are bought idle when they are not in use, those that are rented are
  /// given back.
  func average(of pool: Pool) -> Watts { idle * (pool.isOwned ? 1 : pool.dailyUse) + range * busy }
}

extension Service {
  /// The share of all hours in which it computes on a pool: requests come, and the pool is switched on. A
  /// member of several computes when its front asks it, as the run shows.
  func hours(on pool: Pool) -> Double { front == nil ? min(dailyUse, pool.dailyUse) : dailyUse }
}

extension Outcome {
  /// Accelerator-time that the jobs of a pool compute in over that of a month.
  func shareOfJobs(onPool index: Int, of design: Design, _ horizon: Horizon) -> Double {
    let month = Calendar.secondsPerMonth * Double(max(1, design.pools[index].accelerators))
    return zip(design.trainingJobs, jobs).reduce(0) { sum, pair in
      let (job, result) = (pair.0.deployment, pair.1)
      guard job.poolIndex == index else { return sum }
      let run = (result.time.useful + result.time.lost).seconds * Double(job.accelerators)
      return sum + run / job.monthsPerRun(over: horizon) / month
    }
  }

  /// Accelerators that jobs hold at once, at most, over those of the pool; more than 1 where they do not fit.
  func mostOfJobs(onPool index: Int, of design: Design) -> Double {
    let here = zip(design.trainingJobs, jobs).compactMap {
      item, result -> (from: Ticks, to: Ticks, share: Double)? in
      let job = item.deployment
      guard job.poolIndex == index, let start = result.firstStart else { return nil }
      let all = Double(max(1, design.pools[index].accelerators))
      return (start, result.finish ?? .never, Double(job.accelerators) / all)
    }
    // The most are there when one of them starts.
    return here.map { one in
      here.reduce(0) { $1.from <= one.from && one.from < $1.to ? $0 + $1.share : $0 }
    }.max() ?? 0
  }

  /// From the first submission of the jobs of a pool until the last of them is done, or the run over.
  func seconds(ofJobsOnPool index: Int, of design: Design) -> Double {
    let here = zip(design.trainingJobs, jobs).filter { $0.0.deployment.poolIndex == index }
    let first = here.map { $0.0.training.start }.min() ?? .zero
    let last = here.map { $0.1.finish ?? end }.max() ?? end
    return max(0, (last - first).seconds)
  }
}

extension JobDeployment {
  /// Months from one run to the next; the whole horizon for a job that is run once.
  func monthsPerRun(over horizon: Horizon) -> Double {
    runs.map { $0.monthsPerRun } ?? max(1, horizon.length.value / Calendar.secondsPerMonth)
  }
}
