import Scenario
import World

extension MetricReader {
  /// What became of replicas and of the requests that they lost: in every design of a scenario where replicas
  /// can fall or come and go, so that those where they cannot stand beside them.
  mutating func readLife(_ index: Int) {
    guard scenario.hasLifecycles else { return }
    let service = model.design.services[index]
    let workload = scenario.workloads[service.workloadIndex].name
    let result = outcome.joined(service: index, of: model.design)
    add(workload, "failed", Double(result.tally.failed), "1")
    add(workload, "retried", Double(result.tally.retried), "1")
    guard !result.replicas.isEmpty else { return }
    let life = result.life
    add(workload, "availability_ratio", life == nil ? 1 : life?.availability, "ratio")
    add(workload, "replica_failures", Double(life?.falls ?? 0), "1")
    if scenario.hasBreakers { add(workload, "circuit_opens", Double(life?.opens ?? 0), "1") }
    let count = Double(result.replicas.count)
    let mean = life.map { $0.span > 0 ? $0.upSeconds / $0.span : nil } ?? count
    add(workload, "replicas", mean, "1", statistic: "mean")
    add(workload, "replicas", Double(life?.mostUp ?? result.replicas.count), "1", statistic: "max")
    guard result.disaggregation != nil else { return }
    for (role, name) in ["prefill", "decode"].enumerated() {
      let own = result.roleLives.isEmpty ? nil : result.roleLives[role]
      let replicas = Double(result.replicas(ofRole: role).count)
      let up = own.map { $0.span > 0 ? $0.upSeconds / $0.span : nil } ?? replicas
      add(workload, "replicas", up, "1", statistic: name)
      add(
        workload, "availability_ratio", own == nil ? 1 : own?.availability, "ratio", statistic: name)
    }
  }
}
