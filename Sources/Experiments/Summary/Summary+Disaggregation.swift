import Catalog
import Kernel
import Quantities
import Scenario
import Workloads
import World

/// Series of a service whose prompts and answers have replicas of their own.
extension Summary {
  /// The whole service under its name, and each role under the name with `/prefill` or `/decode` behind it.
  func seriesRows(_ service: Service, _ roles: Disaggregation, _ result: ServiceOutcome, of design: Design)
    -> [SeriesRow]
  {
    guard let outcome = result.disaggregation else { return [] }
    let deployments = [roles.prefill, roles.decode]
    let samples = [outcome.prefillSamples, outcome.decodeSamples]
    let blocks = (0...1).map { Double(result.blocksPerReplica(ofRole: $0) * deployments[$0].replicas) }
    var rows: [SeriesRow] = []
    let stretches = (0...1).map { result.stretches(ofRole: $0) }
    for (position, whole) in result.samples.enumerated() {
      func add(_ suffix: String, _ metric: String, _ value: Double) {
        rows.append(
          SeriesRow(
            design: design.name, service: service.name + suffix, timeSeconds: whole.time.seconds,
            metric: metric, value: value))
      }
      // Of those that are up, where they come and go.
      let replicas = (0...1).map { Double(samples[$0][position].up ?? deployments[$0].replicas) }
      let held = (0...1).map { replicas[$0] * Double(deployments[$0].acceleratorsPerReplica) }
      let computing = stretches.map { $0[position].replicas }
      let busy = (0...1).map { replicas[$0] > 0 ? min(1, computing[$0] / replicas[$0]) : 0 }
      add("", "queue_depth", Double(whole.queued))
      add("", "running", Double(whole.running))
      let available = blocks[0] + blocks[1]
      add("", "kv_usage_ratio", available > 0 ? Double(whole.blocksInUse) / available : 0)
      add("", "replicas", replicas[0] + replicas[1])
      let all = held[0] + held[1]
      add("", "gpu_busy_ratio", all > 0 ? (busy[0] * held[0] + busy[1] * held[1]) / all : 0)
      add("", "power_w", power(deployments, design.pools, computing: computing))
      for (role, suffix) in ["/prefill", "/decode"].enumerated() {
        let sample = samples[role][position]
        add(suffix, "queue_depth", Double(sample.queued))
        add(suffix, "running", Double(sample.running))
        add(suffix, "kv_usage_ratio", blocks[role] > 0 ? Double(sample.blocksInUse) / blocks[role] : 0)
        add(suffix, "replicas", replicas[role])
        add(suffix, "gpu_busy_ratio", busy[role])
      }
    }
    return rows
  }

  /// Draw of all nodes of the pools in use: idle, and the rest in proportion to busy accelerators [W].
  ///
  /// - Parameter computing: replicas of each role that compute, on the mean.
  private func power(_ deployments: [Deployment], _ pools: [Pool], computing: [Double]) -> Double {
    pools.enumerated().reduce(0) { sum, entry in
      let (index, pool) = entry
      let here = deployments.indices.filter { deployments[$0].poolIndex == index }
      if here.isEmpty { return sum }
      let share =
        here.reduce(0.0) {
          $0 + computing[$1] * Double(deployments[$1].acceleratorsPerReplica)
        } / Double(pool.accelerators)
      let draw = pool.node.idlePower * Double(pool.nodeCount) + pool.computingPower * min(1, share)
      return sum + draw.value
    }
  }
}
