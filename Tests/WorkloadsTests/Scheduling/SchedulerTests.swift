import Kernel
import Oracles
import Statistics
import Testing
import Workloads

@Suite("Schedulers keep their rules")
struct SchedulerTests {
  static func jobs(_ count: Int, seed: Int, exact: Bool = false) -> [Job] {
    var stream = RandomStream(seed: 41, replication: seed, entity: "trace", purpose: "jobs")
    var time = Ticks.zero
    return (0..<count).map { _ in
      time += Ticks(Int64(stream.below(120)))
      let duration = Ticks(1 + Int64(stream.below(1000)))
      return Job(
        arrival: time, request: JobRequest(accelerators: 1 + Int(stream.below(24))), duration: duration,
        estimate: exact ? duration : duration * Int64(1 + stream.below(4)), user: Int(stream.below(3)),
        priority: Int(stream.below(4)), deadline: time + Ticks(Int64(stream.below(8000))))
    }
  }

  private static let cluster = ClusterState(nodes: 4, acceleratorsPerNode: 8, nodesPerPod: 2)

  @Test("starts are those of a schedule that counts everything anew", arguments: 0..<12)
  func oracle(seed: Int) {
    let jobs = Self.jobs(150, seed: seed, exact: seed % 3 == 0)
    var strict = JobTraceRun(jobs, on: Self.cluster)
    strict.finish(FirstInFirstOut())
    #expect(strict.outcomes.map(\.start) == CountedSchedule(jobs, accelerators: 32, backfills: false).starts)
    var filled = JobTraceRun(jobs, on: Self.cluster)
    filled.finish(EasyBackfill())
    #expect(filled.outcomes.map(\.start) == CountedSchedule(jobs, accelerators: 32, backfills: true).starts)
  }

  /// Plays a trace and checks the cluster against its allocations after every event.
  private func play(
    _ jobs: [Job], _ scheduler: some JobScheduler, check: (JobTraceRun) -> Void = { _ in }
  ) -> JobTraceRun {
    var run = JobTraceRun(jobs, on: Self.cluster)
    while run.step(scheduler) {
      let recount = RecountedCluster(
        accelerators: [8, 8, 8, 8], allocations: run.allocations.map(\.allocation))
      #expect(recount.isSound && Int64(recount.usedMilli.reduce(0, +)) == run.cluster.usedMilli)
      #expect(recount.wholeFree.reduce(0, +) == run.cluster.freeAccelerators)
      check(run)
    }
    return run
  }

  @Test("every job ends once, waits are what is left of its stay, and the work adds up", arguments: 0..<8)
  func conservation(seed: Int) {
    let jobs = Self.jobs(120, seed: seed)
    let schedulers: [any JobScheduler] = [
      FirstInFirstOut(placement: .topology), EasyBackfill(), FairShare(weights: [1, 2, 3]),
      PriorityPreemption(),
      EarliestDeadline(placement: .spread),
    ]
    for scheduler in schedulers {
      let run = play(jobs, scheduler)
      var work = 0.0
      for (job, outcome) in zip(jobs, run.outcomes) {
        #expect(outcome.end - job.arrival == outcome.wait + job.duration)
        #expect(outcome.start >= job.arrival)
        work += Double(job.duration.count) * Double(job.request.accelerators)
      }
      #expect(run.waitingCount == 0 && run.allocations.isEmpty)
      #expect(abs(run.utilization - work / (32 * Double(run.now.count))) < 1e-12)
    }
  }

  @Test("no job waits whose priority could make room by stopping lower ones", arguments: 0..<8)
  func priority(seed: Int) {
    let jobs = Self.jobs(120, seed: seed)
    var stopped = 0
    let run = play(jobs, PriorityPreemption()) { run in
      let held = run.allocations.map { (jobs[$0.id], $0.allocation) }
      let waits = jobs.indices.filter {
        jobs[$0].arrival <= run.now && run.outcomes[$0].end == .never
          && !run.allocations.map(\.id).contains($0)
      }
      guard let best = waits.map({ jobs[$0].priority }).max() else { return }
      let first = waits.first { jobs[$0].priority == best }
      var cluster = run.cluster
      for (job, allocation) in held where job.priority < best { cluster.release(allocation) }
      if let first { #expect(!cluster.canPlace(jobs[first].request)) }
    }
    stopped = run.outcomes.reduce(0) { $0 + $1.preemptions }
    #expect(stopped > 0)
  }

  /// Hands on a scheduler's actions once it has looked at them.
  private struct Watched: JobScheduler {
    let base: PriorityPreemption
    let seen: @Sendable (SchedulerView, [SchedulingAction]) -> Void
    var placement: PlacementRule { base.placement }
    func decide(_ view: SchedulerView) -> [SchedulingAction] {
      let actions = base.decide(view)
      seen(view, actions)
      return actions
    }
  }

  @Test("no victim is stopped whose place the job it makes way for does not need", arguments: 0..<8)
  func fewVictims(seed: Int) {
    let jobs = Self.jobs(200, seed: seed)
    let scheduler = Watched(base: PriorityPreemption()) { view, actions in
      var cluster = view.cluster
      var stopped: [RunningJob] = []
      for action in actions {
        switch action {
        case .preempt(let id):
          let victim = view.running.first { $0.id == id }!
          cluster.release(victim.allocation)
          stopped.append(victim)
        case .start(let id):
          for victim in stopped {
            var spared = cluster
            spared.retake(victim.allocation)
            #expect(!spared.canPlace(view.jobs[id].request))
            #expect(view.jobs[victim.id].priority < view.jobs[id].priority)
          }
          stopped = []
          #expect(cluster.place(view.jobs[id].request, by: .packed) != nil)
        }
      }
      #expect(stopped.isEmpty, "nobody is stopped for nobody")
    }
    var run = JobTraceRun(jobs, on: Self.cluster)
    run.finish(scheduler)
    #expect(run.outcomes.reduce(0) { $0 + $1.preemptions } > 0)
  }

  @Test("of two that could go, the one whose place is enough goes; a preemption costs its restart")
  func victimsByHand() {
    func job(_ at: Int64, _ count: Int, _ priority: Int) -> Job {
      Job(
        arrival: Ticks(at), request: JobRequest(accelerators: count), duration: Ticks(1000),
        priority: priority, deadline: Ticks(2100))
    }
    let jobs = [job(0, 8, 0), job(1, 2, 0), job(2, 8, 1)]
    var run = JobTraceRun(
      jobs, on: ClusterState(nodes: 1, acceleratorsPerNode: 10, nodesPerPod: 1), preemptionCost: Ticks(50))
    run.finish(PriorityPreemption())
    #expect(run.outcomes.map(\.preemptions) == [1, 0, 0])
    #expect(run.outcomes.map(\.end) == [Ticks(2050), Ticks(1001), Ticks(1002)])
    #expect(run.outcomes.map(\.wait) == [Ticks(1000), .zero, .zero])
    #expect(run.deadlinesMet == 1)
  }

  @Test(
    "jobs on nodes that are rented as needed take no more of them than alone, and pay for all",
    arguments: 0..<20)
  func packing(seed: Int) {
    var stream = RandomStream(seed: 44, replication: seed, entity: "packing", purpose: "jobs")
    let counts = (0..<Int(stream.below(12))).map { _ in 1 + Int(stream.below(20)) }
    let packing = NodePacking(accelerators: counts, perNode: 8)
    #expect(abs(packing.held.reduce(0, +) - Double(packing.nodes)) < 1e-9)
    #expect(packing.nodes <= counts.reduce(0) { $0 + ($1 + 7) / 8 })
    #expect(packing.nodes * 8 >= counts.reduce(0, +))
    for (count, held) in zip(counts, packing.held) {
      #expect(held >= Double(count) / 8 - 1e-9 && held <= Double((count + 7) / 8) + 1e-9)
    }
  }

  @Test("users who always want more share by weight, and none passes its quota")
  func shares() {
    // Each user has more work than the cluster can do; all jobs are alike.
    let jobs = (0..<600).map {
      Job(arrival: .zero, request: JobRequest(accelerators: 1), duration: Ticks(100), user: $0 % 3)
    }
    var run = JobTraceRun(jobs, on: Self.cluster)
    _ = run.step(FairShare(weights: [1, 2, 5]))
    let held = (0..<3).map { user in run.allocations.filter { jobs[$0.id].user == user }.count }
    #expect(held == [4, 8, 20])
    var limited = JobTraceRun(jobs, on: Self.cluster)
    _ = limited.step(FairShare(weights: [], quotas: [4, 6, 3]))
    #expect(limited.allocations.count == 13)
    var lent = JobTraceRun(jobs, on: Self.cluster)
    _ = lent.step(FairShare(weights: [], quotas: [4, 6, 3], lends: true))
    #expect(lent.allocations.count == 32)
  }

  @Test("the earliest deadline first meets what first in first out misses")
  func deadlines() {
    let late = Job(
      arrival: .zero, request: JobRequest(accelerators: 32), duration: Ticks(100), deadline: Ticks(10_000))
    let soon = Job(
      arrival: .zero, request: JobRequest(accelerators: 32), duration: Ticks(50), deadline: Ticks(60))
    var ordered = JobTraceRun([late, soon], on: Self.cluster)
    ordered.finish(EarliestDeadline())
    #expect(ordered.outcomes[1].end == Ticks(50) && ordered.outcomes[0].end == Ticks(150))
  }

  @Test("a job that an empty cluster cannot hold is refused and holds up nobody")
  func impossible() {
    let jobs = [40, 3].map {
      Job(arrival: .zero, request: JobRequest(accelerators: $0), duration: Ticks(10))
    }
    for scheduler in [FirstInFirstOut(), EasyBackfill()] as [any JobScheduler] {
      let run = play(jobs, scheduler)
      #expect(run.refused == 1 && run.outcomes[0].start == .never && run.outcomes[1].end == Ticks(10))
    }
  }

  @Test("a backfilled job takes no node from a reservation that needs it whole")
  func wholeNodes() {
    func job(_ count: Int, _ perNode: Int, _ duration: Int64, at time: Int64) -> Job {
      Job(
        arrival: Ticks(time), request: JobRequest(accelerators: count, perNode: perNode),
        duration: Ticks(duration))
    }
    // Two nodes of 8: one node busy to 100, 4 of the other to 50. The third job needs a whole node: at 50.
    // The fourth would fit beside and outlast it: counting alone would not see that it breaks the node.
    let jobs = [job(8, 8, 100, at: 0), job(4, 4, 50, at: 0), job(8, 8, 10, at: 1), job(2, 2, 500, at: 2)]
    var run = JobTraceRun(jobs, on: ClusterState(nodes: 2, acceleratorsPerNode: 8, nodesPerPod: 2))
    run.finish(EasyBackfill())
    #expect(run.outcomes[2].start == Ticks(50))
  }

  @Test("jobs of one accelerator that come and last by chance wait as Erlang says")
  func erlang() throws {
    // M/M/8 at a load of 0.8: Wq = C(8, 6.4) / (8 - 6.4) service times.
    let expected = 0.28602807840126008
    let waits = (0..<30).map { replication -> Double in
      var stream = RandomStream(seed: 43, replication: replication, entity: "trace", purpose: "jobs")
      var time = 0.0
      let jobs = (0..<3000).map { _ -> Job in
        time += stream.exponential() / 6.4
        return Job(
          arrival: Ticks(seconds: time), request: JobRequest(accelerators: 1),
          duration: Ticks(seconds: stream.exponential()))
      }
      var run = JobTraceRun(jobs, on: ClusterState(nodes: 1, acceleratorsPerNode: 8, nodesPerPod: 1))
      run.finish(FirstInFirstOut())
      let counted = run.outcomes.dropFirst(500).map { $0.wait.seconds }
      return SampleSummary(counted).mean ?? 0
    }
    let found = try #require(studentInterval(waits, confidence: 0.99))
    #expect(found.contains(expected), "\(found)")
  }
}
