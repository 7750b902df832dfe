import DryRack
import Foundation
import Testing

@Suite struct WorldTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func scenario(_ text: String) throws -> Scenario {
    try ScenarioReader.read(bytes: Array(text.utf8), file: "test.yaml", folder: root.path).get()
  }

  static let sharing = [
    "", "", "prefix: { shared-tokens: 200, groups: 3, zipf: 1 }", "sessions: { turns: 3, think-time: 400ms }",
    "sessions: { turns: { distribution: uniform, from: 1, to: 5 }, answer-carried: 50%, max-context: 3000 }",
    "sessions: { turns: 4, follow-up-tokens: { distribution: constant, value: 40 } }\n"
      + "    prefix: { shared-tokens: 100 }",
  ]

  static let caches = [
    "", "cache: { prefix: false }",
    "cache: { tiers: [ { kind: cpu, capacity: 1GiB, bandwidth: 50GB/s, latency: 20us } ] }",
    "cache: { load: always, tiers: [ { kind: cpu, capacity: 20MiB, bandwidth: 1GB/s }, "
      + "{ kind: remote, capacity: 40GiB, bandwidth: 10GB/s, latency: 2ms } ] }",
  ]

  static let routers = [
    "round-robin", "least-loaded", "power-of-two", "prefix-aware", "kv-aware",
    "{ policy: prefix-aware, threshold: 0%, max-imbalance: 2, max-imbalance-ratio: 1 }",
    "{ policy: kv-aware, staleness: 500ms, overlap-weight: 2 }", "{ policy: least-loaded }",
  ]

  private static let arrivals = [
    "{ process: poisson, rate: 3/s }", "{ process: gamma, rate: 3/s, burstiness: 0.3 }",
    "{ process: weibull, rate: 2/s, shape: 0.7 }", "{ process: constant, rate: 5/s }",
    "{ process: burst, count: 60 }",
    "{ process: closed-loop, users: 9, think-time: 200ms }", "{ process: closed-loop, users: 30 }",
    "{ process: diurnal, mean: 3/s, peak-to-mean: 1.8, period: 20s }",
    "{ process: schedule, points: [[0s, 0/s], [10s, 6/s], [20s, 1/s]] }",
  ]

  private static let lengths = [
    "{ distribution: constant, value: 300 }", "{ distribution: uniform, from: 1, to: 900 }",
    "{ distribution: lognormal, mean: 300, cv: 1, max: 3000 }",
    "{ distribution: gamma, mean: 200, cv: 1.5, min: 1, max: 2000 }",
  ]

  private static let stepTimes = [
    "{}", "{ step-overhead: 1ms, sequence-overhead: 0s }",
    "{ table: Tests/Fixtures/made-up-kernel-table.csv, front-end: 2ms }",
  ]

  /// Keys of a service that fit its batching: its cache, its door, its drafts.
  private static func serviceKeys(_ batching: String, _ sharing: String, _ stream: inout RandomStream)
    -> [String]
  {
    func pick(_ list: [String]) -> String { list[Int(stream.below(UInt32(list.count)))] }
    // What a queue by priority preempts, a prefix cache cannot follow.
    // A tier asks for something to keep in it.
    let keeps = !sharing.isEmpty && batching.contains("continuous")
    let cache =
      batching.contains("priority")
      ? "cache: { prefix: false }" : pick(keeps ? caches : ["", "", "cache: { prefix: false }"])
    // Without a cache: some engines' blocks are shorter than a draft.
    let speculates = cache.contains("false") && batching.contains("continuous") && stream.below(2) == 0
    let speculation = speculates ? "speculation: { tokens: 3, acceptance: 0.6, draft-cost: 5% }" : ""
    let door = pick([
      "", "", "admission: { rate-limit: 2/s, burst: 3 }",
      batching.contains("continuous") ? "admission: { policy: slo-aware, rate-limit: 50/s }" : "",
    ])
    return [cache, door, speculation]
  }

  /// A small random scenario over every feature there is.
  static func random(_ seed: UInt64) -> String {
    var stream = RandomStream(seed: seed, replication: 0, entity: "swarm", purpose: "scenario")
    func pick(_ list: [String]) -> String { list[Int(stream.below(UInt32(list.count)))] }
    let arrivals = pick(Self.arrivals)
    let length = Self.lengths
    let batching = pick([
      "{ policy: continuous }", "{ policy: continuous, order: priority }",
      "{ policy: continuous, order: shortest-first, prompts: whole }",
      "{ policy: continuous, prompts: first, receive-interval: 5 }",
      "{ policy: static, size: 4, timeout: 300ms }",
      "{ policy: dynamic-window, size: 6, window: 20ms }",
    ])
    let sharing = pick(Self.sharing)
    let keys = serviceKeys(batching, sharing, &stream)
    let router = pick(Self.routers)
    let blocks = pick(["400", "600", "5000"])
    let parallelism = pick([
      "{ tensor: 1 }", "{ tensor: 2 }", "{ tensor: 1, pipeline: 2 }", "{ tensor: 2, pipeline: 2 }",
    ])
    // Measured step times know nothing of drafts.
    let latency = pick(keys[2].isEmpty ? Self.stepTimes : ["{}"])
    return """
      version: 1
      name: swarm
      seed: \(seed)
      duration: 30s
      warmup: \(pick(["0s", "5s", "auto"]))
      replications: 2
      workloads:
        chat:
          kind: inference
          model: \(pick(["llama-3.1-8b", "qwen3-30b-a3b", "mixtral-8x7b"]))
          requests: 80
          arrivals: \(arrivals)
          prompt-tokens: \(pick(length))
          output-tokens: \(pick(length))
          slo: { ttft: 1s, tpot: 50ms, e2e: 30s }
          priorities: { vital: { share: 20%, priority: high }, rest: { share: 80%, priority: low } }
          \(sharing)
      designs:
        own:
          sites: { dc: { kind: on-prem, rtt: \(pick(["0s", "15ms"])), electricity: 0.1 USD/kWh } }
          pools: { gpu: { site: dc, node: hgx-h200, count: 1, purchase: { price: 300000 USD } } }
          services:
            chat:
              workload: chat
              pool: gpu
              engine: \(pick(["vllm", "sglang", "tgi"]))
              replicas: 2
              parallelism: \(parallelism)
              batching: \(batching)
              latency: \(latency)
              router: \(router)
              \(keys[0])
              \(keys[1])
              \(keys[2])
              kv-blocks: \(blocks)
              max-sequences: \(pick(["4", "64"]))
              max-batched-tokens: \(pick(["512", "8192"]))
        managed: {services: {chat: {workload: chat, model: llama-3.1-8b, endpoint: together-llama-3.1-8b}}}
      """
  }

  @Test(arguments: 0..<UInt64(8)) func randomScenariosHoldTheirInvariants(group: UInt64) throws {
    for seed in (group * 12)..<(group * 12 + 12) { try Self.hold(Self.random(seed), seed) }
  }

  /// Invariants on, every leap walked as well, and the second run equal to the first to the last bit.
  static func hold(_ text: String, _ seed: UInt64) throws {
    let scenario = try Self.scenario(text)
    for design in scenario.designs.indices {
      let model = DesignModel(scenario: scenario, designIndex: design)
      var options = WorldOptions()
      options.keepsRequests = true
      options.verifiesLeaps = true
      let first = Simulation.run(model, replication: 1, options: options)
      let tally = first.services[0].tally
      #expect(tally.isConserved && first.isComplete, "seed \(seed)")
      #expect(tally.offered == tally.completed + tally.rejected + tally.failed, "seed \(seed)")
      for record in first.records {
        guard let ttft = record.ttft else { continue }
        #expect(
          ttft == record.network! + record.queue! + record.prefill! && record.queue! >= .zero,
          "seed \(seed)")
        #expect((record.adapterWait ?? .zero) <= ttft, "seed \(seed)")
      }
      var plain = options
      plain.verifiesLeaps = false
      let second = Simulation.run(model, replication: 1, options: plain)
      #expect(first.services[0].tally.ttft == second.services[0].tally.ttft, "seed \(seed)")
      #expect(
        first.services[0].tally.interTokenGaps == second.services[0].tally.interTokenGaps, "seed \(seed)")
      #expect(first.services[0].replicas == second.services[0].replicas, "seed \(seed)")
    }
  }

  @Test func resultsDoNotDependOnTheNumberOfJobs() async throws {
    let scenario = try Self.scenario(Self.random(4))
    var options = RunOptions()
    let one = await Experiment.run(scenario, options: options)
    options.jobs = 4
    let four = await Experiment.run(scenario, options: options)
    #expect(one.metricsCSV() == four.metricsCSV() && one.summaryJSON() == four.summaryJSON())
  }

  @Test func everyScenarioOfTheFolderResolvesAndConserves() throws {
    let folder = Self.root.appendingPathComponent("scenarios")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
      $0.hasSuffix(".yaml")
    }.sorted()
    #expect(names.count >= 7)
    for name in names {
      let scenario = try ScenarioReader.read(path: folder.appendingPathComponent(name).path).get()
      #expect(!scenario.designs.isEmpty, "\(name)")
    }
  }

  /// 70B in 16 bits leaves room for about 109 sequences of 4k on four 80 GB GPUs; in fp8 for about 324.
  @Test func keyValueRoomOfA70BModel() throws {
    let catalog = Catalog.builtIn
    func tokens(_ format: String) throws -> Int {
      MemoryPlan(
        model: try #require(catalog.model("llama-3.1-70b")),
        accelerator: try #require(catalog.accelerator("h100-sxm")),
        weights: try #require(catalog.precision(format)), keyValue: try #require(catalog.precision(format)),
        layout: ParallelLayout(tensor: 4), engine: try #require(catalog.engine("vllm")), utilization: 0.9,
        maximumBatchedTokens: 8192
      ).tokens
    }
    #expect((85...115).contains(try tokens("bf16") / 4096))
    #expect((270...330).contains(try tokens("fp8") / 4096))
  }
}
