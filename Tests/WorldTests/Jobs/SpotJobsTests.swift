import DryRack
import Foundation
import Testing

@testable import World

/// Several jobs on one spot market, and one that moves of its own will.
@Suite struct SpotJobsTests {
  /// One trace a zone, a sample each half hour.
  static func run(
    _ jobs: [(name: String, keys: String)], nodes: Int, zones: [[Int]], fallback: String = "wait",
    scheduler: String = "policy: fifo", hours: Double = 5
  ) throws -> Outcome {
    let workloads = jobs.map {
      "  \($0.name): { kind: training, model: llama-3.1-8b, trained: lora, sequence: 512, global-batch: 64, "
        + "duration: \(hours)h }"
    }
    let written = jobs.map {
      "      \($0.name): { workload: \($0.name), pool: gpus, restart: 0s, "
        + "\(SharedNodeTests.laidOut($0.keys)) }"
    }
    let text = """
      version: 1
      name: spot
      economics: { horizon: 1mo }
      workloads:
      \(workloads.joined(separator: "\n"))
      designs:
        one:
          sites: { dc: { kind: on-prem } }
          storage: { fs: { kind: parallel-file-system } }
          pools:
            gpus:
              { site: dc, node: hgx-h100, count: \(nodes), fabric: infiniband-ndr, failures: none,
                pricing: { price: 10 USD/h },
                market: { availability: { up: 1h, down: 1h }, on-demand-price: 30 USD/h,
                          fallback: \(fallback) } }
          scheduler: { \(scheduler) }
          jobs:
      \(written.joined(separator: "\n"))
      """
    var scenario = try ScenarioReader.read(bytes: Array(text.utf8), file: "s.yaml", folder: ".").get()
    scenario.designs[0].pools[0].market?.source = .traces(
      try zones.map { try #require(SpotTrace(gap: Ticks(seconds: 1800), counts: $0)) })
    return SharedNodeTests.run(scenario)
  }

  static let saving = "checkpoint: { every: 1h, to: fs, on-notice: true }"

  /// Two halves of a node lie on one, and pay for it together.
  @Test func smallJobsShareANode() throws {
    let keys = "accelerators: 4, \(Self.saving)"
    let jobs = try Self.run([("a", keys), ("b", keys)], nodes: 1, zones: [[1]]).jobs
    let ends = try jobs.map { try #require($0.finish).seconds }
    #expect(jobs.allSatisfy { $0.firstStart == .zero })
    let held = jobs.reduce(0) { $0 + $1.spotNodeSeconds }
    #expect(abs(held - ends.max()!) < 1e-6 * held, "\(held) \(ends)")
  }

  /// The higher priority has the only node, whoever came first; the other saves before it goes.
  @Test func thePriorityHasTheNode() throws {
    let jobs = try Self.run(
      [
        ("low", "accelerators: 8, \(Self.saving)"),
        ("high", "accelerators: 8, priority: 9, start: 1.5h, \(Self.saving)"),
      ], nodes: 1, zones: [[1]], scheduler: "policy: priority"
    ).jobs
    let high = try #require(jobs[1].firstStart).seconds
    #expect(high - 5400 < 10 && jobs[0].interruptions == 1 && jobs[0].time.lost.seconds < 1)
    #expect(try #require(jobs[0].finish) > #require(jobs[1].finish))
    #expect(jobs[0].waitForCapacity == .zero, "it waits for its turn")
  }

  /// Of two jobs in a zone that shrinks to one node, the less important is told in time.
  @Test func whoeverLosesItsNodeIsTold() throws {
    let keys = "accelerators: 8, \(Self.saving)"
    let zone = [2, 2, 2, 1] + [Int](repeating: 1, count: 40)
    let jobs = try Self.run(
      [("low", keys), ("high", keys + ", priority: 9")], nodes: 2, zones: [zone],
      scheduler: "policy: priority"
    ).jobs
    #expect(jobs[1].interruptions == 0 && jobs[0].interruptions == 1)
    // It is told two minutes before, and works on until the node is gone.
    #expect(jobs[0].time.lost.seconds < 120, "\(jobs[0].time.lost)")
    #expect(jobs[0].waitForCapacity > .zero || jobs[0].time.wait > .zero)
  }

  /// Back to spot nodes it goes with its work, and without checkpoints not at all.
  @Test func aMoveOfItsOwnWillLosesNothing() throws {
    let zone = [0, 0, 0] + [Int](repeating: 1, count: 60)
    let saved = try Self.run(
      [("a", "accelerators: 8, checkpoint: { every: 1h, to: fs }")], nodes: 1, zones: [zone],
      fallback: "on-demand"
    ).jobs[0]
    #expect(saved.time.lost.seconds < 1 && saved.interruptions == 1)
    #expect(saved.fallbackNodeSeconds > 5400 && saved.spotNodeSeconds > 3600 * 3)
    let unsaved = try Self.run(
      [("a", "accelerators: 8")], nodes: 1, zones: [zone], fallback: "on-demand"
    ).jobs[0]
    #expect(unsaved.time.lost == .zero && unsaved.spotNodeSeconds == 0)
  }

  /// A gang that no zone holds waits for capacity, not for its turn.
  @Test func whatNeverStartsWaitsForCapacity() throws {
    let job = try Self.run([("a", "accelerators: 16")], nodes: 2, zones: [[1]]).jobs[0]
    #expect(job.firstStart == nil && job.waitForCapacity == job.time.total && job.time.total > .zero)
    let first = try Self.run([("a", "accelerators: 8")], nodes: 1, zones: [[0, 0, 1, 1, 1, 1]]).jobs[0]
    #expect(first.waitForCapacity.seconds > 3599 && first.waitForCapacity == first.time.wait)
  }
}
