import DryRack
import Foundation
import Statistics
import Testing

@testable import World

/// Jobs where they really lie, what befalls them, and what others cost them.
@Suite struct PlacedJobTests {
  /// Two jobs of five accelerators that stay, and one of six that comes later.
  private static func text(nodes: Int, placement: String = "packed") -> String {
    """
    version: 1
    name: placed
    workloads:
      small: { kind: training, model: llama-3.1-8b, sequence: 2048, global-batch: 20, duration: 10h }
      late: { kind: training, model: llama-3.1-8b, sequence: 2048, global-batch: 24, steps: 200 }
    designs:
      one:
        sites: { dc: { kind: on-prem } }
        pools: { gpu: { site: dc, node: hgx-h100, count: \(nodes), fabric: roce-100g, failures: none } }
        scheduler: { policy: fifo, placement: \(placement) }
        jobs:
          a: { workload: small, pool: gpu, accelerators: 5, parallelism: { data: 5 }, optimizer-sharding: 3 }
          b: { workload: small, pool: gpu, accelerators: 5, parallelism: { data: 5 }, optimizer-sharding: 3 }
          c: { workload: late, pool: gpu, accelerators: 6, start: 1h, parallelism: { tensor: 2, data: 3 },
               optimizer-sharding: 3 }
    """
  }

  private static func lateWork(_ text: String) throws -> Ticks {
    let outcome = try ContentionTests.run(text)
    #expect(outcome.jobs[2].finish != nil && outcome.jobs[2].steps == 200)
    return outcome.jobs[2].time.useful
  }

  @Test(arguments: ["packed", "topology"]) func aJobThatStraddlesPaysTheNetwork(placement: String) throws {
    let whole = try Self.lateWork(Self.text(nodes: 3, placement: placement))
    let straddling = try Self.lateWork(Self.text(nodes: 2, placement: placement))
    let model = try ContentionTests.model(Self.text(nodes: 3)).model
    #expect(whole == model.jobs[2].stepTime * 200, "a free node is taken whole")
    #expect(straddling > whole, "three on each of two nodes")
  }

  /// The step on an allocation never beats that of full domains, and falls back to it where it fills them.
  @Test func scatteringNeverHelps() throws {
    let model = try ContentionTests.model(Self.text(nodes: 6)).model
    let (job, pool) = (model.jobs[2], model.design.pools[0])
    func step(_ nodes: [Int]) -> PlacedStep {
      let grants = nodes.enumerated().flatMap { place, node in
        Allocation.whole(devices: (node * 8 + place)..<(node * 8 + place + 1), perNode: 8).grants
      }
      return job.step(on: Allocation(grants: grants), of: pool, catalog: .builtIn)
    }
    let steps = [[0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 2, 2], [0, 1, 2, 3, 4, 5]].map {
      step($0)
    }
    let times = steps.map(\.time)
    #expect(times[0] == job.stepTime && times == times.sorted() && times[1] > times[0])
    #expect(job.step(on: nil, of: pool, catalog: .builtIn).time == job.stepTime)
    // What a scattered job pays is communication.
    let network = steps.map { $0.shares.network / $0.shares.total }
    #expect(network == network.sorted() && network[1] > network[0])
  }

  /// Beside parts that age, those without memory fail at their rate: the interval of 99.9 % covers it.
  @Test func agingPartsHideNoOtherFailures() throws {
    let text = """
      version: 1
      name: mixed
      workloads:
        t: { kind: training, model: llama-3.1-8b, sequence: 2048, global-batch: 32, duration: 10h }
      designs:
        one:
          sites: { dc: { kind: on-prem } }
          pools:
            gpu: { site: dc, node: hgx-h100, count: 4, fabric: roce-400g,
                   failures: { node-mtbf: 10d, software-mtbf: 10d, repair: 1h, shape: 1.5 } }
          jobs: { t: { workload: t, pool: gpu, accelerators: 32 } }
      """
    let model = try ContentionTests.model(text).model.jobs[0]
    let rate = model.classes.reduce(0.0) {
      $0 + ($1.failure.hasMemory ? 0 : Double($1.count) / $1.failure.mean.value)
    }
    #expect(rate > 0 && model.classes.contains { $0.failure.hasMemory })
    var summary = SampleSummary()
    for replication in 0..<200 {
      var state = JobState(model, seed: 4, replication: replication, design: "one")
      var (now, count) = (Ticks.zero, 0)
      while let failure = state.nextFailure(after: now), failure.time.seconds < 100 * 86_400 {
        now = failure.time
        if state.failsByAge { state.aging?.replaceFailed(at: now) } else { count += 1 }
      }
      summary.add(Double(count) / (100 * 86_400) / rate)
    }
    let interval = try #require(summary.interval(confidence: 0.999))
    #expect(interval.low < 1 && 1 < interval.high, "\(interval)")
  }

  /// Against a list with an entry for each tick of useful time.
  @Test(arguments: 0..<20) func delaysOfUndoneWorkAreUndone(seed: Int) {
    var stream = RandomStream(seed: 8, replication: seed, entity: "delays", purpose: "walk")
    var book = DelayBook()
    var entries: [(share: Double, byNetwork: Bool)] = []
    var safe = 0
    for _ in 0..<400 {
      let share = [0, 0.25, 0.5][Int(stream.below(3))]
      let byNetwork = stream.below(2) == 0
      if stream.below(8) == 0 {
        entries.removeLast(min(entries.count - safe, Int(stream.below(60))))
      } else {
        for _ in 0..<stream.below(20) { entries.append((share, byNetwork)) }
      }
      if stream.below(6) == 0 { safe += (entries.count - safe) / 2 }
      book.settle(
        upTo: Ticks(Int64(entries.count)), safe: Ticks(Int64(safe)),
        pace: DelayBook.Pace(delay: share, isByNetwork: byNetwork, placement: byNetwork ? 1 : 0))
      func expected(_ byNetwork: Bool) -> Double {
        entries.reduce(0) { $0 + ($1.byNetwork == byNetwork ? Ticks(1).seconds * $1.share : 0) }
      }
      let totals = book.totals
      #expect(abs(totals.network - expected(true)) < 1e-15 && abs(totals.storage - expected(false)) < 1e-15)
      for (placement, byNetwork) in [(0, false), (1, true)] {
        let all = entries.reduce(0) { $0 + ($1.byNetwork == byNetwork ? Ticks(1).seconds : 0) }
        let found = totals.steps.indices.contains(placement) ? totals.steps[placement] : 0
        #expect(abs(found - (all - expected(byNetwork))) < 1e-15)
      }
    }
  }
}
