import Quantities
import Scenario
import Workloads
import World

/// The different things that "utilisation" means, kept apart.
struct Utilization {
  /// Accelerators held by replicas, over those of the pools.
  var allocated: Double?
  /// Time in which a held accelerator computes, over the time it is held.
  var busy: Double?
  /// Useful arithmetic over the peak of the held accelerators.
  var mfu: Double?
  /// Weights and KV entries read over the peak bandwidth of the held accelerators.
  var mbu: Double?
  /// KV blocks in use while busy, over those there are.
  var keyValue: Double?

  static func busySeconds(_ outcome: ServiceOutcome) -> Double {
    outcome.replicas.reduce(0.0) { $0 + Double($1.busy) } / (16e9 * 256)
  }

  init(design: Design, service index: Int, model: DesignModel, outcome: Outcome) {
    guard case .pool(let deployment) = design.services[index].placement,
      let latency = model.latencyModel(ofService: index)
    else { return }
    let pool = design.pools[deployment.poolIndex]
    let result = outcome.services[index]
    let held = Double(deployment.acceleratorsPerReplica)
    let time = outcome.end.seconds * Double(deployment.replicas)
    allocated = held * Double(deployment.replicas) / Double(pool.accelerators)
    guard time > 0 else { return }
    busy = Self.busySeconds(result) / time
    let tokens = result.replicas.reduce(0.0) { $0 + Double($1.computedTokens) }
    let steps = result.replicas.reduce(0.0) { $0 + Double($1.steps) }
    let entries = result.replicas.reduce(0.0) { $0 + Double($1.contextRead) }
    let peak = pool.accelerator.peakFlops(
      for: deployment.weights.isWeightOnly ? deployment.activations : deployment.weights)
    mfu = tokens * latency.floatingPointOperationsPerToken / (time * held * peak.value)
    let bytes = steps * latency.weightBytesPerStep + entries * latency.keyValueBytesPerToken
    mbu = bytes / (time * held * pool.accelerator.memoryBandwidth.value)
    let busyTime = result.replicas.reduce(0.0) { $0 + Double($1.busy) }
    let blockTime = result.replicas.reduce(0.0) { $0 + $1.blockTime }
    if busyTime > 0 && result.blocksPerReplica > 0 {
      keyValue = blockTime / busyTime / Double(result.blocksPerReplica)
    }
  }

  /// Where the requests' time went; shares sum to 1. `nil` when no request was answered.
  static func boundBy(_ outcome: ServiceOutcome) -> [(cause: String, share: Double)]? {
    let tally = outcome.tally
    let total = Double(tally.e2e.sum)
    guard total > 0 else { return nil }
    let queue = Double(tally.queue.sum)
    let travel = Double(tally.networkTicks)
    let working = max(0, total - queue - travel)
    let busy = outcome.replicas.reduce(0.0) { $0 + Double($1.busy) }
    func part(_ path: KeyPath<ReplicaTotals, Int64>) -> Double {
      busy > 0 ? outcome.replicas.reduce(0.0) { $0 + Double($1[keyPath: path]) } / busy * working : 0
    }
    let (compute, memory, network) = (part(\.compute), part(\.memory), part(\.network))
    let host = working - compute - memory - network
    return [
      ("compute", compute / total), ("memory", memory / total), ("network", (network + travel) / total),
      ("host", host / total), ("queue", queue / total),
    ]
  }
}
