import DryRack

/// Long training runs and long job traces.
enum Jobs {
  static func measure() throws {
    try measureLongRun()
    try measureTrace()
  }

  /// 90 days and more on 16,384 accelerators that fail as the Llama 3 report counted it, with checkpoints.
  private static func measureLongRun() throws {
    let text = """
      version: 1
      name: long-run
      seed: 1
      duration: 90d
      workloads:
        t: { kind: training, model: llama-3.1-405b, sequence: 8192, global-batch: 2048, duration: 100d }
      designs:
        one:
          sites: { dc: { kind: on-prem } }
          pools: { gpus: { site: dc, node: hgx-h100, count: 2080, fabric: roce-400g } }
          storage: { fs: { kind: parallel-file-system, read-bandwidth: 7TB/s, write-bandwidth: 2TB/s } }
          jobs:
            t:
              workload: t
              pool: gpus
              accelerators: 16384
              parallelism: { tensor: 8, pipeline: 16, data: 128 }
              optimizer-sharding: 2
              checkpoint: { every: daly, to: fs, asynchronous: true }
      """
    let bytes = Array(text.utf8)
    var outcome: Outcome?
    let whole = try measured {
      let scenario = try ScenarioReader.read(bytes: bytes, file: "long-run.yaml", folder: ".").get()
      outcome = Simulation.run(DesignModel(scenario: scenario, designIndex: 0), replication: 0)
    }
    let job = outcome!.jobs[0]
    precondition(job.interruptions > 300 && job.checkpoints > 1_000, "it lives through failures")
    let days = job.time.total.seconds / 86_400
    line(
      "\(rounded(days)) days of 16,384 GPUs, read and run",
      "\(rounded(whole)) s (goal 1), \(job.interruptions) interruptions, \(job.checkpoints) checkpoints")
  }

  /// 100,000 jobs on 1,213 nodes of 8: most small, some of many nodes, from a reader to the last end.
  private static func measureTrace() throws {
    for (load, scheduler) in [
      (0.7, FirstInFirstOut() as any JobScheduler), (0.95, FirstInFirstOut()), (0.7, EasyBackfill()),
      (0.95, EasyBackfill()), (0.95, EasyBackfill(placement: .topology)), (0.95, FairShare(weights: [])),
      (0.95, PriorityPreemption()), (0.95, PriorityPreemption(placement: .topology)),
      (0.95, EarliestDeadline()),
    ] {
      let bytes = Array(table(load: load).utf8)
      var run: JobTraceRun?
      let seconds = try measured {
        let trace = try JobTraceReader.read(bytes, format: .table).get()
        var played = JobTraceRun(
          trace.jobs, on: ClusterState(nodes: 1213, acceleratorsPerNode: 8, nodesPerPod: 32))
        played.finish(scheduler)
        run = played
      }
      let waited = run!.outcomes.count { $0.wait > .zero }
      line(
        "100,000 jobs on 1,213 nodes, \(type(of: scheduler)) \(scheduler.placement.rawValue)",
        "\(rounded(seconds)) s (goal 10), load \(load), \(waited) waited,"
          + " \(run!.outcomes.reduce(0) { $0 + $1.preemptions }) preempted,"
          + " \(rounded(run!.utilization * 100)) % used")
    }
  }

  private static func measured(_ body: () throws -> Void) rethrows -> Double {
    let start = userSeconds()
    try body()
    return userSeconds() - start
  }

  /// Sizes as in the Philly trace (Jeon et al., ATC 2019): most jobs have one accelerator; lifetimes vary.
  private static func table(load: Double) -> String {
    var stream = RandomStream(seed: 7, replication: 0, entity: "jobs", purpose: "trace")
    var ranks = RandomStream(seed: 7, replication: 0, entity: "jobs", purpose: "priority")
    let sizes = [1, 1, 1, 1, 1, 1, 2, 2, 4, 4, 8, 8, 8, 16, 32, 64]
    let meanSize = Double(sizes.reduce(0, +)) / Double(sizes.count)
    let meanDuration = 6_000.0
    let gap = meanSize * meanDuration / (load * 1213 * 8)
    var time = 0.0
    var text = "arrival_s,accelerators,duration_s,user,priority\n"
    for _ in 0..<100_000 {
      time += stream.exponential() * gap
      // A mixture of two exponentials: nine in ten are short.
      let mean = stream.below(10) > 0 ? meanDuration / 3 : meanDuration * 7
      let size = sizes[Int(stream.below(UInt32(sizes.count)))]
      // One in ten may take the place of others, where the scheduler knows priorities.
      let priority = ranks.below(10) == 0 ? 1 : 0
      text += "\(time),\(size),\(1 + stream.exponential() * mean),u\(stream.below(20)),\(priority)\n"
    }
    return text
  }
}
