import DryRack
import Testing

@testable import Experiments
@testable import Workloads

/// Shares of what the hardware could do at most.
@Suite struct UtilizationTests {
  @Test("one token visits its experts' share, many all of them, and more tokens never read less")
  func visitedExperts() {
    let reads = WeightReads(dense: 10, routed: 80, visited: 0.25)
    #expect(reads.bytes(steps: 1, tokens: 1) == 30)
    #expect(abs(reads.bytes(steps: 2, tokens: 2_000) - 180) < 1e-9)
    let growing = (1...64).map { reads.bytes(steps: 1, tokens: Double($0)) }
    #expect(zip(growing, growing.dropFirst()).allSatisfy { $0 <= $1 })
    #expect(WeightReads(dense: 10).bytes(steps: 3, tokens: 7) == 30 && reads.bytes(steps: 0, tokens: 0) == 0)
  }

  @Test(
    "nothing reads or computes more than there is bandwidth and arithmetic for",
    arguments: ["llama-3.1-8b", "mixtral-8x7b", "qwen3-30b-a3b", "gpt-oss-120b"], [1, 16, 128])
  func bounded(model: String, users: Int) throws {
    let scenario = try WorldTests.scenario(
      """
      version: 1
      name: bounds
      workloads:
        chat:
          kind: inference
          model: \(model)
          requests: \(users * 3)
          arrivals: { process: closed-loop, users: \(users) }
          prompt-tokens: { distribution: constant, value: 300 }
          output-tokens: { distribution: constant, value: 100 }
      designs:
        one:
          sites: { dc: { kind: on-prem } }
          pools: { gpu: { site: dc, node: hgx-h100, count: 1, purchase: { price: 300000 USD } } }
          services: { chat: { workload: chat, pool: gpu, replicas: 1, parallelism: { tensor: 4 } } }
      """)
    let model = DesignModel(scenario: scenario, designIndex: 0)
    let outcome = Simulation.run(model, replication: 0)
    let readings = MetricReader(scenario: scenario, model: model, outcome: outcome).readings
    for metric in ["mbu", "mfu", "gpu_busy_ratio"] {
      let value = try #require(readings.first { $0.metric == metric }?.value)
      #expect(value > 0 && value <= 1, "\(metric) \(value)")
    }
  }
}
