import Infrastructure
import Kernel
import Quantities
import Scenario
import Workloads

/// What a cluster made of a recorded job trace.
public struct JobTraceOutcome: Sendable {
  public var name: String
  /// Of the jobs that ran, in the order of the trace [s].
  public var waits: [Double] = []
  public var finished = 0
  /// Larger than the whole cluster, or than what their users may hold.
  public var refused = 0
  public var preemptions = 0
  /// Share of the jobs with a deadline that were done by it; `nil` where no job has one.
  public var deadlinesMet: Double?
  /// Accelerator time held over all there was, and of what was free the part that no job of a whole node
  /// could use.
  public var allocated = 0.0
  /// Accelerator time that computed over all there was; `nil` where the trace does not know.
  public var busy: Double?
  public var fragmentation = 0.0
  /// From the first arrival to the last end.
  public var makespan = Ticks.zero
}

/// One collective that was timed.
public struct CollectiveOutcome: Sendable {
  /// Of the rows.
  public var name: String
  public var operation: CollectiveOperation
  public var ranks: Int
  public var bytes: Bytes
  public var time: Seconds
}

/// What a design answers whatever chance brings: worked out once, not once a replication.
public struct FixedResults: Sendable {
  public var traces: [JobTraceOutcome] = []
  public var collectives: [CollectiveOutcome] = []
}

extension DesignModel {
  /// Plays the design's job traces and times its collectives.
  /// - Complexity: that of the traces' events.
  public mutating func settleWhatIsFixed() {
    var results = FixedResults()
    for job in design.jobs {
      switch job.work {
      case .training: continue
      case .trace(let index):
        results.traces.append(play(job, named: name(of: job, scenario.jobTraces[index].name), index))
      case .collective(let index):
        results.collectives += time(job, named: name(of: job, scenario.collectives[index].name), index)
      }
    }
    fixed = results
  }

  /// The workload's name, with the job's where several jobs run one workload.
  public func name(of job: JobDeployment, _ workload: String) -> String {
    design.jobs.filter { $0.work.isAlike(job.work) }.count > 1 ? "\(workload)/\(job.name)" : workload
  }

  private func play(_ job: JobDeployment, named name: String, _ index: Int) -> JobTraceOutcome {
    let pool = design.pools[job.poolIndex]
    var cluster = ClusterState(
      nodes: pool.nodeCount, acceleratorsPerNode: pool.node.accelerators,
      nodesPerPod: pool.nodesPerGroup(catalog: scenario.catalog))
    let held = design.acceleratorsHeldByServices(onPool: job.poolIndex)
    if held > 0 { _ = cluster.place(JobRequest(accelerators: held), by: .packed) }
    let workload = scenario.jobTraces[index]
    var run = JobTraceRun(
      workload.trace.jobs, on: cluster, preemptionCost: Ticks(seconds: workload.preemptionCost.value),
      strandedSize: pool.node.accelerators)
    run.finish(design.scheduler.scheduler(users: workload.trace.users))
    var outcome = JobTraceOutcome(name: name)
    for one in run.outcomes where one.end != .never {
      outcome.finished += 1
      outcome.waits.append(one.wait.seconds)
      outcome.preemptions += one.preemptions
      outcome.makespan = max(outcome.makespan, one.end)
    }
    outcome.refused = run.refused + run.neverStarted
    outcome.deadlinesMet = run.deadlinesMet
    outcome.allocated = run.utilization
    outcome.busy = run.busy
    outcome.fragmentation = run.fragmentation
    return outcome
  }

  private func time(_ job: JobDeployment, named name: String, _ index: Int) -> [CollectiveOutcome] {
    let workload = scenario.collectives[index]
    let pool = design.pools[job.poolIndex]
    guard
      let network = pool.collectives(
        ranks: job.accelerators, catalog: scenario.catalog, algorithm: workload.algorithm)
    else { return [] }
    let group = network.group(ranks: job.accelerators)
    return workload.sizes.map { size in
      CollectiveOutcome(
        name: name, operation: workload.operation, ranks: job.accelerators, bytes: size,
        time: network.time(of: workload.operation, bytes: size, among: group))
    }
  }
}
