import Economics
import Infrastructure
import Kernel
import Quantities
import Scenario
import Workloads
import World

extension MetricReader {
  /// Metrics of which each run gives one value, and whose statistics are taken over all replications.
  static let overReplications = ["time_to_train_s"]

  mutating func readJobs() {
    for (position, (job, index, training)) in model.design.trainingJobs.enumerated() {
      let workload = scenario.trainings[index]
      read(outcome.jobs[position], of: job, training, workload, as: model.name(of: job, workload.name))
    }
    // Nobody has settled them where services alone are asked about.
    for collective in model.fixed?.collectives ?? [] { read(collective) }
    for trace in model.fixed?.traces ?? [] { read(trace) }
  }

  private mutating func read(_ trace: JobTraceOutcome) {
    let sorted = trace.waits.sorted()
    let mean = sorted.isEmpty ? nil : sorted.reduce(0, +) / Double(sorted.count)
    add(trace.name, "queue_wait_s", mean, "s", statistic: "mean")
    for (statistic, q) in Self.quantiles {
      let rank = max(0, Int((q * Double(sorted.count)).rounded(.up)) - 1)
      add(
        trace.name, "queue_wait_s", sorted.indices.contains(rank) ? sorted[rank] : nil, "s",
        statistic: statistic)
    }
    add(trace.name, "queue_wait_s", sorted.last, "s", statistic: "max")
    add(trace.name, "queue_wait_s", Double(sorted.count), "1", statistic: "count")
    add(trace.name, "jobs_finished", Double(trace.finished), "1")
    add(trace.name, "jobs_refused", Double(trace.refused), "1")
    add(trace.name, "preemptions", Double(trace.preemptions), "1")
    add(trace.name, "gpu_allocated_ratio", trace.allocated, "ratio")
    add(trace.name, "gpu_busy_ratio", trace.busy, "ratio")
    add(trace.name, "gpu_stranded_ratio", trace.fragmentation, "ratio")
    add(trace.name, "makespan_s", trace.makespan.seconds, "s")
  }

  private mutating func read(
    _ result: TrainingOutcome, of job: JobDeployment, _ training: TrainingJob, _ workload: TrainingWorkload,
    as name: String
  ) {
    let pool = model.design.pools[job.poolIndex]
    let step = model.stepTime(ofJob: job.name) ?? training.step.time
    let stretch = step / training.step.time
    add(name, "step_time_s", step.value, "s", statistic: "mean")
    for (statistic, q) in Self.quantiles where statistic != "p99.9" {
      add(name, "step_time_s", training.step.quantile(q).value * stretch, "s", statistic: statistic)
    }
    let isDone = result.finish != nil
    let span = isDone ? (result.finish! - training.start).seconds : nil
    add(name, "time_to_train_s", span, "s", statistic: "mean")
    add(name, "finished_ratio", isDone ? 1 : 0, "ratio")
    if let deadline = workload.deadline {
      add(name, "deadline_met_ratio", span.map { $0 <= deadline.value } == true ? 1 : 0, "ratio")
    }
    add(name, "train_tokens_per_s", training.step.tokens / step.value, "tokens/s")
    add(name, "training_goodput_ratio", result.time.efficiency, "ratio")
    let devices = Double(job.accelerators)
    let held = result.time.total - result.time.wait
    let useful = Double(result.steps) * training.step.modelFlops.value
    let peak = held.seconds * devices * training.step.peak.value
    add(name, "mfu", peak > 0 ? useful / peak : nil, "ratio")
    let whole = devices * model.design.pools[job.poolIndex].deviceShare
    add(name, "gpu_hours", held.seconds * whole / 3600, "h")
    add(
      name, "lost_gpu_hours", (result.time.lost + Self.restarts(result, training)).seconds * whole / 3600,
      "h")
    add(name, "interruptions", Double(result.interruptions), "1")
    add(name, "checkpoints", Double(result.checkpoints), "1")
    add(name, "contention_s", result.networkDelay + result.storageDelay, "s")
    add(name, "checkpoint_interval_s", model.checkpointInterval(ofJob: job.name)?.value, "s")
    let queue = (result.firstStart.map { $0 - training.start - result.stagedIn })?.seconds
    add(name, "queue_wait_s", queue, "s", statistic: "mean")
    if training.stageIn != nil { add(name, "stage_in_s", result.stagedIn.seconds, "s") }
    if let residency = workload.residency {
      let site = model.design.sites[pool.siteIndex]
      add(name, "residency_violations", residency.allows(site) ? 0 : 1, "1")
    }
    let shares = boundBy(result, training, name: job.name)
    for (cause, share) in shares { add(name, "bound_by", share, "ratio", statistic: cause) }
    let available = outcome.seconds(ofJobsOnPool: job.poolIndex, of: model.design) * Double(pool.accelerators)
    add(
      name, "gpu_allocated_ratio", available > 0 ? min(1, held.seconds * devices / available) : nil, "ratio")
    let cost = JobCost(result, of: job, on: pool, site: model.design.sites[pool.siteIndex])
    let stores = JobStores(result, training, workload, on: pool, of: model.design)
    let sum = cost.total + model.design.stageInCost(training) + stores.total
    add(name, "cost_per_training_run", isDone ? sum.units : nil, scenario.economics.currency)
    add(name, "cost_of_storage", isDone ? stores.total.units : nil, scenario.economics.currency)
  }

  /// Time of restarts, without that of the first start, which no failure caused.
  private static func restarts(_ result: TrainingOutcome, _ training: TrainingJob) -> Ticks {
    result.time.restart - min(result.time.restart, Ticks(seconds: training.restart.value))
  }

  /// Where the time since the submission went; shares sum to 1.
  func boundBy(_ result: TrainingOutcome, _ training: TrainingJob, name: String) -> [(String, Double)] {
    let total = Double(result.time.total.count)
    guard total > 0 else { return [] }
    let loading = model.loading(ofJob: name) ?? LoadingBound(compute: 1, storage: 0, network: 0)
    // Steps that were undone are the failure's.
    let seconds = result.time.total.seconds
    let delays = (network: result.networkDelay / seconds, storage: result.storageDelay / seconds)
    let useful = max(0, Double(result.time.useful.count) / total - delays.network - delays.storage)
    let stepping = useful * loading.compute
    let shares = training.step.shares
    let whole = shares.total.value
    func part(_ seconds: Seconds) -> Double { whole > 0 ? stepping * seconds.value / whole : 0 }
    let restarts = Self.restarts(result, training)
    let starting = Double((result.time.restart - restarts).count) / total
    let wait = Double(result.time.wait.count) / total
    let capacity = Double(result.waitForCapacity.count) / total
    return [
      ("compute", part(shares.compute)), ("memory", part(shares.memory + shares.optimizer)),
      ("network", part(shares.network) + useful * loading.network + delays.network),
      ("host", part(shares.host) + starting),
      ("bubble", part(shares.bubble)), ("stragglers", part(shares.stragglers)),
      ("storage", useful * loading.storage + delays.storage + Double(result.time.checkpoint.count) / total),
      ("failure", Double((result.time.lost + restarts).count) / total),
      ("queue", wait - capacity), ("capacity", capacity),
    ]
  }

  /// One size of one collective, as nccl-tests print it.
  private mutating func read(_ one: CollectiveOutcome) {
    let factor = one.operation.busFactor(ranks: one.ranks)
    let bus = one.time.value > 0 ? factor * one.bytes.value / one.time.value : nil
    add(one.name, "time_s", one.time.value, "s", message: Int64(one.bytes.value))
    add(one.name, "bus_bandwidth_bytes_per_s", bus, "B/s", message: Int64(one.bytes.value))
  }
}
