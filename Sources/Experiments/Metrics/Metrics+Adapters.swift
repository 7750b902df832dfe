import Scenario
import World

extension MetricReader {
  /// What only services with adapters have: how many requests found theirs, and what loads cost the others.
  mutating func readAdapters(_ index: Int) {
    let service = model.design.services[index]
    let result = outcome.joined(service: index, of: model.design)
    guard let tally = result.tally.adapters, let deployment = service.deployments.first,
      let adapters = deployment.adapters
    else { return }
    let workload = scenario.workloads[service.workloadIndex].name
    let ratio = tally.requests > 0 ? Double(tally.hits) / Double(tally.requests) : nil
    add(workload, "adapter_hit_ratio", ratio, "ratio")
    let loads = result.replicas.reduce(0) { $0 + $1.adapters.loads }
    let fetches = result.replicas.reduce(0) { $0 + $1.adapters.fetches }
    add(workload, "adapter_loads", Double(loads), "1")
    add(workload, "adapter_fetches", Double(fetches), "1")
    let each = adapters.bytesPerAccelerator.value * Double(deployment.acceleratorsPerReplica)
    add(workload, "adapter_load_bytes", Double(loads) * each, "B")
    add(workload, "adapter_wait_s", tally.wait, 1 / 16e9)
  }
}
