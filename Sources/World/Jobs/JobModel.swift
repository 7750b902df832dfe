import Catalog
import Infrastructure
import Kernel
import Quantities
import Scenario
import Workloads

/// What all runs of one training job share: its step, its checkpoints, what interrupts it.
struct JobModel: Sendable {
  let name: String
  let poolIndex: Int
  let accelerators: Int
  /// Nodes that it holds, all at once.
  let nodes: Int
  let job: TrainingJob
  let workload: TrainingWorkload
  /// Share of the time that accelerators have their samples.
  let loading: LoadingBound
  /// Of the bytes of samples, those that no cache answers.
  let missedShare: Double
  /// Of one step, samples included.
  let stepTime: Ticks
  let totalSteps: Int64
  let plan: CheckpointPlan
  /// Work between two checkpoints, and the mean time between interruptions that it was chosen for.
  let interval: Seconds?
  let meanTimeBetweenFailures: Seconds
  /// How likely one stretch of spot capacity outlasts all of the work; `nil` without such a law.
  let undisturbed: Double?
  /// From the loss of a node, and of the program alone, to the first new step.
  let restart: Ticks
  let localRestart: Ticks
  /// Of a lost node's restart, what reading the checkpoint takes.
  let restoring: Ticks
  /// What one node reads of samples, and what it writes and reads of checkpoints on `checkpoints.storage`,
  /// when nobody else is there; `nil` where it does not.
  let samples: BytesPerSecond?
  let save: (write: BytesPerSecond, read: BytesPerSecond)?
  /// Whether it stands still until `checkpoints.storage` has a checkpoint.
  let blocksOnStore: Bool
  /// Parts that it stands on: those of its accelerators, and of every node that it has one of.
  let classes: [ComponentClass]

  init(_ deployment: JobDeployment, _ job: TrainingJob, workload: TrainingWorkload, design: Design) {
    let pool = design.pools[deployment.poolIndex]
    name = deployment.name
    poolIndex = deployment.poolIndex
    accelerators = deployment.accelerators
    let perNode = pool.node.accelerators
    nodes = (accelerators + perNode - 1) / perNode
    self.job = job
    self.workload = workload
    let reading = Self.reading(job, workload, design: design, pool: pool, nodes: nodes)
    (loading, missedShare) = (reading.bound, reading.missedShare)
    let step = Seconds(job.step.time.value / max(loading.compute, 1e-9))
    stepTime = max(Ticks(1), Ticks(seconds: step.value))
    totalSteps = Int64(min(workload.steps(stepTime: job.step.time), 9e15))
    let share = Double(accelerators) / Double(pool.accelerators)
    let nodes = nodes
    classes = (pool.failures?.classes ?? []).map { parts in
      var own = parts
      // What breaks a node breaks the whole of it, whatever part of it the job holds.
      let isOfNode = parts.count == pool.nodeCount
      own.count = isOfNode ? nodes : max(1, Int((Double(parts.count) * share).rounded()))
      return own
    }
    let costs = Self.checkpointCosts(job, design: design, pool: pool, nodes: nodes)
    restart = Ticks(seconds: job.restart.value + costs.restore)
    localRestart = Ticks(seconds: job.restart.value + costs.localRestore)
    restoring = Ticks(seconds: costs.restore)
    let perNodeBytes = job.checkpointBytes / Double(nodes)
    let nodeSteps = Double(nodes) * stepTime.seconds
    let missed = reading.missedShare
    samples = workload.data.map {
      BytesPerSecond($0.bytesPerSample.value * $0.samplesPerStep * missed / nodeSteps)
    }
    blocksOnStore = job.checkpoints.local == nil && !job.checkpoints.isAsynchronous
    let writing = blocksOnStore ? costs.blocking : costs.persisting
    save =
      job.checkpoints.storage == nil || writing <= 0 || costs.restore <= 0
      ? nil : (perNodeBytes / Seconds(writing), perNodeBytes / Seconds(costs.restore))
    meanTimeBetweenFailures = Self.mean(classes, pool.market, nodes: nodes)
    var survival: Double?
    if case .laws(let laws, _)? = pool.market?.source, case .onOff(_, let up, _)? = laws.first {
      survival = up.survival(Seconds(Double(totalSteps) * stepTime.seconds))
    }
    undisturbed = survival
    let wanted = Self.interval(
      job.checkpoints.interval,
      under: CheckpointTheory(
        checkpointCost: Seconds(costs.blocking), restartCost: Seconds(restart.seconds),
        meanTimeBetweenFailures: meanTimeBetweenFailures))
    // A checkpoint waits until the one before it is safe, so a policy does not ask for more of them.
    var least = costs.persisting
    if case .fixed = job.checkpoints.interval { least = 0 }
    interval = wanted.map { Seconds(max($0.value, least)) }
    plan = Self.plan(job.checkpoints, costs, every: CheckpointPlan.steps(in: interval, stepTime: stepTime))
  }

  /// Events of one run, roughly: checkpoints start and end, failures come and are repaired, markets move.
  func expectedEvents(horizon: Seconds) -> Double {
    let work = Double(totalSteps) * stepTime.seconds
    let theory = CheckpointTheory(
      checkpointCost: Seconds(plan.blocking.seconds), restartCost: Seconds(restart.seconds),
      meanTimeBetweenFailures: meanTimeBetweenFailures)
    let segment = Double(plan.everySteps) * stepTime.seconds
    var wall = work
    if segment == 0, let survival = undisturbed {
      // Attempts until a stretch of capacity outlasts the whole work.
      return 4 + min(1 / max(survival, 1e-12), horizon.value / meanTimeBetweenFailures.value) * 4
    }
    if meanTimeBetweenFailures.value.isFinite {
      wall =
        segment > 0
        ? theory.expectedWall(work: Seconds(work), interval: Seconds(segment)).value
        : theory.expectedTimeWithoutCheckpoints(work: Seconds(work)).value
    }
    wall = min(wall, horizon.value)
    let checkpoints = segment > 0 ? wall / segment : 0
    let failures = wall / meanTimeBetweenFailures.value
    return 4 + checkpoints * (plan.persisting > .zero ? 3 : 2) + failures * 4
  }

  /// Work left after so many steps, checkpoints included, when nothing interrupts it.
  func timeLeft(after step: Int64) -> Ticks {
    let left = Double(max(0, totalSteps - step))
    let checkpoints = plan.everySteps > 0 ? (left / Double(plan.everySteps)).rounded(.up) : 0
    // More than a year and a half is as good as endless, and leaves room for sums.
    return Ticks(seconds: min(5e7, left * stepTime.seconds + checkpoints * plan.blocking.seconds))
  }

  // MARK: Checkpoints

  private struct Costs {
    /// Seconds that the job stands still for one, and that it takes beside the work.
    var blocking = 0.0
    var persisting = 0.0
    var restore = 0.0
    var localRestore = 0.0
  }

  private static func checkpointCosts(_ job: TrainingJob, design: Design, pool: Pool, nodes: Int) -> Costs {
    let bytes = job.checkpointBytes
    var costs = Costs()
    let settings = job.checkpoints
    let perNode = bytes / Double(nodes)
    // Every accelerator's process sends and fetches several parts at once.
    let connections = min(pool.node.accelerators, job.run.layout.accelerators) * settings.streams
    let wire = bytes.value / max(1, pool.node.nicBandwidth.value * Double(nodes))
    let parts = settings.parts(accelerators: job.run.layout.accelerators)
    let local = settings.local.map { design.storage[$0] }
    if let remote = settings.storage.map({ design.storage[$0].seen(throughConnections: connections) }) {
      let write = max(wire, remote.writeTime(bytes, clients: nodes, requests: parts).value)
      costs.restore = max(wire, remote.restoreTime(bytes, clients: nodes, requests: parts).value)
      costs.localRestore = costs.restore
      costs.blocking = write
      if settings.isAsynchronous || local != nil {
        costs.persisting = write
        // A copy to the host's memory over every accelerator's own link.
        let link = pool.accelerator.pcieBandwidth.value * Double(pool.node.accelerators)
        costs.blocking = link > 0 ? perNode.value / link : 0
      }
    }
    if let local {
      costs.blocking = local.writeTime(perNode, clients: 1).value
      costs.localRestore = local.restoreTime(perNode, clients: 1).value
      if settings.storage == nil { costs.restore = costs.localRestore }
    }
    return costs
  }

  private static func plan(_ settings: CheckpointSettings, _ costs: Costs, every steps: Int64)
    -> CheckpointPlan
  {
    guard steps > 0 else { return .none }
    let blocking = Ticks(seconds: costs.blocking)
    let persisting = Ticks(seconds: costs.persisting)
    if settings.local != nil && settings.storage != nil {
      return .tiered(
        everySteps: steps, local: blocking, remote: persisting, remoteEvery: Int64(settings.remoteEvery))
    }
    return settings.isAsynchronous
      ? .asynchronous(everySteps: steps, snapshot: blocking, write: persisting)
      : .synchronous(everySteps: steps, write: blocking)
  }

  private static func interval(_ wanted: CheckpointSettings.Interval, under theory: CheckpointTheory)
    -> Seconds?
  {
    let policy: any CheckpointPolicy
    switch wanted {
    case .never: return nil
    case .fixed(let every): policy = FixedCheckpoints(every: every)
    case .young: policy = YoungCheckpoints()
    case .daly: policy = DalyCheckpoints()
    case .optimal: policy = OptimalCheckpoints()
    }
    // Where nothing fails there is nothing to save but the end.
    if case .fixed = wanted {} else if !theory.meanTimeBetweenFailures.value.isFinite { return nil }
    guard let interval = policy.interval(under: theory), interval.value.isFinite else { return nil }
    return interval
  }

  /// Of failures and of lost spot capacity together: their rates add up.
  private static func mean(
    _ classes: [ComponentClass], _ market: MarketSettings?, nodes: Int
  ) -> Seconds {
    var rate = classes.reduce(0) { $0 + 1 / $1.systemMean.value }
    switch market?.source {
    case .laws(let laws, _): if case .onOff(_, let up, _)? = laws.first { rate += 1 / up.mean.value }
    case .traces(let traces): rate += traces.first?.meanUp(of: nodes).map { 1 / $0.value } ?? 0
    case nil: break
    }
    return Seconds(rate > 0 ? 1 / rate : .infinity)
  }
}

extension DesignModel {
  private func job(_ name: String) -> JobModel? { jobs.first { $0.name == name } }
  /// Time of a step of a training job, samples included.
  public func stepTime(ofJob name: String) -> Seconds? { job(name).map { Seconds($0.stepTime.seconds) } }
  /// Work between two of its checkpoints; `nil` without any.
  public func checkpointInterval(ofJob name: String) -> Seconds? { job(name)?.interval }
  /// How long a checkpoint keeps it from working, and a failure until the first new step.
  public func checkpointCosts(ofJob name: String) -> (write: Seconds, restart: Seconds)? {
    job(name).map { (Seconds($0.plan.blocking.seconds), Seconds($0.restart.seconds)) }
  }
  /// Events of the training jobs of one run, roughly.
  public var expectedJobEvents: Double {
    jobs.reduce(0) { $0 + $1.expectedEvents(horizon: scenario.economics.horizon) }
  }
  /// What its accelerators wait for.
  public func loading(ofJob name: String) -> LoadingBound? { job(name)?.loading }
}
