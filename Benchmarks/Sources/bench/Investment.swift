import DryRack
import Foundation

/// Buying, renting and calling over three years, in 30 replications: from the scenario's text to its books.
enum Investment {
  static func measure() async throws {
    let steady = try await seconds(economics: "horizon: 3y, discount-rate: 8%")
    line("three designs, three years, 30 replications", "\(rounded(steady)) s of one core (goal 1)")
    let growing = try await seconds(
      economics: "horizon: 3y, discount-rate: 8%, unmet: { per-request: 0.001 USD }, "
        + "demand: { scenarios: { low: 10%/y, base: 60%/y, high: 150%/y }, windows: 3 }",
      deliveries: ", deliveries: [ { at: 14w, count: 1 }, { at: 15mo, count: 1 } ]")
    line("  the same on three paths of demand, bought in batches", "\(rounded(growing)) s of one core")
  }

  private static func text(economics: String, deliveries: String) -> String {
    """
    version: 1
    name: investment
    seed: 1
    duration: 5m
    replications: 30
    economics: { \(economics) }
    workloads:
      chat:
        kind: inference
        model: llama-3.1-70b
        arrivals: { process: gamma, rate: 4/s, burstiness: 0.6 }
        prompt-tokens: { distribution: lognormal, mean: 1000, cv: 1, max: 8192 }
        output-tokens: { distribution: lognormal, mean: 200, cv: 0.8, max: 1024 }
        slo: { ttft: 2s, tpot: 80ms }
    templates:
      answers: { workload: chat, pool: h100, replicas: 4, parallelism: { tensor: 4 }, precision: { weights: fp8, kv: fp8 }, router: least-loaded }
    designs:
      own:
        sites: { dc: { kind: colocation, electricity: 0.10 USD/kWh, pue: 1.3, space: 180 USD/kW-month, lead-time: 14w } }
        pools: { h100: { site: dc, node: hgx-h100, count: 2, fabric: infiniband-ndr, purchase: { price: 290000 USD, life: 5y, residual: 10%, support: 8%/y }\(deliveries) } }
        services: { chat: { template: answers } }
        staff: { owned-nodes-per-person: 4, salary: 200000 USD/y }
      rent:
        sites: { us: { kind: cloud, provider: aws, region: us-east-1 } }
        pools: { h100: { site: us, node: p5.48xlarge, count: 2, pricing: reserved-3y } }
        services: { chat: { template: answers } }
        staff: { rented-nodes-per-person: 8, salary: 200000 USD/y }
      call:
        services: { chat: { workload: chat, endpoint: together-llama-3.1-70b } }
    thresholds:
      - "goodput_ratio > 0.9"
    """
  }

  private static func seconds(economics: String, deliveries: String = "") async throws -> Double {
    var times: [Double] = []
    for _ in 0..<5 {
      let start = userSeconds()
      let bytes = Array(text(economics: economics, deliveries: deliveries).utf8)
      let scenario = try ScenarioReader.read(bytes: bytes, file: "investment.yaml", folder: ".").get()
      let results = await Experiment.run(scenario, options: RunOptions())
      precondition(results.files().count > 5 && results.manifest.replications == 30)
      times.append(userSeconds() - start)
    }
    return times.sorted()[2]
  }
}
