import Economics
import Quantities
import Scenario
import Statistics
import World

/// What each workload costs of a design that several share.
extension Summary {
  /// Whom a design's money is spent for, over the horizon; all parts add up to it, to the micro-unit.
  private struct Shares {
    /// By row name, in the order of services and jobs.
    var workloads: [(name: String, cost: Money)]
    /// Machines that nothing is placed on.
    var idle = Money.zero
    /// What belongs to no machine: people, storage, what leaves, other costs.
    var shared = Money.zero
  }

  /// Rows of `cost_of_workload` and `cost_unallocated`: showback by allocated accelerator-hours.
  func workloadCostRows(_ index: Int, _ books: [Books]) -> [MetricRow] {
    guard let first = books.first, first.cost.isKnown else { return [] }
    let all = books.compactMap { shares(index, $0) }
    guard let names = all.first?.workloads.map(\.name) else { return [] }
    let design = models[index].design.name
    func row(_ workload: String, _ metric: String, _ statistic: String, _ values: [Double]) -> MetricRow {
      let interval = studentInterval(values)
      return MetricRow(
        design: design, workload: workload, replication: nil, metric: metric, statistic: statistic,
        value: values.reduce(0, +) / Double(values.count), unit: scenario.economics.currency,
        low: interval?.low, high: interval?.high)
    }
    return names.indices.map { position in
      row(names[position], "cost_of_workload", "value", all.map { $0.workloads[position].cost.units })
    } + [
      row("", "cost_unallocated", "idle", all.map(\.idle.units)),
      row("", "cost_unallocated", "shared", all.map(\.shared.units)),
    ]
  }

  private func shares(_ index: Int, _ books: Books) -> Shares? {
    let design = models[index].design
    guard let outcome = outcomes(of: index).first(where: { $0.replication == books.replication })?.ofMonths
    else {
      return nil
    }
    let tenants = tenants(index, outcome)
    var shares = Shares(workloads: [])
    for tenant in tenants where !shares.workloads.contains(where: { $0.name == tenant.row }) {
      shares.workloads.append((tenant.row, .zero))
    }
    var sums = [Money](repeating: .zero, count: design.pools.count)
    func add(_ cost: Money, to row: String) {
      if let position = shares.workloads.firstIndex(where: { $0.name == row }) {
        shares.workloads[position].cost += cost
      }
    }
    for entry in books.ledger.entries {
      switch books.ledger.accounts[entry.account].holder {
      case .pool(let name):
        if let pool = design.pools.firstIndex(where: { $0.name == name }) { sums[pool] += entry.effective }
      case .work(let name):
        if let tenant = tenants.first(where: { $0.name == name }) { add(entry.effective, to: tenant.row) }
      case nil: shares.shared += entry.effective
      }
    }
    for (pool, sum) in sums.enumerated() {
      let here = tenants.flatMap { tenant in
        tenant.held.filter { $0.pool == pool }.map { (row: tenant.row, share: $0.share) }
      }
      let held = here.reduce(0) { $0 + $1.share }
      let parts = sum.split(by: here.map(\.share) + [max(0, 1 - held)])
      for (tenant, part) in zip(here, parts) { add(part, to: tenant.row) }
      shares.idle += parts.last ?? .zero
    }
    return shares
  }

  /// A service or a job with the parts of pools that it holds, by accelerator-hours over the horizon.
  private struct Tenant {
    var name: String
    /// Under which its rows stand.
    var row: String
    var held: [(pool: Int, share: Double)]
  }

  private func tenants(_ index: Int, _ outcome: Outcome) -> [Tenant] {
    let design = models[index].design
    let services = design.services.enumerated().map { position, service in
      // Replicas that come and go hold accelerators for part of the time.
      Tenant(
        name: service.name, row: scenario.workloads[service.workloadIndex].name,
        held: service.deployments.enumerated().map { role, deployment in
          let replicas = outcome.replicasHeld(ofService: position, role: role, of: design)
          let pool = design.pools[deployment.poolIndex]
          let all = PoolHold(pool, deployment.poolIndex, outcome).accelerators(of: pool)
          let accelerators = replicas * Double(deployment.acceleratorsPerReplica)
          return (deployment.poolIndex, all > 0 ? min(accelerators / all, 1) : 0)
        })
    }
    let horizon = scenario.economics.horizon.value
    let jobs = zip(design.trainingJobs, outcome.jobs).map { entry, result -> Tenant in
      let job = entry.deployment
      let pool = design.pools[job.poolIndex]
      let runs = job.runs.map { horizon / Calendar.secondsPerMonth / $0.monthsPerRun } ?? 1
      let held = result.heldNodeSeconds + result.spotNodeSeconds + result.fallbackNodeSeconds
      let all = Double(pool.nodeCount) * horizon
      // A job cannot hold more than services leave it.
      let free =
        1 - services.flatMap(\.held).reduce(0) { $1.pool == job.poolIndex ? $0 + $1.share : $0 }
      return Tenant(
        name: job.name, row: models[index].name(of: job, scenario.trainings[entry.workload].name),
        held: [(job.poolIndex, all > 0 ? min(max(0, free), held * runs / all) : 0)])
    }
    return services + jobs
  }
}
