import Catalog
import Infrastructure
import Kernel
import Quantities
import Scenario
import Workloads

/// A job's step where it really lies.
extension World {
  /// The job has another allocation: its step takes what it takes there.
  mutating func takePlacement(_ job: Int) {
    let pool = model.design.pools[jobs.models[job].poolIndex]
    let step = jobs.models[job].step(
      on: jobs.states[job].allocation, of: pool, catalog: model.scenario.catalog)
    if step == jobs.states[job].placements[jobs.states[job].placed] { return }
    jobs.states[job].settleDelay()
    if let known = jobs.states[job].placements.firstIndex(of: step) {
      jobs.states[job].placed = known
    } else {
      jobs.states[job].placed = jobs.states[job].placements.count
      jobs.states[job].placements.append(step)
    }
    jobs.states[job].progress.setStepTime(step.time)
  }
}

extension JobModel {
  /// A step on an allocation when nobody slows it: the step of full domains, unless it lies in more of them
  /// than it would fill. Then as many of its accelerators share a domain as do in the mean, rounded down, and
  /// with them their own interfaces where each accelerator has one.
  ///
  /// - Complexity: O(accelerators); one evaluation of the step model more where it lies scattered.
  func step(on allocation: Allocation?, of pool: Pool, catalog: Catalog) -> PlacedStep {
    let whole = PlacedStep(time: stepTime, shares: job.step.shares, loading: loading)
    guard let allocation, accelerators > 1 else { return whole }
    let domain = pool.scaleUpDomain
    let perNode = max(1, pool.node.accelerators)
    let nodesPerDomain = max(1, domain / perNode)
    let domains = Set(allocation.grants.map { Int($0.node) / nodesPerDomain }).count
    guard domains > (accelerators + domain - 1) / domain else { return whole }
    let together = max(1, accelerators / domains)
    let ownsInterfaces = pool.interfaces(catalog: catalog) >= perNode
    let left = ownsInterfaces ? min(1, Double(together) / Double(domain)) : 1
    guard
      let collectives = pool.collectives(
        ranks: domains * nodesPerDomain * perNode, catalog: catalog, left: left)
    else { return whole }
    var run = job.run
    run.domain = together
    let step = TrainingStepModel(run, framework: job.framework, collectives: collectives, catalog: catalog)
      .step()
    // A store that holds up the step of full domains holds up this one no more than it has to.
    let fetching = job.step.time.value / max(loading.compute, 1e-9)
    let time = max(stepTime, Ticks(seconds: max(fetching, step.time.value)))
    return PlacedStep(
      time: time, shares: step.shares, loading: loading.rest(of: step.time.value / time.seconds))
  }
}

extension LoadingBound {
  /// The same causes where steps themselves are `compute` of the time, 0...1.
  fileprivate func rest(of compute: Double) -> LoadingBound {
    let waiting = storage + network
    guard waiting > 0 else { return LoadingBound(compute: 1, storage: 0, network: 0) }
    let left = max(0, 1 - compute)
    return LoadingBound(
      compute: 1 - left, storage: left * storage / waiting, network: left * network / waiting)
  }
}
