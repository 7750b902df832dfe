import DryRack
import Foundation
import Testing

/// A recorded week of jobs under several schedulers, as `scenarios/enterprise-cluster.yaml` asks.
@Suite("A week of recorded jobs")
struct RecordedJobsTests {
  private static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("scenarios/enterprise-cluster.yaml").path

  private static let outcomes = Result {
    let scenario = try ScenarioReader.read(path: path).get()
    return try scenario.designs.indices.map { index in
      var model = DesignModel(scenario: scenario, designIndex: index)
      model.settleWhatIsFixed()
      return try #require(model.fixed?.traces.first)
    }
  }

  @Test("the reference cluster is mostly allocated and mostly idle (S01)")
  func reference() throws {
    for outcome in try Self.outcomes.get().prefix(4) {
      let busy = try #require(outcome.busy)
      #expect(outcome.allocated > 0.6 && outcome.allocated < 0.9)
      #expect(busy > 0.35 && busy < 0.4 && busy < outcome.allocated)
    }
  }

  @Test("what is not recorded is not known, and said to be so")
  func unknown() async throws {
    let results = await Experiment.run(try ScenarioReader.read(path: Self.path).get(), options: RunOptions())
    #expect(results.row(design: "backfill", metric: "cost_idle")?.value == nil)
    #expect(results.row(design: "backfill", metric: "gpu_busy_ratio")?.value != nil)
    #expect(results.notes.contains { $0.hasPrefix("backfill/gpus: recorded jobs say nothing of power") })
  }

  @Test("schedulers do the same work and share out the waiting; more nodes shorten it (S02)")
  func schedulers() throws {
    let outcomes = try Self.outcomes.get()
    func mean(_ outcome: JobTraceOutcome) -> Double {
      outcome.waits.reduce(0, +) / Double(outcome.waits.count)
    }
    // Accelerator time held and computed, in units of the cluster: no job is preempted under the first three.
    let held = outcomes.prefix(3).map { $0.allocated * $0.makespan.seconds }
    let computed = outcomes.prefix(3).map { ($0.busy ?? 0) * $0.makespan.seconds }
    for work in [held, computed] {
      #expect(work.allSatisfy { abs($0 / work[0] - 1) < 1e-9 })
    }
    #expect(outcomes.allSatisfy { $0.finished == outcomes[0].finished && $0.refused == 0 })
    #expect(mean(outcomes[1]) < 0.5 * mean(outcomes[0]), "backfilling")
    #expect(mean(outcomes[4]) < mean(outcomes[0]), "a quarter more nodes")
  }

  @Test("what would change nothing of recorded jobs is refused, and named")
  func idleKeys() throws {
    let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: Self.path)), as: UTF8.self)
    let folder = URL(fileURLWithPath: Self.path).deletingLastPathComponent().path
    for (from, to, says) in [
      (
        "pool: gpus }", "pool: gpus, accelerators: 4, priority: 3 }", "`accelerators`, `priority` say nothing"
      ),
      ("count: 16,", "count: 16, failures: { node-mtbf: 100s },", "nothing fails under a recorded trace"),
      ("policy: backfill, placement: packed", "policy: fair-share, quotas: { nobody: 4 }", "user 'nobody'"),
    ] {
      let changed = text.replacing(from, with: to)
      #expect(changed != text)
      guard
        case .failure(let report) = ScenarioReader.read(
          bytes: Array(changed.utf8), file: "e.yaml", folder: folder)
      else {
        Issue.record("'\(to)' is refused")
        continue
      }
      #expect(report.description.contains(says), "\(report.description)")
    }
  }

  @Test("deadlines of a table are on its clock, and jobs that come faster have as long as ever")
  func deadlines() throws {
    let table = """
      arrival_s,accelerators,duration_s,deadline_s
      1000,8,100,1150
      1000,8,50,1060
      1010,8,10,
      """
    let trace = try JobTraceReader.read(Array(table.utf8), format: .table).get()
    #expect(trace.jobs.map(\.deadline) == [Ticks(seconds: 150), Ticks(seconds: 60), .never])
    var run = JobTraceRun(trace.jobs, on: ClusterState(nodes: 1, acceleratorsPerNode: 8, nodesPerPod: 1))
    run.finish(EarliestDeadline())
    #expect(run.deadlinesMet == 1 && run.outcomes[2].end == Ticks(seconds: 160))
    var inOrder = JobTraceRun(trace.jobs, on: ClusterState(nodes: 1, acceleratorsPerNode: 8, nodesPerPod: 1))
    inOrder.finish(FirstInFirstOut())
    #expect(inOrder.deadlinesMet == 0.5)
    guard
      case .failure(let faults) = JobTraceReader.read(
        Array(table.replacing("1150", with: "soon").utf8), format: .table)
    else {
      Issue.record("a deadline is a number")
      return
    }
    #expect(faults.faults.map(\.line) == [2])
  }
}
