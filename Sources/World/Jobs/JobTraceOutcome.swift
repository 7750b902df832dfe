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

extension DesignModel {
  /// Plays a job trace on what services leave of its pool.
  func play(_ job: JobDeployment, named name: String, _ index: Int) -> JobTraceOutcome {
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
}
