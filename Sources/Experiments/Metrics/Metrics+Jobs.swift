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
    let jobs = model.design.trainingJobs
    let repeats = jobs.contains {
      $0.deployment.runs != nil && !model.design.isPaidByJobs($0.deployment.poolIndex)
    }
    let cost = repeats ? CostReader(scenario: scenario, model: model, outcome: outcome).cost : nil
    for (position, (job, index, training)) in jobs.enumerated() {
      let workload = scenario.trainings[index]
      read(
        outcome.jobs[position], of: job, training, workload, as: model.name(of: job, workload.name),
        costOfPool: cost?.perRun(ofJob: position, outcome.ofMonths))
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
    if let met = trace.deadlinesMet { add(trace.name, "deadline_met_ratio", met, "ratio") }
    add(trace.name, "preemptions", Double(trace.preemptions), "1")
    add(trace.name, "gpu_allocated_ratio", trace.allocated, "ratio")
    add(trace.name, "gpu_busy_ratio", trace.busy, "ratio")
    add(trace.name, "gpu_stranded_ratio", trace.fragmentation, "ratio")
    add(trace.name, "makespan_s", trace.makespan.seconds, "s")
  }

  private mutating func read(
    _ result: TrainingOutcome, of job: JobDeployment, _ training: TrainingJob, _ workload: TrainingWorkload,
    as name: String, costOfPool: Money?
  ) {
    let pool = model.design.pools[job.poolIndex]
    // As it was where the job lay and with whoever was there; a job that did no step has none.
    let step = result.steps > 0 ? result.timeInSteps.seconds / Double(result.steps) : nil
    let stretch = step.map { $0 / training.step.time.value }
    add(name, "step_time_s", step, "s", statistic: "mean")
    for (statistic, q) in Self.quantiles where statistic != "p99.9" {
      add(
        name, "step_time_s", stretch.map { training.step.quantile(q).value * $0 }, "s", statistic: statistic)
    }
    let isDone = result.finish != nil
    let span = isDone ? (result.finish! - training.start).seconds : nil
    add(name, "time_to_train_s", span, "s", statistic: "mean")
    add(name, "finished_ratio", isDone ? 1 : 0, "ratio")
    if workload.deadline != nil {
      let isMet = result.finish.map { $0 <= result.deadline } == true
      add(name, "deadline_met_ratio", isMet ? 1 : 0, "ratio")
    }
    add(name, "train_tokens_per_s", step.map { training.step.tokens / $0 }, "tokens/s")
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
    add(name, "contention_s", result.networkDelay + result.storageDelay + result.checkpointDelay, "s")
    add(name, "checkpoint_interval_s", model.checkpointInterval(ofJob: job.name)?.value, "s")
    // Preempted time included, as of recorded jobs; what it waits for spot nodes or repairs is apart.
    let turn = result.time.wait - result.waitForCapacity - result.stagedIn
    add(name, "queue_wait_s", result.firstStart == nil ? nil : turn.seconds, "s", statistic: "mean")
    if training.stageIn != nil { add(name, "stage_in_s", result.stagedIn.seconds, "s") }
    if let residency = workload.residency {
      let site = model.design.sites[pool.siteIndex]
      add(name, "residency_violations", residency.allows(site) ? 0 : 1, "1")
    }
    let shares = boundBy(result, training)
    for (cause, share) in shares { add(name, "bound_by", share, "ratio", statistic: cause) }
    let available = outcome.seconds(ofJobsOnPool: job.poolIndex, of: model.design) * Double(pool.accelerators)
    add(
      name, "gpu_allocated_ratio", available > 0 ? min(1, held.seconds * devices / available) : nil, "ratio")
    let nodes =
      costOfPool ?? JobCost(result, of: job, on: pool, site: model.design.sites[pool.siteIndex]).total
    let stores = JobStores(result, training, workload, on: pool, of: model.design)
    let sum = nodes + model.design.stageInCost(training) + stores.total
    add(name, "cost_per_training_run", isDone ? sum.units : nil, scenario.economics.currency)
    add(name, "cost_of_storage", isDone ? stores.total.units : nil, scenario.economics.currency)
  }

  /// Time of restarts, without that of the first start, which no failure caused.
  private static func restarts(_ result: TrainingOutcome, _ training: TrainingJob) -> Ticks {
    result.time.restart - min(result.time.restart, Ticks(seconds: training.restart.value))
  }

  /// Where the time since the submission went; shares sum to 1.
  func boundBy(_ result: TrainingOutcome, _ training: TrainingJob) -> [(String, Double)] {
    let total = result.time.total.seconds
    guard total > 0 else { return [] }
    // Steps that were undone are the failure's.
    var parts = TrainingStep.Shares()
    var (network, storage) = (result.networkDelay, result.storageDelay)
    for (step, seconds) in result.work {
      parts.add(step.shares, times: seconds * step.loading.compute)
      network += seconds * step.loading.network
      storage += seconds * step.loading.storage
    }
    let restarts = Self.restarts(result, training)
    let capacity = result.waitForCapacity.seconds
    let seconds = [
      ("compute", parts.compute.value), ("memory", (parts.memory + parts.optimizer).value),
      ("network", parts.network.value + network),
      ("host", parts.host.value + (result.time.restart - restarts).seconds),
      ("bubble", parts.bubble.value), ("stragglers", parts.stragglers.value),
      ("storage", storage + result.time.checkpoint.seconds),
      ("failure", (result.time.lost + restarts).seconds),
      ("queue", result.time.wait.seconds - capacity), ("capacity", capacity),
    ]
    return seconds.map { ($0.0, $0.1 / total) }
  }

  /// One size of one collective, as nccl-tests print it.
  private mutating func read(_ one: CollectiveOutcome) {
    let factor = one.operation.busFactor(ranks: one.ranks)
    let bus = one.time.value > 0 ? factor * one.bytes.value / one.time.value : nil
    add(one.name, "time_s", one.time.value, "s", message: Int64(one.bytes.value))
    add(one.name, "bus_bandwidth_bytes_per_s", bus, "B/s", message: Int64(one.bytes.value))
  }
}

extension TrainingStep.Shares {
  /// Adds so many seconds, split as a step splits them.
  fileprivate mutating func add(_ step: TrainingStep.Shares, times seconds: Double) {
    guard step.total > .zero else { return }
    let scale = seconds / step.total.value
    compute += step.compute * scale
    memory += step.memory * scale
    tensor += step.tensor * scale
    context += step.context * scale
    expert += step.expert * scale
    pipeline += step.pipeline * scale
    data += step.data * scale
    bubble += step.bubble * scale
    optimizer += step.optimizer * scale
    host += step.host * scale
    stragglers += step.stragglers * scale
  }
}
