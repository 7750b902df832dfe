import DryRack
import Foundation
import Testing

@testable import Experiments

/// What a month is made of: power that machines can draw, runs that pay for the machines they are made on,
/// and events that happen once.
@Suite("Laws of months")
struct MonthLawTests {
  static func run(_ text: String) async throws -> RunResults {
    await Experiment.run(try WorldTests.scenario(text), options: RunOptions())
  }

  static func value(_ results: RunResults, _ metric: String, design: String = "own") throws -> Double {
    let row = results.rows.first {
      $0.design == design && $0.metric == metric && $0.replication == nil
        && ["value", "mean"].contains($0.statistic)
    }
    return try #require(row?.value, "\(metric) of \(design)")
  }

  // MARK: Power

  /// Long answers on few of many accelerators: leaps that last longer than the time between two samples.
  static func fewOfMany(
    duration: String, replicas: Int = 4, rate: Double = 2, service: String = "", site: String = ""
  ) -> String {
    """
    version: 1
    name: power
    seed: 3
    duration: \(duration)
    economics: { horizon: 1y, discount-rate: 0% }
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        arrivals: { process: poisson, rate: \(rate)/s }
        prompt-tokens: { distribution: constant, value: 500 }
        output-tokens: { distribution: constant, value: 2000 }
    designs:
      own:
        sites: { dc: { kind: on-prem, pue: 1, demand-charge: 10 USD/kW-month\(site) } }
        pools: { g: { site: dc, node: hgx-h100, count: 4, purchase: { price: 290000 USD, life: 5y } } }
        services:
          chat: { workload: chat, pool: g, \(service.isEmpty ? "replicas: \(replicas)" : service) }
    """
  }

  /// Kilowatts of an HGX H100's idle draw and of one of its accelerators that computes.
  static let node = Catalog.builtIn.node("hgx-h100")!

  @Test(
    "a demand charge is at most for the accelerators that replicas hold, and what the series shows",
    arguments: ["2m", "10m", "1h"])
  func demandCharge(duration: String) async throws {
    for replicas in [1, 4] {
      let rate = replicas == 1 ? 0.4 : 2
      let results = try await Self.run(Self.fewOfMany(duration: duration, replicas: replicas, rate: rate))
      let charged = try #require(
        results.costs.first { $0.chargeDescription == "demand charge" }?.pricingQuantity)
      let held =
        (Self.node.idlePower.value * 4
          + (Self.node.power.value - Self.node.idlePower.value) / 8 * Double(replicas)) / 1000
      let shown = results.series.filter { $0.metric == "power_w" }.map(\.value).max() ?? 0
      #expect(charged <= held * (1 + 1e-9) && charged > 0.95 * held, "\(charged) of \(held)")
      #expect(abs(charged * 1000 / shown - 1) < 1e-9, "\(shown) W in series.csv")
    }
  }

  @Test("prefill and decode replicas are charged for what they draw, too")
  func roles() async throws {
    let results = try await Self.run(
      Self.fewOfMany(
        duration: "4m",
        service: "disaggregation: { prefill: { replicas: 2 }, decode: { replicas: 3 } }"))
    let charged = try #require(
      results.costs.first { $0.chargeDescription == "demand charge" }?.pricingQuantity)
    let shown = results.series.filter { $0.metric == "power_w" }.map(\.value).max() ?? 0
    let full = Self.node.power.value * 4
    #expect(abs(charged * 1000 / shown - 1) < 1e-9 && shown < full)
  }

  @Test("hours after the last answer of a day are idle ones: a profile is weighed by all 24 of them")
  func evening() async throws {
    func emitted(_ carbon: String) async throws -> RunResults {
      try await Self.run(
        """
        version: 1
        name: day
        seed: 3
        duration: 24h
        economics: { horizon: 1y, discount-rate: 0% }
        workloads:
          chat:
            kind: inference
            model: llama-3.1-8b
            arrivals:
              process: schedule
              points: [[0s, 0/s], [11h, 0/s], [12h, 1/s], [20h, 1/s], [21h, 0/s]]
            prompt-tokens: { distribution: constant, value: 1000 }
            output-tokens: { distribution: constant, value: 100 }
        designs:
          own:
            sites: { dc: { kind: on-prem, pue: 1, carbon: \(carbon), starts: 06:00 } }
            pools: { g: { site: dc, node: hgx-h100, count: 1, purchase: { price: 290000 USD, life: 5y } } }
            services: { chat: { workload: chat, pool: g, replicas: 8, router: least-loaded } }
        """)
    }
    func profile(_ hours: (Int) -> Int) -> String {
      "{ profile: [" + (0..<24).map { "\(hours($0)) g/kWh" }.joined(separator: ", ") + "] }"
    }
    let flat = try Self.value(await emitted("100 g/kWh"), "carbon_kg")
    // Requests come from 17 to 3 o'clock: what is emitted in the halves of the day adds up.
    let day = try await emitted(profile { $0 >= 3 && $0 < 17 ? 100 : 0 })
    let night = try await emitted(profile { $0 >= 3 && $0 < 17 ? 0 : 100 })
    let (calm, busy) = (try Self.value(day, "carbon_kg"), try Self.value(night, "carbon_kg"))
    #expect(abs((calm + busy) / flat - 1) < 1e-9)
    #expect(busy / 10 > calm / 14 * 1.02, "an hour of the night draws more")
    let idle = Self.node.idlePower.value / 1000 * 730.5 * 14 / 24 * 0.1
    #expect(abs(calm / idle - 1) < 1e-3, "\(calm) of \(idle)")
    #expect(day.notes.contains { $0.contains("each hour weighted") })
  }

  // MARK: Runs

  static func training(pool: String, runs: String = "", more: String = "", jobs: String = "") -> String {
    """
    version: 1
    name: runs
    seed: 3
    duration: 10m
    economics: { horizon: 24mo, discount-rate: 0% }
    workloads:
      tune: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 128, tokens: 2e9 }
      \(more)
    designs:
      own:
        sites: { home: { kind: on-prem, electricity: 0.12 USD/kWh, pue: 1.3 } }
        pools: { g: { site: home, node: hgx-h100, count: 4, fabric: infiniband-ndr, \(pool) } }
        jobs:
          tune: { workload: tune, pool: g, accelerators: 16, optimizer-sharding: 3\(runs) }
          \(jobs)
    """
  }

  @Test(
    "machines that only a job is made on are paid by its runs: cost of a run × runs = what they cost",
    arguments: [
      "purchase: { price: 290000 USD, life: 4y }",
      "purchase: { price: 290000 USD, life: 4y, support: 10%/y, financing: { rate: 6%, term: 3y } }",
      "pricing: { price: 60 USD/h, commitment: 1y }",
    ])
  func runsPay(pool: String) async throws {
    var perRun: [Double] = []
    for (every, count) in [("7d", 730.5 / 7), ("1mo", 24), ("6mo", 4)] {
      let results = try await Self.run(Self.training(pool: pool, runs: ", runs: { every: \(every) }"))
      let run = try Self.value(results, "cost_per_training_run")
      let month = try Self.value(results, "cost_per_month")
      #expect(abs(run * count / (month * 24) - 1) < 1e-6, "\(every): \(run) of \(month)")
      perRun.append(run)
    }
    #expect(perRun[0] < perRun[1] && perRun[1] < perRun[2], "the fewer runs, the dearer each of them")
  }

  @Test("jobs and services beside each other share their machines' month by the hours that they hold")
  func sharedRuns() async throws {
    let pool = "purchase: { price: 290000 USD, life: 4y }"
    let two = try await Self.run(
      Self.training(
        pool: pool, runs: ", runs: { every: 7d }",
        more:
          "other: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 128, tokens: 4e9 }",
        jobs:
          "other: { workload: other, pool: g, accelerators: 16, optimizer-sharding: 3, runs: { every: 14d } }"
      ))
    let rows = two.rows.filter { $0.metric == "cost_per_training_run" && $0.replication == nil }
    #expect(rows.count == 2)
    let sum = zip(rows, [30.4375 / 7, 30.4375 / 14]).reduce(0) { $0 + ($1.0.value ?? 0) * $1.1 }
    #expect(abs(sum / (try Self.value(two, "cost_per_month")) - 1) < 1e-6)
    // A run of twice the tokens takes twice the hours.
    #expect(abs((rows[1].value ?? 0) / (rows[0].value ?? 1) - 2) < 0.1)
  }

  // MARK: Events

  static func outage(duration: String, events: String, economics: String = "horizon: 3y") -> String {
    """
    version: 1
    name: once
    seed: 8
    duration: \(duration)
    economics: { \(economics), discount-rate: 0% }
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        arrivals: { process: poisson, rate: 4/s }
        prompt-tokens: { distribution: constant, value: 600 }
        output-tokens: { distribution: constant, value: 60 }
        slo: { ttft: 1s }
    designs:
      own:
        sites: { dc: { kind: on-prem, electricity: 0.1 USD/kWh } }
        pools: { g: { site: dc, node: hgx-h100, count: 1, purchase: { price: 290000 USD, life: 5y } } }
        services: { chat: { workload: chat, pool: g, replicas: 2 } }
        \(events)
    """
  }

  @Test("an outage happens once: what it costs of three years does not go by how long the run is")
  func once() async throws {
    let events = "events: [ { at: 2m, site: dc, fails: true, for: 1m } ]"
    var lost: [Double] = []
    for duration in ["6m", "24m"] {
      let with = try await Self.run(Self.outage(duration: duration, events: events))
      let without = try await Self.run(Self.outage(duration: duration, events: ""))
      // Months are those of the run without it, to the last figure.
      for metric in ["cost_per_month", "cost_total", "energy_kwh", "cost_per_good_request", "cost_idle"] {
        #expect(try Self.value(with, metric) == Self.value(without, metric), "\(metric)")
      }
      let offered = with.months.reduce(0) { $0 + ($1.offered ?? 0) }
      let unmet = with.months.reduce(0) { $0 + ($1.unmet ?? 0) }
      let usual = without.months.reduce(0) { $0 + ($1.unmet ?? 0) }
      #expect(abs(unmet / offered - (try Self.value(with, "unmet_ratio"))) < 1e-12)
      lost.append(unmet - usual)
      // A minute of four requests a second, and what is late after it.
      #expect((200...600).contains(unmet - usual), "\(unmet - usual)")
      #expect(try Self.value(with, "goodput_ratio") < Self.value(without, "goodput_ratio"))
      #expect(with.notes.contains { $0.contains("`events` happen once") })
      #expect(!without.notes.contains { $0.contains("`events` happen once") })
    }
    #expect(abs(lost[0] - lost[1]) < 1e-6)
  }

  @Test("a surge of demand that is written down sends its requests once, too")
  func surge() async throws {
    let with = try await Self.run(
      Self.outage(
        duration: "6m", events: "events: [ { at: 2m, workload: chat, rate: 3, for: 1m } ]"))
    let without = try await Self.run(Self.outage(duration: "6m", events: ""))
    let more =
      with.months.reduce(0) { $0 + ($1.offered ?? 0) } - without.months.reduce(0) { $0 + ($1.offered ?? 0) }
    #expect((300...700).contains(more), "\(more) of about 480")
    #expect(try Self.value(with, "cost_total") == Self.value(without, "cost_total"))
  }

  @Test("what fails by chance counts in every month, as before")
  func chance() async throws {
    let text = Self.outage(duration: "24m", events: "").replacing(
      "life: 5y } }", with: "life: 5y }, failures: { node-mtbf: 10m, repair: 2m } }")
    let results = try await Self.run(text)
    let lost = 1 - (try Self.value(results, "goodput_ratio"))
    #expect(lost > 0.02)
    #expect(abs(try Self.value(results, "unmet_ratio") - lost) < 1e-9)
  }
}

/// Months of growing demand.
@Suite("Laws of growing months")
struct GrowingMonthTests {
  private static func text(rate: Double, economics: String, pool: String) -> String {
    """
    version: 1
    name: growing
    seed: 5
    duration: 2m
    economics: { horizon: 6mo, discount-rate: 0%\(economics) }
    workloads:
      chat:
        kind: inference
        model: llama-3.1-8b
        arrivals: { process: poisson, rate: \(rate)/s }
        prompt-tokens: { distribution: constant, value: 1000 }
        output-tokens: { distribution: constant, value: 200 }
    designs:
      own:
        sites:
          dc: { kind: on-prem, links: { us: { bandwidth: 10Gbps, latency: 30ms } } }
          us: { kind: cloud, provider: aws, region: us-east-1 }
        pools:
          base: { site: dc, node: hgx-h100, count: 1, purchase: { price: 290000 USD, life: 4y } }\(pool)
    """
  }

  @Test(
    "what nobody needs yet is paid for when it is needed: a month is what its demand costs, run by itself",
    arguments: [
      ("", "{ endpoint: together-llama-3.1-8b }"),
      (
        "\n      burst: { site: us, node: p5.48xlarge, count: { min: 0, max: 2 }, pricing: on-demand, "
          + "provisioning: { delay: 10s } }",
        "{ pool: burst, autoscale: { min: 0, max: 8, metric: running, target: 40, interval: 1s, "
          + "cold-start: 2s } }"
      ),
    ])
  func bursts(pool: String, member: String) async throws {
    let service =
      "\n    services: { chat: { workload: chat, placement: [ { pool: base, replicas: 2 }, \(member) ], "
      + "overflow: { policy: order, counts: in-hand, spill-at: 40 } } }\n"
    let growing = try await MonthLawTests.run(
      Self.text(
        rate: 10, economics: ", demand: { growth: 40%/month, simulate: every-month }", pool: pool)
        + service)
    let months = growing.months
    let first = try #require(months.first?.effective)
    let last = try #require(months.last)
    let alone = try await MonthLawTests.run(
      Self.text(rate: 10 * last.demandLevel, economics: "", pool: pool) + service)
    let own = try MonthLawTests.value(alone, "cost_per_month")
    #expect(own > first * 1.1, "the last month needs more than what is owned: \(first), \(own)")
    let paid = try #require(last.effective)
    #expect(abs(paid - own) < own * 1e-6, "\(paid) in the month, \(own) by itself")
  }
}
