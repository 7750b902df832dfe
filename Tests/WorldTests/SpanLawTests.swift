import DryRack
import Foundation
import Testing

@testable import Experiments

/// What figures are divided by: each service's own sending, each job's own runs, a month of the pool's hours.
@Suite("Laws of spans")
struct SpanLawTests {
  static let chat =
    "chat: { kind: inference, model: llama-3.1-8b, arrivals: { process: poisson, rate: 6/s }, "
    + "prompt-tokens: { distribution: constant, value: 900 }, "
    + "output-tokens: { distribution: constant, value: 120 }, slo: { ttft: 2s } }"
  static func tune(_ tokens: String) -> String {
    "tune: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 128, tokens: \(tokens) }"
  }
  static let servingPool =
    "serving: { site: dc, node: hgx-h100, count: 1, purchase: { price: 290000 USD, life: 5y } }"
  static let trainingPool =
    "training: { site: dc, node: hgx-h100, count: 2, fabric: infiniband-ndr, "
    + "purchase: { price: 290000 USD, life: 5y } }"

  static func run(
    serves: Bool = true, tokens: String? = nil, runs: String = "", economics: String = "horizon: 3y"
  ) async throws -> RunResults {
    let pools = (serves ? [servingPool] : []) + (tokens == nil ? [] : [trainingPool])
    let workloads = (serves ? [chat] : []) + (tokens.map { [tune($0)] } ?? [])
    let services = serves ? ["services: { chat: { workload: chat, pool: serving, replicas: 2 } }"] : []
    let jobs =
      tokens == nil ? [] : ["jobs: { tune: { workload: tune, pool: training, accelerators: 16\(runs) } }"]
    let text = """
      version: 1
      name: spans
      seed: 4
      duration: 3m
      warmup: 20s
      economics: { \(economics), discount-rate: 0% }
      workloads:
        \(workloads.joined(separator: "\n  "))
      designs:
        own:
          sites: { dc: { kind: on-prem, electricity: 0.10 USD/kWh, pue: 1.2 } }
          pools: { \(pools.joined(separator: ", ")) }
          \((services + jobs).joined(separator: "\n    "))
      """
    return await Experiment.run(try WorldTests.scenario(text), options: RunOptions())
  }

  static func value(_ results: RunResults, _ metric: String) throws -> Double {
    try MoneyLawTests.value(results, metric)
  }

  @Test(
    "a job on another pool leaves every figure of a service as it is, however long it runs",
    arguments: ["2e7", "2e8", "2e10"])
  func unrelated(tokens: String) async throws {
    let alone = try await Self.run()
    let both = try await Self.run(tokens: tokens)
    let job = try await Self.run(serves: false, tokens: tokens)
    // Its part of the design's cost is a question of the design.
    func rows(_ results: RunResults) -> [MetricRow] {
      results.rows.filter { $0.workload == "chat" && $0.metric != "cost_of_workload" }
    }
    #expect(rows(alone) == rows(both) && alone.series == both.series && !rows(alone).isEmpty)
    for metric in ["energy_kwh", "cost_idle", "cost_total", "cost_per_month"] {
      let parts = try Self.value(alone, metric) + Self.value(job, metric)
      let whole = try Self.value(both, metric)
      #expect(abs(whole / parts - 1) < 1e-6, "\(metric): \(whole) \(parts)")
    }
  }

  @Test("the energy of a job that is run so many times is that of one run, so many times, above idling")
  func runs() async throws {
    let horizon = "horizon: 24mo"
    let once = try await Self.run(serves: false, tokens: "2e9", economics: horizon)
    var energies: [Double: Double] = [:]
    for count in [1.0, 2, 24, 240] {
      let results = try await Self.run(
        serves: false, tokens: "2e9", runs: ", runs: { every: \(24 * 730.5 / count)h }", economics: horizon)
      energies[count] = try Self.value(results, "energy_kwh")
    }
    let one = try #require(energies[1])
    #expect(abs(try Self.value(once, "energy_kwh") / one - 1) < 1e-12)
    let more = try #require(energies[2]) - one
    for count in [24.0, 240] {
      #expect(abs((try #require(energies[count]) - one) / (more * (count - 1)) - 1) < 1e-9, "\(count)")
    }
    // What no run takes is the idle draw of two nodes with their switch.
    #expect(one - more < one && one - more > 0.9 * one)
    #expect(once.notes.contains { $0.contains("tune runs once in the horizon") })
  }

  @Test("runs that follow faster than they end keep a pool busy all the time, and the run says so")
  func crowded() async throws {
    let results = try await Self.run(serves: false, tokens: "2e9", runs: ", runs: { every: 1h }")
    #expect(results.notes.contains { $0.contains("% of the hours that there are") })
    let idle = try Self.value(results, "cost_idle")
    #expect(abs(idle) < 1e-6)
  }

  @Test("no pool draws more on the mean than its meter's full load, whatever its cap")
  func caps() async throws {
    for cap in [700, 500, 400, 320, 250, 200] {
      let results = await FacilityRunTests.run(
        try FacilityRunTests.scenario(
          site: ", pue: 1.5, power-limit: 10MW, demand-charge: 10 USD/kW-month",
          pool: ", power-cap: \(cap)W", rate: "90/s", tokens: (200, 200),
          node: "{ accelerator: h100-sxm, accelerators: 1 }"))
      let mean = try FacilityRunTests.value(results, "energy_kwh") / 730.5
      let full = try FacilityRunTests.value(results, "site_power_kw")
      let charged = try #require(
        results.costs.first { $0.chargeDescription == "demand charge" }?.pricingQuantity)
      #expect(mean <= full * (1 + 1e-9) && charged <= full * (1 + 1e-9), "\(cap) W: \(mean) of \(full) kW")
      #expect(mean > 0.5 * full)
    }
  }

  @Test("a tail without load bends no busy share: twice the answers' length, the same load, the same share")
  func tail() async throws {
    // One request a second to a replica that is busy all the time: the share is 1 whatever follows.
    for duration in ["30s", "5m"] {
      let results = await FacilityRunTests.run(
        try FacilityRunTests.scenario(rate: "60/s", duration: duration, tokens: (200, 1500), count: 1))
      let busy = try #require(results.row(design: "own", metric: "gpu_busy_ratio")?.value)
      #expect(busy > 0.97 && busy <= 1, "\(duration): \(busy)")
    }
  }
}
