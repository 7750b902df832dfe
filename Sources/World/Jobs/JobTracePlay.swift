import Kernel
import Scenario
import Workloads

/// What a cluster made of a recorded job trace.
public struct JobTraceOutcome: Sendable {
  public var name: String
  /// Of the jobs that ran, in the order of the trace [s].
  public var waits: [Double] = []
  public var finished = 0
  /// Larger than the whole cluster.
  public var refused = 0
  public var preemptions = 0
  /// Accelerator time held over all there was, and of what was free the part that no job of a whole node
  /// could use.
  public var allocated = 0.0
  public var fragmentation = 0.0
  /// From the first arrival to the last end.
  public var makespan = Ticks.zero
}

extension DesignModel {
  /// Plays the traces of a design, each on its pool: nothing in them is random.
  func playTraces() -> [JobTraceOutcome] {
    design.jobs.compactMap { job in
      guard case .trace(let index) = job.work else { return nil }
      let pool = design.pools[job.poolIndex]
      var cluster = ClusterState(
        nodes: pool.nodeCount, acceleratorsPerNode: pool.node.accelerators,
        nodesPerPod: max(1, pool.network?.nodesPerLeaf ?? pool.nodeCount))
      let held = design.services.flatMap(\.deployments).filter { $0.poolIndex == job.poolIndex }
        .reduce(0) { $0 + $1.replicas * $1.acceleratorsPerReplica }
      if held > 0 { _ = cluster.place(JobRequest(accelerators: held), by: .packed) }
      var run = JobTraceRun(
        scenario.jobTraces[index].trace.jobs, on: cluster, strandedSize: pool.node.accelerators)
      play(&run)
      var outcome = JobTraceOutcome(name: scenario.jobTraces[index].name)
      for one in run.outcomes where one.end != .never {
        outcome.finished += 1
        outcome.waits.append(one.wait.seconds)
        outcome.preemptions += one.preemptions
        outcome.makespan = max(outcome.makespan, one.end)
      }
      outcome.refused = run.refused
      outcome.allocated = run.utilization
      outcome.fragmentation = run.fragmentation
      return outcome
    }
  }

  private func play(_ run: inout JobTraceRun) {
    let placement = design.scheduler.placement
    switch design.scheduler.policy {
    case .fifo: run.finish(FirstInFirstOut(placement: placement))
    case .backfill: run.finish(EasyBackfill(placement: placement))
    case .priority: run.finish(PriorityPreemption(placement: placement))
    case .fairShare: run.finish(FairShare(weights: [], placement: placement))
    case .deadline: run.finish(EarliestDeadline(placement: placement))
    }
  }
}
