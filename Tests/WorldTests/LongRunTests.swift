import DryRack
import Testing

/// Work adds up past 63 bits of fine ticks, which end after 26 days of one replica's work.
@Suite("Long runs")
struct LongRunTests {
  /// Users who ask without a pause for long answers in slow steps: the replicas that decode are never idle,
  /// and few requests fill a long time.
  static func results(duration: String, service: String, replicas: Int, nodes: Int) async throws -> RunResults
  {
    let text = """
      version: 1
      name: long
      duration: \(duration)
      workloads:
        chat:
          kind: inference
          model: llama-3.1-8b
          arrivals: { process: closed-loop, users: \(replicas) }
          prompt-tokens: { distribution: constant, value: 100 }
          output-tokens: { distribution: constant, value: 300000 }
      designs:
        one:
          sites: { dc: { kind: on-prem, rtt: 10ms } }
          pools: { gpu: { site: dc, node: hgx-h100, count: \(nodes), purchase: { price: 280000 USD } } }
          services:
            chat:
              workload: chat
              pool: gpu
              cache: { prefix: false }
              latency: { step-overhead: 100ms }
              \(service)
      """
    return await Experiment.run(try WorldTests.scenario(text), options: RunOptions())
  }

  @Test(
    "shares stay shares, and the replicas that never rest are never idle",
    arguments: [
      ("390d", "replicas: 1", 1, 1, "value"),
      ("30d", "replicas: 64\n        router: least-loaded", 64, 8, "value"),
      (
        "30d", "disaggregation: { prefill: { replicas: 1 }, decode: { replicas: 31, router: least-loaded } }",
        31, 4, "decode"
      ),
    ])
  func totals(duration: String, service: String, users: Int, nodes: Int, busy statistic: String) async throws
  {
    let results = try await Self.results(
      duration: duration, service: service, replicas: users, nodes: nodes)
    #expect(results.manifest.complete)
    let busy = try #require(
      results.row(design: "one", metric: "gpu_busy_ratio", statistic: statistic)?.value)
    #expect(busy > 0.98 && busy <= 1, "\(service)")
    let causes = results.rows.filter { $0.metric == "bound_by" }.compactMap(\.value)
    #expect(causes.allSatisfy { $0 >= 0 && $0 <= 1 } && abs(causes.reduce(0, +) - 1) < 1e-9)
    let series = results.series.filter { $0.metric == "gpu_busy_ratio" }
    #expect(series.count > 100 && series.allSatisfy { $0.value >= 0 && $0.value <= 1 })
    for metric in ["mfu", "mbu", "kv_usage_ratio"] {
      let share = try #require(results.row(design: "one", workload: "chat", metric: metric)?.value)
      #expect(share > 0 && share < 1, "\(metric)")
    }
  }

  @Test("round trips of a month add up, however many there are")
  func roundTrips() async throws {
    let text = """
      version: 1
      name: far
      workloads:
        chat:
          kind: inference
          model: llama-3.1-8b
          arrivals: { process: burst, count: 500 }
          prompt-tokens: { distribution: constant, value: 10 }
          output-tokens: { distribution: constant, value: 2 }
      designs:
        one:
          sites: { moon: { kind: on-prem, rtt: 30d } }
          pools: { gpu: { site: moon, node: hgx-h100, count: 1, purchase: { price: 280000 USD } } }
          services: { chat: { workload: chat, pool: gpu } }
      """
    let results = await Experiment.run(try WorldTests.scenario(text), options: RunOptions())
    let network = results.row(design: "one", metric: "bound_by", statistic: "network")?.value
    #expect(try #require(network) > 0.999)
  }
}
