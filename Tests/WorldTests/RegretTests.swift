import DryRack
import Foundation
import Testing

@Suite("Demand that may go one way or another")
struct RegretTests {
  typealias Laws = DeliveryLawTests

  static let designs =
    Laws.design("all")
    + Laws.design("phased", pool: ", deliveries: [ { at: 3mo, count: 1 }, { at: 18mo, count: 3 } ]")
    + MoneyLawTests.called(name: "called")

  static func economics(_ more: String = "", rate: String = "8%") -> String {
    "horizon: 3y, discount-rate: \(rate)\(more), "
      + "demand: { scenarios: { low: 0%/y, base: 60%/y, high: 200%/y }, windows: 3 }"
  }

  @Test("regret is none for the best, never negative, and its largest is what it says")
  func laws() async throws {
    for unmet in ["", ", unmet: { per-request: 0.002 USD }", ", unmet: { per-million-tokens: 40 USD }"] {
      let results = try await Laws.results(
        Self.designs, economics: Self.economics(unmet), arrivals: "poisson", replications: 3)
      for path in ["low", "base", "high"] {
        let regrets = try ["all", "phased", "called"].map {
          try Laws.value(results, "regret_by_growth", $0, statistic: path)
        }
        #expect(regrets.allSatisfy { $0 >= 0 } && regrets.contains(0), "\(unmet) \(path)")
      }
      for design in ["all", "phased", "called"] {
        let most = try ["low", "base", "high"].map {
          try Laws.value(results, "regret_by_growth", design, statistic: $0)
        }.max()
        #expect(try Laws.value(results, "regret_max", design) == most)
      }
      #expect(
        results.growth.map(\.factor).count == 4 && results.notes.contains { $0.hasPrefix("least regret") })
    }
  }

  @Test("what is not met counts at its worth, and without a discount the expected way costs the total")
  func worth() async throws {
    let price = 0.002
    let plain = try await Laws.results(Self.designs, economics: Self.economics(rate: "0%"))
    let worth = try await Laws.results(
      Self.designs, economics: Self.economics(", unmet: { per-request: \(price) USD }", rate: "0%"))
    for design in ["all", "phased", "called"] {
      let total = try Laws.value(plain, "cost_total", design)
      #expect(try abs(Laws.value(plain, "cost_npv_by_growth", design, statistic: "base") - total) < 1e-3)
      let unmet = worth.months.filter { $0.design == design }.reduce(0) { $0 + ($1.unmet ?? 0) }
      func above(_ results: RunResults) throws -> Double {
        let best = try ["all", "phased", "called"].map {
          try Laws.value(results, "cost_npv_by_growth", $0, statistic: "base")
        }
        let regret = try Laws.value(results, "regret_by_growth", design, statistic: "base")
        let own = try Laws.value(results, "cost_npv_by_growth", design, statistic: "base")
        return regret - own + (best.min() ?? 0)
      }
      if design == "called" { #expect(unmet < 1) }
      // The best one answers everything, or the regret of all moves by what it does not.
      let shift = try above(worth) - unmet * price
      #expect(
        try abs(
          shift
            - (Laws.value(worth, "regret_by_growth", "called", statistic: "base")
              - Laws.value(worth, "cost_npv_by_growth", "called", statistic: "base")
              + ["all", "phased", "called"].map {
                try Laws.value(worth, "cost_npv_by_growth", $0, statistic: "base")
              }.min()!)) < 1e-2)
    }
  }

  @Test("a design more never lowers a regret, and equals regret the same")
  func more() async throws {
    let two = try await Laws.results(
      Laws.design("all") + Laws.design("same"), economics: Self.economics())
    let three = try await Laws.results(
      Laws.design("all") + Laws.design("same") + MoneyLawTests.called(), economics: Self.economics())
    for path in ["low", "base", "high"] {
      let before = try Laws.value(two, "regret_by_growth", "all", statistic: path)
      let after = try Laws.value(three, "regret_by_growth", "all", statistic: path)
      #expect(before == 0 && after >= before)
      #expect(try after == Laws.value(three, "regret_by_growth", "same", statistic: path))
    }
  }

  @Test("seasons of mean 1 change no bill by the token, and each month has its own")
  func seasons() async throws {
    let factors = [0.5, 1.5, 1, 0.8, 1.2, 1, 0.6, 1.4, 1, 0.7, 1.3, 1]
    let list = factors.map { "\($0)" }.joined(separator: ", ")
    let steady = try await Laws.results(MoneyLawTests.called())
    let seasonal = try await Laws.results(
      MoneyLawTests.called(),
      economics: "horizon: 3y, discount-rate: 0%, demand: { seasons: [ \(list) ], simulate: every-month }")
    let (flat, total) = (
      try Laws.value(steady, "cost_total", "called"), try Laws.value(seasonal, "cost_total", "called")
    )
    #expect(abs(total / flat - 1) < 0.01)
    for month in seasonal.months {
      #expect(month.demandLevel == factors[month.month % 12])
      let share = try #require(month.billed) / (flat / 36)
      #expect(abs(share - month.demandLevel) < 0.02, "month \(month.month)")
    }
  }

  @Test("requests asked again follow the closed form, and training brings them back")
  func drift() async throws {
    for (drift, mean) in [
      ("{ repeats: 2% }", 1 + 0.02 * 18), ("{ repeats: 4%, most: 20% }", 1 + (0.1 * 5 + 0.2 * 31) / 36),
      ("{ repeats: 6%, retrained: 3mo }", 1 + 0.06 * 1.5),
    ] {
      let plain = try await Laws.results(MoneyLawTests.called(), rate: 20)
      let worse = try await Laws.results(
        "  called:\n    services: { chat: { workload: chat, endpoint: together-llama-3.1-8b } }\n"
          + "    drift: \(drift)\n", rate: 20)
      let ratio = try Laws.value(worse, "cost_total", "called") / Laws.value(plain, "cost_total", "called")
      #expect(abs(ratio / mean - 1) < 0.003, "\(drift): \(ratio) for \(mean)")
    }
  }

  // MARK: Whose money it is

  @Test("what workloads cost, what stands idle and what all share add up to the whole, to the micro-unit")
  func workloads() async throws {
    let text = """
      version: 1
      name: shared
      duration: 1m
      replications: 2
      economics: { horizon: 2y, demand: { growth: 2%/month, windows: 2 } }
      workloads:
        chat: &w
          kind: inference
          model: llama-3.1-8b
          arrivals: { process: poisson, rate: 3/s }
          prompt-tokens: { distribution: constant, value: 300 }
          output-tokens: { distribution: constant, value: 50 }
        code: *w
        tune: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 64, steps: 200 }
      designs:
        own:
          sites: { dc: { kind: on-prem, electricity: 0.1 USD/kWh, space: 100 USD/kW-month } }
          pools:
            gpu:
              site: dc
              node: hgx-h100
              count: 2
              fabric: infiniband-ndr
              purchase: { price: 280000 USD, support: 8%/y }
              failures: none
          services:
            chat: { workload: chat, pool: gpu, replicas: 3 }
            code: { workload: code, pool: gpu, replicas: 1, one-off: [ { name: tuning, cost: 5000 USD } ] }
          jobs: { tune: { workload: tune, pool: gpu, accelerators: 8, runs: { every: 1d } } }
          staff: { fte: 0.5, salary: 200000 USD/y }
        called:
          services:
            chat: { workload: chat, endpoint: together-llama-3.1-8b }
            code: { workload: code, endpoint: together-llama-3.1-8b }
          costs: { audit: { monthly: 100 USD/month } }
      """
    let results = await Experiment.run(try WorldTests.scenario(text), options: RunOptions())
    for design in ["own", "called"] {
      let own = results.rows.filter { $0.design == design && $0.replication == nil }
      let parts = own.filter { $0.metric == "cost_of_workload" || $0.metric == "cost_unallocated" }
      let sum = parts.reduce(0) { $0 + ($1.value ?? 0) }
      #expect(try abs(sum - Laws.value(results, "cost_total", design)) < 2e-6, "\(design)")
      #expect(parts.filter { $0.metric == "cost_of_workload" }.count == (design == "own" ? 3 : 2))
    }
    func cost(_ workload: String) throws -> Double {
      try #require(
        results.row(design: "own", workload: workload, metric: "cost_of_workload")?.value)
    }
    // Three accelerators against one, and what the tuning cost.
    let (chat, code, tune) = (try cost("chat"), try cost("code"), try cost("tune"))
    #expect(abs(chat / (code - 5000) - 3) < 1e-9 && tune > 0)
    let idle = try Laws.value(results, "cost_unallocated", statistic: "idle")
    let shared = try Laws.value(results, "cost_unallocated", statistic: "shared")
    #expect(idle > 0 && abs(shared - 200_000) < 1e-3)
  }

  @Test("a job that is run again and again costs its run so many times")
  func runs() async throws {
    func text(_ runs: String, stageIn: Bool = false) -> String {
      """
      version: 1
      name: runs
      economics: { horizon: 2y, discount-rate: 0% }
      workloads:
        tune: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 64, steps: 500 }
      designs:
        own:
          sites:
            us: { kind: cloud, provider: aws, region: us-east-1 }
            home: { kind: on-prem, egress: 0.05 USD/GB, links: { us: { bandwidth: 10Gbps, latency: 9ms } } }
          pools: { gpu: { site: us, node: p4d.24xlarge, count: 1, pricing: on-demand, failures: none } }
          jobs:
            tune:
              { workload: tune, pool: gpu, optimizer-sharding: 3\(runs)
                \(stageIn ? ", stage-in: { from: home, size: 2TB }" : "") }
      """
    }
    let once = await Experiment.run(try WorldTests.scenario(text("")), options: RunOptions())
    let run = try Laws.value(once, "cost_per_training_run")
    #expect(try abs(Laws.value(once, "cost_total") - run) < 1e-5)
    for (every, count) in [("1mo", 24.0), ("12mo", 2.0)] {
      for repeated in [0, 25] {
        let results = await Experiment.run(
          try WorldTests.scenario(text(", runs: { every: \(every), repeated: \(repeated)% }")),
          options: RunOptions())
        let expected = run * count * (1 + Double(repeated) / 100)
        #expect(try abs(Laws.value(results, "cost_total") / expected - 1) < 1e-6, "\(every) \(repeated)")
        // Every run waits for its data, and every run pays for it: 100 USD.
        let staged = await Experiment.run(
          try WorldTests.scenario(
            text(", runs: { every: \(every), repeated: \(repeated)% }", stageIn: true)),
          options: RunOptions())
        let more = try Laws.value(staged, "cost_total") - Laws.value(results, "cost_total")
        #expect(abs(more / (100 * count * (1 + Double(repeated) / 100)) - 1) < 1e-6, "\(more)")
      }
    }
  }

  @Test("runs that were cut short draw no conclusions about years")
  func interrupted() async throws {
    let scenario = try Self.scenario()
    var options = RunOptions()
    options.maximumEvents = 2_000
    let results = await Experiment.run(scenario, options: options)
    #expect(!results.manifest.complete)
    #expect(results.growth.isEmpty && !results.rows.contains { $0.metric.hasPrefix("regret") })
    #expect(!results.notes.contains { $0.hasPrefix("least regret") || $0.hasPrefix("what decides it") })
    let whole = await Experiment.run(scenario, options: RunOptions())
    #expect(whole.manifest.complete && whole.notes.contains { $0.hasPrefix("least regret") })
  }

  private static func scenario() throws -> Scenario {
    try WorldTests.scenario(
      """
      version: 1
      name: cut-short
      duration: 1m
      economics: { horizon: 1y, \(economics().dropFirst("horizon: 3y, ".count)) }
      workloads:
        chat:
          kind: inference
          model: llama-3.1-8b
          arrivals: { process: constant, rate: 4/s }
          prompt-tokens: { distribution: constant, value: 1000 }
          output-tokens: { distribution: constant, value: 150 }
      designs:

      """ + designs)
  }
}
