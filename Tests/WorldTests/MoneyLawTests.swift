import DryRack
import Foundation
import Testing

/// Laws that hold for every way of paying.
@Suite("Laws of money")
struct MoneyLawTests {
  /// A small service, answered by the designs of `designs`.
  static func results(
    _ designs: String, economics: String = "horizon: 3y, discount-rate: 0%", rate: Double = 1,
    overrides: [(String, String)] = []
  ) async throws -> RunResults {
    let text = """
      version: 1
      name: laws
      duration: 1m
      economics: { \(economics) }
      workloads:
        chat:
          kind: inference
          model: llama-3.1-8b
          arrivals: { process: constant, rate: \(rate)/s }
          prompt-tokens: { distribution: constant, value: 200 }
          output-tokens: { distribution: constant, value: 20 }
      designs:

      """
    return await Experiment.run(try WorldTests.scenario(text + designs), options: RunOptions())
  }

  static func own(
    _ purchase: String, name: String = "own", site: String = "", pool: String = "", more: String = ""
  )
    -> String
  {
    """
      \(name):
        sites: { dc: { kind: on-prem\(site) } }
        pools: { gpu: { site: dc, node: hgx-h100, count: 2, purchase: { \(purchase) }\(pool) } }
        services: { chat: { workload: chat, pool: gpu, replicas: 1 } }
    \(more)

    """
  }

  static func rented(
    _ pricing: String, name: String = "rented", pool: String = "", node: String = "p5.48xlarge"
  )
    -> String
  {
    """
      \(name):
        sites: { us: { kind: cloud, provider: aws, region: us-east-1 } }
        pools: { gpu: { site: us, node: \(node), count: 2, pricing: \(pricing)\(pool) } }
        services: { chat: { workload: chat, pool: gpu, replicas: 1 } }

    """
  }

  static func called(_ pricing: String = "", name: String = "called") -> String {
    "  \(name): { services: { chat: { workload: chat, endpoint: together-llama-3.1-8b\(pricing) } } }\n"
  }

  static func value(_ results: RunResults, _ metric: String, _ design: String = "own") throws -> Double {
    try #require(results.row(design: design, metric: metric)?.value, "\(metric) of \(design)")
  }

  @Test("an idle machine that is bought costs what a busy one does, less energy")
  func idle() async throws {
    for price in [0, 0.11] {
      let design = Self.own(
        "price: 280000 USD, support: 8%/y",
        site: ", electricity: \(price) USD/kWh, pue: 1.2, space: 150 USD/kW-month")
      let idle = try await Self.results(design, rate: 0.05)
      let busy = try await Self.results(design, rate: 40)
      func more(_ metric: String) throws -> Double {
        let (high, low) = (try Self.value(busy, metric), try Self.value(idle, metric))
        return high - low
      }
      let (energy, cost) = (try more("energy_kwh"), try more("cost_per_month"))
      #expect(energy > 0 && abs(cost - energy * price) < 1e-5, "\(price)")
    }
  }

  @Test("twice every price is twice every cost, whatever is paid for")
  func linear() async throws {
    func designs(_ factor: Double) -> String {
      func usd(_ amount: Double, _ unit: String = "") -> String { "\(amount * factor) USD\(unit)" }
      let more = """
            storage:
              warm: { kind: local-nvme, holds: 0GB }
            staff:
              owned-nodes-per-person: 1.5
              salary: \(usd(180_000, "/y"))
              software: \(usd(1_500, "/y"))
            costs:
              licences: { yearly: \(usd(7_000, "/y")), quantity: 3 }
              migration: { once: \(usd(40_000)) }
              audit: { monthly: \(usd(900, "/month")), follows-demand: true }
        """
      let site =
        ", electricity: \(usd(0.1, "/kWh")), space: \(usd(180, "/kW-month"))"
        + ", demand-charge: \(usd(14, "/kW-month"))"
        + ", egress: \(usd(0.08, "/GB")), egress-volume: 40TB, lead-time: 10w"
      return Self.own(
        "price: \(usd(280_000)), residual: 20%, depreciation: declining, support: 10%/y"
          + ", running: \(usd(0.4, "/h"))"
          + ", financing: { rate: 6%, term: 30mo, deposit: 15% }, refresh: { every: 2y, price: 90% }",
        site: site,
        more: more)
        + Self.own("lease: { term: 3y, payment: \(usd(9_000, "/month")) }", name: "leased")
        + Self.rented("{ price: \(usd(50, "/h")), commitment: 1y, upfront: 50% }")
        + Self.rented(
          "[ { share: 50%, price: \(usd(60, "/h")) }, "
            + "{ share: 50%, price: \(usd(90, "/h")), discount: 20% } ]",
          name: "mixed")
        + Self.called(", pricing: { input: \(usd(0.5)), output: \(usd(1)), per-request: \(usd(0.001)) }")
        + Self.called(", pricing: { provisioned: \(usd(20, "/h")), units: 3 }", name: "provisioned")
    }
    let economics =
      "horizon: 40mo, discount-rate: 7%, against: mixed, demand: { growth: 3%/month, windows: 2 }"
    let one = try await Self.results(designs(1), economics: economics)
    let two = try await Self.results(designs(2), economics: economics)
    var costs = 0
    for (single, double) in zip(one.rows, two.rows) where single.metric.hasPrefix("cost_") {
      guard let value = single.value, abs(value) > 1e-3 else { continue }
      costs += 1
      let twice = try #require(double.value)
      #expect(abs(twice / value - 2) < 1e-6, "\(single.design) \(single.metric)")
    }
    #expect(costs > 35)
    for metric in ["break_even_hours", "crossover_month", "irr"] {
      let (before, after) = (try Self.value(one, metric), try Self.value(two, metric))
      #expect(abs(after - before) < 1e-6 * max(1, before), "\(metric)")
    }
  }

  @Test("another design, another price source and another way to pay change no other design")
  func independence() async throws {
    let two = Self.own("price: 280000 USD") + Self.rented("on-demand")
    let base = try await Self.results(two)
    for added in [
      Self.called(), Self.rented("reserved-3y", name: "reserved"),
      Self.rented("spot", name: "other"), Self.own("lease: { term: 2y }", name: "leased"),
    ] {
      let more = try await Self.results(two + added)
      for design in ["own", "rented"] {
        func rows(_ results: RunResults) -> [MetricRow] {
          results.rows.filter { $0.design == design && !$0.metric.hasPrefix("break_even_tokens") }
        }
        #expect(rows(base) == rows(more))
        #expect(base.costs.filter { $0.design == design } == more.costs.filter { $0.design == design })
      }
    }
  }

  @Test("what is paid upfront costs the same, and more today")
  func upfront() async throws {
    var last: (total: Double, present: Double)?
    for share in [0, 50, 100] {
      let results = try await Self.results(
        Self.rented("{ plan: reserved-1y, upfront: \(share)% }"), economics: "horizon: 3y, discount-rate: 9%")
      let now = (
        try Self.value(results, "cost_total", "rented"), try Self.value(results, "cost_npv", "rented")
      )
      if let last {
        #expect(abs(now.0 / last.total - 1) < 1e-9 && now.1 > last.present)
      }
      last = now
    }
  }

  @Test("a loan at the discount rate changes nothing today, and interest is a cost")
  func financing() async throws {
    let rate: Double = pow(1 + 0.005, 12.0) - 1
    let economics = "horizon: 5y, discount-rate: \(rate)"
    let cash = try await Self.results(Self.own("price: 280000 USD, life: 5y"), economics: economics)
    let loan = try await Self.results(
      Self.own("price: 280000 USD, life: 5y, financing: { rate: 6%, term: 4y, deposit: 10% }"),
      economics: economics)
    let (now, later) = (try Self.value(cash, "cost_npv"), try Self.value(loan, "cost_npv"))
    #expect(abs(now - later) < 0.5)
    let interest = loan.costs.filter { $0.chargeDescription.hasPrefix("interest") }
      .reduce(0.0) { $0 + Double($1.effectiveCostMicros) / 1e6 }
    let (withLoan, without) = (try Self.value(loan, "cost_total"), try Self.value(cash, "cost_total"))
    let total = withLoan - without
    #expect(interest > 0 && abs(total - interest) < 1e-3)
  }

  @Test("before delivery nothing is answered, and what is ordered is paid for")
  func leadTime() async throws {
    let results = try await Self.results(
      Self.own("price: 280000 USD", site: ", lead-time: 9mo")
        + Self.rented("on-demand", pool: ", provisioning: { delay: 30m, stock-out: 50% }"))
    let unmet = try Self.value(results, "unmet_ratio")
    #expect(abs(unmet - 0.25) < 1e-9)
    let before = try Self.value(results, "cost_before_service")
    #expect(before == 560_000)
    // An hour on average: half of all attempts fail.
    let days = try Self.value(results, "first_service_day", "rented")
    #expect(abs(days * 24 - 1) < 1e-9)
    let used = results.costs.filter { $0.design == "own" && $0.chargeCategory == "Usage" }
    #expect(used.allSatisfy { $0.month >= 9 })
  }

  @Test("growing demand is paid by the token in proportion, and not by machines that are there")
  func demand() async throws {
    let designs = Self.own("price: 280000 USD") + Self.called()
    let steady = try await Self.results(designs)
    let growing = try await Self.results(
      designs, economics: "horizon: 3y, discount-rate: 0%, demand: { launches: [ { at: 18mo, factor: 3 } ] }")
    let (own, before) = (try Self.value(growing, "cost_total"), try Self.value(steady, "cost_total"))
    #expect(own == before)
    let grown = try Self.value(growing, "cost_total", "called")
    let flat = try Self.value(steady, "cost_total", "called")
    #expect(abs(grown / flat - 2) < 0.02)
    let tokens = growing.costs.filter { $0.design == "called" }
    let first = try #require(tokens.first { $0.month == 0 }).billedCostMicros
    let last = try #require(tokens.first { $0.month == 35 }).billedCostMicros
    #expect(abs(Double(last) / Double(first) - 3) < 0.03)
  }

  @Test("rent by the hour and energy follow the hours of use, and what is bought does not")
  func dailyUse() async throws {
    let whole = try await Self.results(Self.own("price: 280000 USD") + Self.rented("on-demand"))
    let part = try await Self.results(
      Self.own("price: 280000 USD", pool: ", daily-use: 6h")
        + Self.rented("on-demand", pool: ", daily-use: 6h"))
    let (some, all) = (try Self.value(part, "cost_per_month"), try Self.value(whole, "cost_per_month"))
    #expect(some == all)
    let partial = try Self.value(part, "cost_per_month", "rented")
    let full = try Self.value(whole, "cost_per_month", "rented")
    #expect(abs(partial / full - 0.25) < 1e-9)
    // Hours of use are the same, months are four times as many.
    let hours = try Self.value(part, "break_even_hours")
    let allHours = try Self.value(whole, "break_even_hours")
    #expect(abs(hours - allHours) < 1e-3)
    let months = try Self.value(part, "break_even_months")
    let allMonths = try Self.value(whole, "break_even_months")
    #expect(abs(months / allMonths - 4) < 1e-6)
  }

  @Test("the network of bought nodes is counted from their number, unless their price holds it")
  func fabric() async throws {
    let pool = ", fabric: infiniband-ndr"
    let bought = try await Self.results(Self.own("price: 280000 USD", pool: pool))
    let held = try await Self.results(Self.own("price: 280000 USD, fabric: included", pool: pool))
    let rows = bought.costs.filter { $0.serviceCategory == "Networking" }
    let invoice = try #require(rows.first { $0.chargeCategory == "Purchase" })
    // Sixteen interfaces on one switch.
    #expect(invoice.billedCostMicros == Int64((13_500 + 16 * 684) * 1_000_000))
    #expect(invoice.source == "network-published" && !invoice.priceDate.isEmpty)
    #expect(held.costs.allSatisfy { $0.serviceCategory != "Networking" })
  }

  @Test("each person more moves the break-even with an API by their salary over the price of a token")
  func people() async throws {
    var points: [Double] = []
    for people in [0.0, 1, 2, 4] {
      let results = try await Self.results(
        Self.own("price: 280000 USD", more: "    staff: { fte: \(people), salary: 150000 USD/y }")
          + Self.called(),
        rate: 4)
      points.append(try Self.value(results, "break_even_tokens_per_day"))
    }
    // 0.18 USD a million tokens, prompts and answers alike.
    let step = 150_000 / 365.25 / 0.18e-6
    for (index, people) in [0.0, 1, 2, 4].enumerated() {
      #expect(abs((points[index] - points[0]) / step - people) < 1e-6)
    }
  }

  @Test(
    "amounts and demands at their bounds stop nothing",
    arguments: [
      "horizon: 1s", "horizon: 15y, discount-rate: 100000%",
      "horizon: 15y, demand: { growth: 0%/y, launches: [ { at: 0s, factor: 0 } ] }",
      "horizon: 1y, demand: { launches: [ { at: 6mo, factor: 0.00001 } ] }",
      "horizon: 15y, demand: { ramp: 15y, most: 0.001, windows: 9 }",
    ])
  func extremes(economics: String) async throws {
    let dear =
      "price: 1000000000 USD, life: 1d, residual: 100%, support: 100000%/y"
      + ", refresh: { every: 1d, price: 10000% }"
    let results = try await Self.results(
      Self.own(dear, site: ", lead-time: 19y, space: 100000 USD/kW-month", pool: ", fabric: roce-400g")
        + Self.own("price: 0 USD, financing: { rate: 900%, term: 1s }", name: "free", pool: ", daily-use: 0s")
        + Self.rented("{ price: 0 USD/h, commitment: 1d, upfront: 100% }")
        + Self.called(", pricing: { input: 0 USD, output: 0 USD }"), economics: economics)
    for design in results.designs {
      let rows = results.costs.filter { $0.design == design.name }
      let total = results.row(design: design.name, metric: "cost_total")?.value
      #expect(total?.isFinite == true && rows.allSatisfy { $0.pricingQuantity.isFinite })
    }
  }
}
