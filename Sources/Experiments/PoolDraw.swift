import Kernel
import Quantities
import Scenario
import World

/// What the machines of a pool draw: idle power, and the rest in proportion to the accelerators' busy time.
struct PoolDraw {
  /// Of the accelerators' time, in which they compute.
  var busy: Double
  var idle: Watts
  var average: Watts
  /// In the busiest stretch between two samples.
  var peak: Watts

  init(_ pool: Pool, index: Int, design: Design, outcome: Outcome) {
    var time = 0.0
    // Of the pool's accelerators, in each stretch between samples; the samples of all services are taken at
    // the same times.
    var stretches: [Double] = []
    var isFull = false
    for (service, result) in zip(design.services, outcome.services) {
      for (role, deployment) in service.deployments.enumerated() where deployment.poolIndex == index {
        time +=
          Utilization.busySeconds(result.replicas(ofRole: role)) * Double(deployment.acceleratorsPerReplica)
      }
      guard case .pool(let deployment) = service.placement, deployment.poolIndex == index else {
        isFull = isFull || service.deployments.contains { $0.poolIndex == index }
        continue
      }
      let each = Double(deployment.acceleratorsPerReplica) / Double(pool.accelerators)
      for (position, pair) in zip(result.samples, result.samples.dropFirst()).enumerated() {
        let span = (pair.1.time - pair.0.time).seconds
        let share = span > 0 ? Double(pair.1.busy - pair.0.busy) / (16e9 * 256) / span * each : 0
        if stretches.count <= position { stretches.append(0) }
        stretches[position] += share
      }
    }
    for (job, result) in zip(design.trainingJobs.map(\.deployment), outcome.jobs)
    where job.poolIndex == index {
      time += (result.time.useful + result.time.lost).seconds * Double(job.accelerators)
      isFull = true
    }
    let available = outcome.end.seconds * Double(pool.accelerators)
    let nodes = Double(pool.nodeCount)
    busy = available > 0 ? min(1, time / available) : 0
    idle = pool.node.idlePower * nodes
    let range = (pool.node.power - pool.node.idlePower) * nodes
    average = idle + range * busy
    let most = isFull && busy > 0 ? 1 : min(1, max(busy, stretches.max() ?? 0))
    peak = idle + range * most
  }
}
