import DryRack
import Testing

/// Money at the level of whole designs: it follows the prices and nothing else does.
@Suite("Costs of designs")
struct CostTests {
  static func results(prices factor: Double) async throws -> RunResults {
    let text = """
      version: 1
      name: costs
      duration: 2m
      workloads:
        chat:
          kind: inference
          model: llama-3.1-8b
          arrivals: { process: poisson, rate: 3/s }
          prompt-tokens: { distribution: lognormal, mean: 500, cv: 1, max: 4000 }
          output-tokens: { distribution: constant, value: 100 }
      designs:
        own:
          sites: { dc: { kind: on-prem, electricity: \(0.1 * factor) USD/kWh, pue: 1.4 } }
          pools:
            gpu:
              site: dc
              node: hgx-h100
              count: 1
              purchase: { price: \(280_000 * factor) USD, residual: 10% }
          services: { chat: { workload: chat, pool: gpu, replicas: 2 } }
          staff: { fte: 0.5, salary: \(150_000 * factor) USD/y }
        rented:
          sites: { us: { kind: cloud, provider: aws, region: us-east-1 } }
          pools:
            gpu: { site: us, node: p5.48xlarge, count: 1, pricing: { price: \(3.9 * factor) USD/gpu-hour } }
          services: { chat: { workload: chat, pool: gpu, replicas: 2 } }
      """
    return await Experiment.run(try WorldTests.scenario(text), options: RunOptions())
  }

  @Test("twice the prices is twice every cost, and the same latency and energy")
  func linear() async throws {
    let one = try await Self.results(prices: 1)
    let two = try await Self.results(prices: 2)
    #expect(one.rows.count == two.rows.count)
    var costs = 0
    for (single, double) in zip(one.rows, two.rows) {
      guard single.metric.hasPrefix("cost_"), let value = single.value, value != 0 else {
        // Ratios of amounts that are rounded to a millionth.
        if ["irr", "full_over_naive_ratio"].contains(single.metric), let ratio = single.value,
          let twice = double.value
        {
          #expect(abs(twice - ratio) < 1e-8)
        } else {
          #expect(single.value == double.value, "\(single.metric)")
        }
        continue
      }
      costs += 1
      #expect(abs(try #require(double.value) / value - 2) < 1e-9, "\(single.design) \(single.metric)")
    }
    // Seven figures of either design, five of them in both; break-evens and savings of the one that buys;
    // idle hours, the workload's part and the machines that nothing is placed on of both, people of one.
    #expect(costs == 24)
  }

  @Test(
    "without interest, payments over the horizon come to what the months cost",
    arguments: ["3y", "5y", "10y", "100d"])
  func presentValue(horizon: String) async throws {
    let text = """
      version: 1
      name: costs
      duration: 1m
      economics: { horizon: \(horizon), discount-rate: 0% }
      workloads:
        chat:
          kind: inference
          model: llama-3.1-8b
          arrivals: { process: constant, rate: 1/s }
          prompt-tokens: { distribution: constant, value: 100 }
          output-tokens: { distribution: constant, value: 10 }
      designs:
        own:
          sites: { dc: { kind: on-prem, electricity: 0.1 USD/kWh } }
          pools:
            gpu:
              site: dc
              node: hgx-h100
              count: 1
              purchase: { price: 280000 USD, life: 5y, residual: 15% }
          services:
            chat: { workload: chat, pool: gpu, replicas: 1, one-off: [ { name: training, cost: 9000 USD } ] }
          staff: { fte: 0.5, salary: 150000 USD/y }
        rented:
          sites: { us: { kind: cloud, provider: aws, region: us-east-1 } }
          pools: { gpu: { site: us, node: p5.48xlarge, count: 1, pricing: on-demand } }
          services: { chat: { workload: chat, pool: gpu, replicas: 1 } }
        called: { services: { chat: { workload: chat, endpoint: together-llama-3.1-8b } } }
      """
    let results = await Experiment.run(try WorldTests.scenario(text), options: RunOptions())
    for design in results.designs {
      let total = try #require(results.row(design: design.name, metric: "cost_total")?.value)
      let present = try #require(results.row(design: design.name, metric: "cost_npv")?.value)
      #expect(total > 0 && abs(present / total - 1) < 1e-6, "\(design.name)")
    }
  }

  @Test("over the life of what was bought, the bills spread add up to the invoice less what is left")
  func invoices() async throws {
    let rows = try await Self.results(prices: 1).costs.filter {
      $0.design == "own" && $0.serviceCategory == "Compute"
    }
    let invoices = rows.filter { $0.chargeCategory == "Purchase" }
    #expect(invoices.map(\.billedCostMicros) == [280_000_000_000])
    let months = rows.filter { $0.chargeCategory == "Usage" }
    #expect(months.count == 36 && Set(months.map(\.billedCostMicros)) == [0])
    // Three of five years are used up; what is left is worth what is not written off.
    let left = try #require(rows.first { $0.chargeCategory == "Credit" })
    let used = months.reduce(0) { $0 + $1.effectiveCostMicros }
    #expect(abs(Double(used) - 280e9 * 0.9 * 0.6) <= 2)
    #expect(used == invoices[0].billedCostMicros + left.billedCostMicros)
  }

  @Test("for every design both columns of the books add up to the same")
  func balance() async throws {
    let results = try await Self.results(prices: 1.37)
    for design in results.designs {
      let rows = results.costs.filter { $0.design == design.name }
      #expect(!rows.isEmpty)
      let billed = rows.reduce(0) { $0 + $1.billedCostMicros }
      #expect(billed == rows.reduce(0) { $0 + $1.effectiveCostMicros })
      let total = try #require(results.row(design: design.name, metric: "cost_total")?.value)
      #expect(Double(billed) / 1e6 == total)
    }
  }
}
