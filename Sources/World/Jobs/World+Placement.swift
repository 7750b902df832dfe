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
    let step = jobs.models[job].stepTime(
      on: jobs.states[job].allocation, of: pool, catalog: model.scenario.catalog)
    if step == jobs.states[job].aloneStep { return }
    jobs.states[job].settleDelay()
    jobs.states[job].aloneStep = step
    jobs.states[job].progress.setStepTime(step)
  }
}

extension JobModel {
  /// Time of a step on an allocation when nobody slows it: the step of full domains, unless it lies in more
  /// of them than it would fill. Then as many of its accelerators share a domain as do in the mean, rounded
  /// down, and with them their own interfaces where each accelerator has one.
  ///
  /// - Complexity: O(accelerators); one evaluation of the step model more where it lies scattered.
  func stepTime(on allocation: Allocation?, of pool: Pool, catalog: Catalog) -> Ticks {
    guard let allocation, accelerators > 1 else { return stepTime }
    let domain = pool.scaleUpDomain
    let perNode = max(1, pool.node.accelerators)
    let nodesPerDomain = max(1, domain / perNode)
    let domains = Set(allocation.grants.map { Int($0.node) / nodesPerDomain }).count
    guard domains > (accelerators + domain - 1) / domain else { return stepTime }
    let together = max(1, accelerators / domains)
    let ownsInterfaces = pool.interfaces(catalog: catalog) >= perNode
    let left = ownsInterfaces ? min(1, Double(together) / Double(domain)) : 1
    guard
      let collectives = pool.collectives(
        ranks: domains * nodesPerDomain * perNode, catalog: catalog, left: left)
    else { return stepTime }
    var run = job.run
    run.domain = together
    let step = TrainingStepModel(run, framework: job.framework, collectives: collectives, catalog: catalog)
      .step()
    // A store that holds up the step of full domains holds up this one no more than it has to.
    let fetching = job.step.time.value / max(loading.compute, 1e-9)
    return max(stepTime, Ticks(seconds: max(fetching, step.time.value)))
  }
}
