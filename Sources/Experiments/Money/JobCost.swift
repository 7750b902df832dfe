import Economics
import Quantities
import Scenario
import World

/// What one run of a job costs: the nodes that it held, for as long as it held them.
///
/// Rented nodes cost their rent; bought and reserved ones their share of what is paid for them anyway, and
/// electricity where the site says what it costs. Of a job that says how often it runs, the idle hours of
/// such nodes belong to its runs too: `DesignCost.perRun`.
struct JobCost {
  var nodes = Money.zero
  var electricity = Money.zero
  /// Node-hours of any kind.
  var nodeHours: Double
  var total: Money { nodes + electricity }

  init(_ outcome: TrainingOutcome, of job: JobDeployment, on pool: Pool, site: Site) {
    let hours = { (seconds: Double) in seconds / 3600 }
    nodeHours = hours(outcome.heldNodeSeconds + outcome.spotNodeSeconds + outcome.fallbackNodeSeconds)
    switch pool.payment {
    case .rent(let price, _, _, _, _):
      nodes = price * hours(outcome.heldNodeSeconds)
      nodes += outcome.spotCost.map { Money($0) } ?? price * hours(outcome.spotNodeSeconds)
      if let market = pool.market {
        nodes += Money(market.onDemandPrice * hours(outcome.fallbackNodeSeconds))
      }
    case .lease(let leased): nodes = leased.lease.payment * (nodeHours / Calendar.hoursPerMonth)
    case .purchase(let price, let life, let residual):
      nodes = price * ((1 - residual) * nodeHours / hours(life.value))
    }
    if site.electricityPerKilowattHour > .zero {
      // Steps keep the accelerators busy nearly all the time.
      let kilowattHours =
        pool.fullNodePower.value / 1000 * site.powerUsageEffectiveness * nodeHours
      electricity = site.electricityPerKilowattHour * kilowattHours
    }
  }
}

extension Pool {
  /// Whether a job pays for its nodes only while it holds them.
  var isPaidByUse: Bool {
    if case .rent(_, let term, _, _, _) = payment {
      return (term == .onDemand || term == .spot || term == .custom) && rent.allSatisfy(\.isByUse)
    }
    return false
  }
}

extension DesignCost {
  /// What a run costs of a pool that is paid for whatever runs: a month of the pool over the runs of a month,
  /// so that all runs together cost what the pool does, its idle hours included. Several jobs, and services
  /// beside them, share it by the accelerator-hours that they hold.
  ///
  /// - Parameter position: among the design's training jobs.
  /// - Returns: `nil` for a job that does not say how often it runs, and for one that pays for its nodes only
  ///   while it holds them.
  /// - Complexity: O(jobs + services).
  func perRun(ofJob position: Int, _ outcome: Outcome) -> Money? {
    let jobs = design.trainingJobs
    let job = jobs[position].deployment
    guard let runs = job.runs, !design.isPaidByJobs(job.poolIndex) else { return nil }
    let pool = design.pools[job.poolIndex]
    // Node-hours of a month.
    func held(_ index: Int) -> Double {
      let result = outcome.jobs[index]
      let seconds = result.heldNodeSeconds + result.spotNodeSeconds + result.fallbackNodeSeconds
      return seconds / 3600 / jobs[index].deployment.monthsPerRun(over: horizon)
    }
    let byJobs = jobs.indices.filter { jobs[$0].deployment.poolIndex == job.poolIndex }.reduce(0) {
      $0 + held($1)
    }
    let perNode = Double(max(1, pool.accelerators)) / Double(max(1, pool.nodeCount))
    let byServices = design.services.indices.reduce(0) { sum, index in
      design.services[index].deployments.enumerated().reduce(sum) { sum, entry in
        guard entry.element.poolIndex == job.poolIndex else { return sum }
        let replicas = outcome.replicasHeld(ofService: index, role: entry.offset, of: design)
        let nodes = replicas * Double(entry.element.acceleratorsPerReplica) / perNode
        return sum + nodes * Calendar.hoursPerMonth
      }
    }
    // Runs that find no hours are not made: those that are pay for the pool. What recorded jobs hold of it is
    // not asked: they leave this one its own hours.
    let there = Double(pool.nodeCount) * Calendar.hoursPerMonth
    let isShared = design.playsRecordedJobs(onPool: job.poolIndex)
    let all = isShared ? there : min(byJobs + byServices, there)
    guard all > 0 else { return nil }
    return ofPools[job.poolIndex] * (held(position) / all * runs.monthsPerRun)
  }
}
