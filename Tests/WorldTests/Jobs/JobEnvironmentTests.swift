import DryRack
import Testing

/// What a job stands on: parts that age, markets whose zones are short together, prices that move.
@Suite("What a job stands on")
struct JobEnvironmentTests {
  static let market = "count: 4, pricing: { price: 10 USD/h }, market: { availability: { up: 30h, down: 2h"

  static func mean(_ metric: String, pool: String, replications: Int = 40) async throws -> Double {
    let scenario = try TrainingJobTests.scenario(
      pool: pool, job: ", checkpoint: { every: 1h, to: fs }", replications: replications)
    let results = await TrainingJobTests.rows(scenario)
    let statistic = metric == "time_to_train_s" ? "mean" : "value"
    return try TrainingJobTests.value(results, metric, statistic)
  }

  /// A new cluster of one mean life fails more at first where parts fail young, and less where they wear out.
  @Test func newPartsFailByTheirShape() async throws {
    func interruptions(_ shape: String) async throws -> Double {
      try await Self.mean("interruptions", pool: "count: 6, failures: { node-mtbf: 20d\(shape), repair: 1h }")
    }
    let (young, plain, wearing) = (
      try await interruptions(", shape: 0.6"), try await interruptions(""),
      try await interruptions(", shape: 3")
    )
    #expect(young > 1.3 * plain && plain > 2 * wearing)
    #expect(try await interruptions(", shape: 1") == plain, "a shape of 1 changes nothing")
  }

  @Test func zonesThatAreShortTogetherWaitLonger() async throws {
    let alone = try await Self.mean("time_to_train_s", pool: Self.market + " } }")
    let together = try await Self.mean(
      "time_to_train_s", pool: Self.market + ", region: { up: 20h, down: 5h } } }")
    #expect(together > 1.05 * alone)
  }

  /// Prices that wander leave the time alone and the mean cost within what chance explains.
  @Test func pricesMoveTheCostAlone() async throws {
    let still = Self.market + " } }"
    let moving = Self.market + " }, price: { deviation: 0.3, memory: 6h } }"
    #expect(
      try await Self.mean("time_to_train_s", pool: still)
        == Self.mean("time_to_train_s", pool: moving))
    let (fixed, wandering) = (
      try await Self.mean("cost_per_training_run", pool: still),
      try await Self.mean("cost_per_training_run", pool: moving)
    )
    #expect(fixed != wandering && abs(wandering / fixed - 1) < 0.1)
    let none = try await Self.mean(
      "cost_per_training_run", pool: Self.market + " }, price: { deviation: 0 } }")
    #expect(abs(none / fixed - 1) < 1e-9)
  }

  /// Two jobs on halves of one node: what breaks the node stops both.
  @Test func aBrokenNodeStopsAllOfItsJobs() async throws {
    func interruptions(_ second: String) async throws -> Double {
      let text = """
        version: 1
        name: halves
        replications: 120
        workloads:
          a: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 64, duration: 48h }
          b: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 64, duration: 48h }
        designs:
          one:
            sites: { dc: { kind: on-prem } }
            pools: { gpus: { site: dc, node: hgx-h100, count: 3, failures: { node-mtbf: 4d, repair: 1h } } }
            storage: { fs: { kind: parallel-file-system } }
            jobs:
              a: { workload: a, pool: gpus, accelerators: 4, checkpoint: { every: 1h, to: fs } }
              b: { workload: b, pool: gpus, accelerators: \(second), checkpoint: { every: 1h, to: fs } }
        """
      let results = await Experiment.run(
        try ScenarioReader.read(bytes: Array(text.utf8), file: "h.yaml", folder: ".").get(),
        options: RunOptions())
      return try #require(results.row(design: "one", workload: "a", metric: "interruptions")?.value)
    }
    // Packed, the first two share a node, and what breaks it, it breaks for both, no more often.
    let (shared, alone) = (try await interruptions("4"), try await interruptions("8"))
    #expect(alone > 0.3 && abs(shared / alone - 1) < 0.4, "\(shared) \(alone)")
  }

  @Test func formatsWithoutUnitsAreRefused() {
    let text = """
      version: 1
      name: job
      workloads:
        t:
          { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 64, steps: 10, precision: fp8 }
      designs:
        one:
          sites: { dc: { kind: on-prem } }
          pools: { gpus: { site: dc, node: { accelerator: a100-sxm-80gb, accelerators: 8 }, count: 1 } }
          jobs: { t: { workload: t, pool: gpus } }
      """
    guard
      case .failure(let report) = ScenarioReader.read(bytes: Array(text.utf8), file: "j.yaml", folder: ".")
    else { return #expect(Bool(false), "an A100 has no fp8 unit") }
    #expect(report.description.contains("fp8") && report.description.contains("bf16"))
  }
}
