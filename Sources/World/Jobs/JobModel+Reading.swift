import Infrastructure
import Quantities
import Scenario

/// How samples come to a job, from its store and from a cache before it.
extension JobModel {
  struct Reading {
    /// The mean over the job.
    var bound = LoadingBound(compute: 1, storage: 0, network: 0)
    /// Of the bytes read, those that come from the store itself.
    var missedShare = 1.0
  }

  static func reading(
    _ job: TrainingJob, _ workload: TrainingWorkload, design: Design, pool: Pool, nodes: Int
  ) -> Reading {
    guard let data = workload.data, let index = job.dataStorage else { return Reading() }
    let accelerators = Double(job.run.layout.accelerators)
    let samples = data.samplesPerStep / accelerators
    var system = LoadingSystem(
      loading: DataLoading(
        computePerBatch: job.step.time, bytesPerBatch: data.bytesPerSample * samples, workers: data.workers,
        prefetch: data.prefetch),
      acceleratorsPerClient: min(pool.node.accelerators, job.run.layout.accelerators), clients: nodes,
      networkPerClient: pool.node.nicBandwidth)
    system.bytesPerFile = data.bytesPerSample * (data.samplesPerFile ?? 0)
    // Each reader has a connection of its own.
    let tier = design.storage[index].seen(throughConnections: data.workers * system.acceleratorsPerClient)
    let request = data.bytesPerSample
    guard let cache = design.caches.first(where: { $0.store == index }), let dataset = data.dataset else {
      return Reading(bound: system.bound(from: tier, request: request))
    }
    let steps = workload.steps(stepTime: job.step.time)
    let reads = CachedReads(
      dataset: dataset, object: data.bytesPerSample * (data.samplesPerFile ?? 1),
      read: data.bytesPerSample * data.samplesPerStep * steps, order: data.order)
    let phases = reads.phases(size: cache.size, caches: cache.isShared ? 1 : nodes)
    let bounds = phases.map { phase in
      system.cache = CachedLoading(hit: phase.hit, tier: cache.tier, isShared: cache.isShared)
      return (phase.share, system.bound(from: tier, request: request))
    }
    return Reading(
      bound: LoadingBound(meanOf: bounds), missedShare: phases.reduce(0) { $0 + $1.share * (1 - $1.hit) })
  }
}
