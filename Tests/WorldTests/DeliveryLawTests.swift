import DryRack
import Foundation
import Testing

/// Capacity that comes in batches, and demand that goes its own way.
@Suite("Laws of capacity over time")
struct DeliveryLawTests {
  /// A service that loads its machines, on designs of `designs`.
  static func results(
    _ designs: String, economics: String = "horizon: 3y, discount-rate: 0%", rate: Double = 4,
    arrivals: String = "constant", replications: Int = 1
  ) async throws -> RunResults {
    let text = """
      version: 1
      name: deliveries
      duration: 1m
      replications: \(replications)
      economics: { \(economics) }
      workloads:
        chat:
          kind: inference
          model: llama-3.1-8b
          arrivals: { process: \(arrivals), rate: \(rate)/s }
          prompt-tokens: { distribution: constant, value: 1000 }
          output-tokens: { distribution: constant, value: 150 }
          slo: { ttft: 1s, tpot: 60ms }
      designs:

      """
    return await Experiment.run(try WorldTests.scenario(text + designs), options: RunOptions())
  }

  static func design(
    _ name: String = "own", pool: String = "", purchase: String = "price: 60000 USD, support: 8%/y",
    site: String = ", electricity: 0.1 USD/kWh, lead-time: 3mo", count: Int = 4
  ) -> String {
    """
      \(name):
        sites: { dc: { kind: on-prem\(site) } }
        pools:
          gpu:
            { site: dc, node: { accelerator: l40s, accelerators: 2 }, count: \(count),
              purchase: { \(purchase) }\(pool) }
        services:
          chat:
            { workload: chat, pool: gpu, replicas: \(2 * count), precision: { weights: fp8, kv: fp8 },
              router: least-loaded }

    """
  }

  static func value(
    _ results: RunResults, _ metric: String, _ design: String = "own", statistic: String = "value"
  ) throws -> Double {
    try #require(
      results.row(design: design, metric: metric, statistic: statistic)?.value,
      "\(metric) \(statistic) of \(design)")
  }

  // MARK: Batches

  @Test("one delivery of everything at the lead time is no batches at all")
  func whole() async throws {
    let growth = "horizon: 3y, discount-rate: 7%, demand: { growth: 4%/month, windows: 2 }"
    let pools = [
      ", deliveries: [ { at: 3mo, count: 4 } ]",
      ", deliveries: [ { at: 3mo, count: 1 }, { at: 3mo, count: 3 } ]",
    ]
    for economics in ["horizon: 3y, discount-rate: 0%", growth] {
      let plain = try await Self.results(Self.design(), economics: economics)
      for pool in pools {
        let phased = try await Self.results(Self.design(pool: pool), economics: economics)
        #expect(phased.costs == plain.costs && phased.months == plain.months)
        func rows(_ results: RunResults) -> [MetricRow] {
          results.rows.filter { !$0.metric.hasPrefix("break_even") }
        }
        #expect(rows(phased) == rows(plain))
      }
    }
  }

  @Test(
    "before its first delivery nothing is there, and capacity follows the deliveries and their acceptance")
  func capacity() async throws {
    let results = try await Self.results(
      Self.design(pool: ", deliveries: [ { at: 6mo, count: 1 }, { at: 12mo, count: 3 } ], acceptance: 1mo"))
    let months = results.months
    #expect(months.count == 36)
    #expect(months.map(\.nodes) == (0..<36).map { $0 < 7 ? 0 : $0 < 13 ? 1 : 4 })
    #expect(months[..<7].allSatisfy { $0.good == 0 && $0.offered! > 0 && $0.unmet == $0.offered })
    #expect(months[7...].allSatisfy { $0.good! > 0 })
    let (offered, good) = (months.reduce(0) { $0 + $1.offered! }, months.reduce(0) { $0 + $1.good! })
    let unmet = try Self.value(results, "unmet_ratio")
    #expect(abs(unmet - (1 - good / offered)) < 1e-12)
    #expect(try abs(Self.value(results, "first_service_day") - 7 * 365.25 / 12) < 1e-9)
    // Ordered three months before, used and supported from the first day of use.
    let invoices = results.costs.filter { $0.chargeCategory == "Purchase" }
    #expect(invoices.map(\.month) == [3, 9])
    #expect(invoices.map(\.billedCostMicros) == [60_000_000_000, 180_000_000_000])
    let used = results.costs.filter { $0.chargeCategory == "Usage" }
    #expect(used.allSatisfy { $0.month >= 7 })
    let support = used.filter { $0.chargeDescription.hasPrefix("support") }
    for month in [7, 12, 13, 35] {
      let sum = support.filter { $0.month == month }.reduce(0) { $0 + $1.billedCostMicros }
      #expect(sum == (month < 13 ? 400_000_000 : 1_600_000_000), "month \(month)")
    }
  }

  @Test("a design whose first nodes wait for demand that never comes is never there, and wins nothing")
  func neverOrdered() async throws {
    let waiting = ", deliveries: [ { at: 3mo, count: 4, if-demand: 5 } ]"
    let designs = Self.design() + Self.design("waits", pool: waiting)
    let results = try await Self.results(designs)
    let row = try #require(results.row(design: "waits", metric: "first_service_day"))
    #expect(row.value == nil)
    #expect(try Self.value(results, "unmet_ratio", "waits") == 1)
    #expect(try Self.value(results, "cost_total", "waits") < Self.value(results, "cost_total"))
    let sentence = results.verdict()
    #expect(sentence.contains(": own, ") && sentence.contains("; waits meets none"), "\(sentence)")
    #expect(results.notes.contains { $0.hasPrefix("waits: not all of its services") })
    #expect(!results.notes.contains { $0.hasPrefix("what decides it") })
    // With demand that reaches it, it comes.
    let grown = try await Self.results(
      designs, economics: "horizon: 3y, discount-rate: 0%, demand: { growth: 10%/month, windows: 2 }")
    let later = ", deliveries: [ { at: 24mo, count: 4, if-demand: 5 } ]"
    #expect(try #require(grown.row(design: "waits", metric: "first_service_day")).value == nil)
    let ordered = try await Self.results(
      Self.design("waits", pool: later),
      economics: "horizon: 3y, discount-rate: 0%, demand: { growth: 10%/month, windows: 2 }")
    #expect(try abs(Self.value(ordered, "first_service_day", "waits") - 2 * 365.25) < 1e-9)
  }

  @Test(
    "whatever comes in batches, both columns of the books add up to the same, and batches have own prices",
    arguments: [
      "price: 60000 USD, life: 2y, residual: 20%, depreciation: declining, "
        + "refresh: { every: 20mo, price: 80% }",
      "price: 60000 USD, financing: { rate: 6%, term: 2y, deposit: 10% }, running: 0.5 USD/h",
      "price: 60000 USD, life: 5y",
    ])
  func columns(purchase: String) async throws {
    let pool =
      ", deliveries: [ { at: 4mo, count: 1 }, { at: 17d, count: 1, price: 90000 USD }, "
      + "{ at: 40mo, count: 2 } ]"
    let results = try await Self.results(
      Self.design(pool: pool, purchase: purchase, site: ", lead-time: 10d")
        + Self.rented(", deliveries: [ { at: 0s, count: 1 }, { at: 9mo, count: 3 } ]"))
    for design in ["own", "rented"] {
      let rows = results.costs.filter { $0.design == design }
      let billed = rows.reduce(0) { $0 + $1.billedCostMicros }
      #expect(billed == rows.reduce(0) { $0 + $1.effectiveCostMicros }, "\(design)")
      let total = try Self.value(results, "cost_total", design)
      #expect(abs(Double(billed) / 1e6 - total) < 1e-5)
    }
    // What is delivered after the horizon is ordered after it.
    #expect(results.months.filter { $0.design == "own" }.last?.nodes == 2)
  }

  static func rented(_ pool: String) -> String {
    """
      rented:
        sites: { us: { kind: cloud, provider: aws, region: us-east-1 } }
        pools:
          gpu:
            { site: us, node: g6e.xlarge, count: 4, pricing: { plan: reserved-1y, upfront: 50% }\(pool) }
        services: { chat: { workload: chat, pool: gpu, replicas: 4, precision: { weights: fp8, kv: fp8 } } }

    """
  }

  @Test("on the same demand, batches never pay for more idle machines than buying all at once")
  func idle() async throws {
    let splits = [
      "{ at: 3mo, count: 1 }, { at: 12mo, count: 3 }", "{ at: 3mo, count: 2 }, { at: 20mo, count: 2 }",
      "{ at: 3mo, count: 1 }, { at: 9mo, count: 1 }, { at: 18mo, count: 1 }, { at: 30mo, count: 1 }",
    ]
    for growth in ["", ", demand: { growth: 5%/month, windows: 3 }", ", demand: { ramp: 1y, windows: 3 }"] {
      for split in splits {
        let results = try await Self.results(
          Self.design("all", site: ", lead-time: 3mo")
            + Self.design(pool: ", deliveries: [ \(split) ]", site: ", lead-time: 3mo"),
          economics: "horizon: 3y, discount-rate: 0%\(growth)", arrivals: "poisson")
        let (some, all) = (
          try Self.value(results, "cost_idle"), try Self.value(results, "cost_idle", "all")
        )
        #expect(some <= all, "\(growth) \(split)")
      }
    }
  }

  @Test("a batch that waits for demand comes with it, and where demand stays away it costs nothing")
  func condition() async throws {
    let economics =
      "horizon: 3y, discount-rate: 0%, demand: { scenarios: { flop: 0%/y, hit: 100%/y }, windows: 3 }"
    let all = ", deliveries: [ { at: 3mo, count: 1 }, { at: 15mo, count: 3 } ]"
    let results = try await Self.results(
      Self.design(pool: ", deliveries: [ { at: 3mo, count: 1 }, { at: 15mo, count: 3, if-demand: 1.9 } ]")
        + Self.design("both", pool: all)
        + Self.design("one", pool: ", deliveries: [ { at: 3mo, count: 1 } ]", count: 1),
      economics: economics)
    // Demand is 2 in the month of the order, a year after the start.
    for metric in ["cost_npv_by_growth", "unmet_ratio_by_growth"] {
      let hit = try Self.value(results, metric, statistic: "hit")
      #expect(try hit == Self.value(results, metric, "both", statistic: "hit"), "\(metric)")
      let flop = try Self.value(results, metric, statistic: "flop")
      #expect(try abs(flop - Self.value(results, metric, "one", statistic: "flop")) < 1e-6, "\(metric)")
    }
    #expect(try Self.value(results, "cost_total") < Self.value(results, "cost_total", "both"))
  }

  @Test("figures at their bounds stop nothing")
  func extremes() async throws {
    for economics in [
      "horizon: 1d, demand: { scenarios: { a: 0%/y }, simulate: every-month }",
      "horizon: 15y, demand: { growth: 10%/month, most: 2, seasons: [ 0, 1.5 ], scenarios: { a: 900%/y } }, "
        + "unmet: { per-million-tokens: 3 USD }",
    ] {
      let results = try await Self.results(
        Self.design(pool: ", deliveries: [ { at: 15y, count: 4 } ], acceptance: 5y", site: "")
          + Self.design(
            "late", pool: ", deliveries: [ { at: 0s, count: 1 }, { at: 1s, count: 3 } ]", site: ""),
        economics: economics, rate: 0.5)
      for row in results.rows { #expect(row.value?.isFinite != false, "\(row.metric)") }
    }
  }
}
