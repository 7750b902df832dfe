import DryRack
import Foundation
import Testing

@testable import Experiments

/// Answers in money that were wrong once.
@Suite("Laws of money: hours, loans, deliveries, units")
struct MoneyAnswerTests {
  typealias Laws = MoneyLawTests

  /// The scenario of `MoneyLawTests` with another line in its workload.
  static func results(
    _ designs: String, workload: String, economics: String = "horizon: 1y, discount-rate: 0%"
  ) async throws -> RunResults {
    let text = """
      version: 1
      name: answers
      duration: 1m
      economics: { \(economics) }
      workloads:
        chat:
          kind: inference
          model: llama-3.1-8b
          arrivals: { process: constant, rate: 1/s }
          prompt-tokens: { distribution: constant, value: 200 }
          output-tokens: { distribution: constant, value: 20 }
          \(workload)
      designs:

      """
    return await Experiment.run(try WorldTests.scenario(text + designs), options: RunOptions())
  }

  @Test("hours that are not paid are hours that are not there", arguments: [0.0, 6, 8, 24])
  func dailyUse(hours: Double) async throws {
    let whole = try await Laws.results(Laws.rented("on-demand"))
    let part = try await Laws.results(Laws.rented("on-demand", pool: ", daily-use: \(hours)h"))
    func value(_ results: RunResults, _ metric: String) -> Double? {
      results.row(design: "rented", metric: metric)?.value
    }
    let unmet = try #require(value(part, "unmet_ratio"))
    #expect(abs(unmet - (1 - hours / 24)) < 1e-12)
    // Rent goes with the hours and so do the tokens: a token costs what it did.
    let tokens = "cost_per_million_output_tokens"
    if hours > 0 {
      let (own, all) = (try #require(value(part, tokens)), try #require(value(whole, tokens)))
      #expect(abs(own / all - 1) < 1e-9)
    } else {
      #expect(value(part, tokens) == nil && part.verdict().contains("meets any demand"))
    }
    #expect(part.notes.contains { $0.contains("h a day") } == (hours < 24))
  }

  @Test("requests that come in some hours alone are met by what is on in them, and billed in them")
  func hours() async throws {
    let designs = Laws.rented("on-demand", pool: ", daily-use: 8h") + Laws.called()
    let all = try await Self.results(designs, workload: "slo: { ttft: 2s }")
    let part = try await Self.results(designs, workload: "daily-use: 8h")
    let (met, unmet) = (
      try Laws.value(part, "unmet_ratio", "rented"), try Laws.value(all, "unmet_ratio", "rented")
    )
    #expect(met == 0 && abs(unmet - 2.0 / 3) < 1e-12)
    let called = try [part, all].map { try Laws.value($0, "cost_per_month", "called") }
    #expect(abs(called[0] * 3 / called[1] - 1) < 1e-9)
    let rents = try [part, all].map { try Laws.value($0, "cost_per_month", "rented") }
    #expect(rents[0] == rents[1])
    let energy = try [part, all].map { try Laws.value($0, "energy_kwh", "rented") }
    #expect(abs(energy[0] / energy[1] - 1) < 1e-9)
  }

  @Test("interest is in every figure of cost")
  func loan() async throws {
    let economics = "horizon: 5y, discount-rate: 0%"
    let loan = ", financing: { rate: 30%, term: 4y, deposit: 10% }"
    let designs =
      Laws.own("price: 280000 USD, life: 5y\(loan)")
      + Laws.own("price: 280000 USD, life: 5y", name: "cash") + Laws.rented("on-demand") + Laws.called()
    let results = try await Laws.results(designs, economics: economics)
    let total = try Laws.value(results, "cost_total")
    #expect(abs(try Laws.value(results, "cost_per_month") * 60 / total - 1) < 1e-9)
    for metric in [
      "cost_total", "cost_per_month", "cost_per_million_output_tokens", "cost_per_good_request",
      "cost_per_useful_gpu_hour", "break_even_hours", "break_even_utilization", "break_even_tokens_per_day",
      "cost_break_even_per_gpu_hour",
    ] {
      let (own, cash) = (try Laws.value(results, metric), try Laws.value(results, metric, "cash"))
      #expect(own > 1.3 * cash, "\(metric) \(own) \(cash)")
    }
  }

  @Test("what answers nobody is not the cheapest, and what answers less says so")
  func verdicts() async throws {
    let designs =
      Laws.own("price: 280000 USD", site: ", lead-time: 4y", more: "")
      + Laws.own("price: 10000 USD", name: "late", site: ", lead-time: 18mo") + Laws.rented("on-demand")
    let results = try await Laws.results(
      designs, economics: "horizon: 3y, discount-rate: 0%, demand: { growth: 20%/y }")
    let sentence = results.verdict()
    #expect(sentence.contains("horizon: late") && sentence.contains("% of demand unmet, rented 0"))
    #expect(sentence.contains("own meets none of its demand"), "\(sentence)")
    #expect(results.notes.allSatisfy { !$0.contains("what decides it: over the horizon own") })
    // Once a request is worth something, what is not there costs it.
    let worth = try await Laws.results(
      designs,
      economics: "horizon: 3y, discount-rate: 0%, demand: { growth: 20%/y }, unmet: { per-request: 1 USD }")
    #expect(worth.verdict().contains("horizon: rented"), "\(worth.verdict())")
    let missed = try Laws.value(worth, "cost_unmet_total", "late")
    let sent = worth.months.filter { $0.design == "late" }.reduce(0) { $0 + ($1.unmet ?? 0) }
    #expect(abs(missed / sent - 1) < 1e-9)
  }

  @Test("what follows demand follows it: four times the demand, four times the cost")
  func followsDemand() async throws {
    let costs = "    costs: { x: { yearly: 1200 USD/y, follows-demand: true }, y: { monthly: 7 USD/month } }"
    let results = try await Laws.results(
      Laws.own(
        "price: 280000 USD", site: ", egress: 0.1 USD/GB, egress-volume: 1TB", more: costs),
      economics: "horizon: 2y, discount-rate: 0%, demand: { launches: [ { at: 12mo, factor: 4 } ] }")
    func billed(_ what: String, _ month: Int) -> Int64? {
      results.costs.first { $0.chargeDescription == what && $0.month == month }?.billedCostMicros
    }
    #expect(billed("x", 0) == 100_000_000 && billed("x", 20) == 400_000_000)
    #expect(billed("egress", 0) == 100_000_000 && billed("egress", 20) == 400_000_000)
    #expect(billed("y", 0) == 7_000_000 && billed("y", 20) == 7_000_000)
  }

  @Test("a launch inside a month is in a part of it")
  func launch() {
    let demand = Demand(launches: [.init(at: Seconds(1.5 * Calendar.secondsPerMonth), factor: 3)])
    #expect(demand.level(ofMonth: 0) == 1 && demand.level(ofMonth: 1) == 2 && demand.level(ofMonth: 2) == 3)
    let ramp = Demand(ramp: Seconds(2.5 * Calendar.secondsPerMonth))
    #expect(abs(ramp.level(ofMonth: 0) - 0.2) < 1e-12 && abs(ramp.level(ofMonth: 2) - 0.95) < 1e-12)
  }

  @Test(
    "what is read back is paid by the gigabyte where the catalogue has a price",
    arguments: [
      ("s3-standard", 0.0), ("s3-standard-ia", 0.01), ("s3-glacier-instant", 0.03),
      ("s3-glacier-flexible", 0.01),
    ])
  func retrieval(tier: String, price: Double) async throws {
    let results = try await Laws.results(
      Laws.rented("on-demand")
        + "    storage: { cold: { kind: object-store, site: us, price: \(tier), retrieves: 10TB } }\n")
    let rows = results.costs.filter { $0.month == 0 && $0.chargeDescription == "retrieval from cold" }
    #expect(rows.reduce(0) { $0 + $1.billedCostMicros } == Int64(price * 10_000 * 1_000_000))
    #expect(rows.allSatisfy { $0.pricingUnit == "GB" && $0.pricingQuantity == 10_000 })
  }

  @Test("what leaves hardware of one's own pays the site's price of it, and what is kept is bought")
  func leaving() async throws {
    let results = try await Laws.results(
      Laws.own(
        "price: 1 USD", site: ", egress: 0.05 USD/GB",
        more: "    storage: { s: { kind: parallel-flash, site: dc, holds: 1TB, leaves: 3TB, reads: 9 } }"))
    let rows = results.costs.filter { $0.month == 0 && $0.serviceCategory == "Storage" }
    let (egress, purchase) = (
      rows.filter { $0.chargeDescription == "egress of s" }, rows.filter { $0.chargeCategory == "Purchase" }
    )
    #expect(egress.map(\.billedCostMicros) == [150_000_000])
    #expect(purchase.map(\.billedCostMicros) == [350_000_000] && rows.count == 3)
  }

  @Test("units of provisioned throughput pass what they are said to pass, and cost what they are")
  func provisioned() async throws {
    func units(_ count: Int) -> String {
      Laws.called(
        ", pricing: { provisioned: 20 USD/h, units: \(count), tokens-per-minute: 6600 }", name: "u\(count)")
    }
    // 220 tokens a request: 30 requests a minute pass a unit, after the first minute's allowance.
    let results = try await Laws.results(units(1) + units(2) + units(4), rate: 4)
    let passed = try [1, 2, 4].map { try #require(results.row(design: "u\($0)", metric: "completed")?.value) }
    let rejected = try #require(results.row(design: "u4", metric: "throttled")?.value)
    #expect(abs(passed[1] / passed[0] - 2) < 0.1 && abs(passed[2] - 240 + rejected) < 1e-9)
    #expect(passed[0] >= 59 && passed[0] <= 61)
    let costs = try [1, 2, 4].map { try Laws.value(results, "cost_per_month", "u\($0)") }
    #expect(costs[1] == 2 * costs[0] && costs[2] == 4 * costs[0])
    #expect(results.notes.allSatisfy { !$0.contains("what a unit passes") })
    let untold = try await Laws.results(Laws.called(", pricing: { provisioned: 20 USD/h, units: 2 }"))
    #expect(untold.notes.contains { $0.contains("give `tokens-per-minute`") })
  }

  @Test("people come with the nodes that they look after")
  func people() async throws {
    func design(_ name: String, _ pool: String) -> String {
      """
        \(name):
          sites: { dc: { kind: on-prem } }
          pools: { gpu: { site: dc, node: hgx-h100, count: 6, purchase: { price: 1000 USD }\(pool) } }
          services: { chat: { workload: chat, pool: gpu, replicas: 3 } }
          staff: { owned-nodes-per-person: 2, salary: 120000 USD/y, software: 12000 USD/y }

      """
    }
    let results = try await Laws.results(
      design("now", "")
        + design("phased", ", deliveries: [ { at: 0mo, count: 2 }, { at: 12mo, count: 4 } ]"),
      economics: "horizon: 3y, discount-rate: 0%")
    func paid(_ design: String, _ what: String, _ month: Int) -> Int64 {
      results.costs.filter {
        $0.design == design && $0.chargeDescription == what && $0.month == month
      }.reduce(0) { $0 + $1.billedCostMicros }
    }
    for month in [0, 11, 12, 35] {
      let people = Int64(month < 12 ? 1 : 3)
      #expect(paid("phased", "staff", month) == people * 10_000_000_000, "\(month)")
      #expect(paid("phased", "software of people", month) == people * 1_000_000_000)
      #expect(paid("now", "staff", month) == 30_000_000_000)
    }
  }
}
