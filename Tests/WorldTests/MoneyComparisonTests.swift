import DryRack
import Foundation
import Testing

@testable import Experiments

/// Where one design becomes cheaper than another, and what it is held against.
@Suite("Laws of money: break-evens and returns")
struct MoneyComparisonTests {
  typealias Laws = MoneyLawTests

  /// Owned machines with an endpoint behind them.
  static func mixed(_ price: String = "price: 280000 USD") -> String {
    """
      mixed:
        sites: { dc: { kind: on-prem } }
        pools: { gpu: { site: dc, node: hgx-h100, count: 1, purchase: { \(price) } } }
        services:
          chat: { workload: chat, placement: [ { pool: gpu }, { endpoint: together-llama-3.1-8b } ] }

    """
  }

  @Test("a longer lead time never raises the return nor what is saved, nor brings the crossing nearer")
  func leadTime() async throws {
    let leads = [0, 4, 10, 26, 52, 100]
    for (purchase, other) in [
      ("price: 280000 USD", Laws.rented("on-demand", name: "other")),
      ("price: 280000 USD, life: 2y, residual: 10%", Laws.rented("reserved-1y", name: "other")),
      (
        "price: 280000 USD, financing: { rate: 7%, term: 3y, deposit: 20% }",
        Laws.rented("on-demand", name: "other", pool: ", provisioning: { delay: 20d, stock-out: 50% }")
      ),
      (
        "price: 90000 USD, residual: 15%, support: 8%/y",
        Laws.called(", pricing: { input: 5 USD, output: 25 USD }", name: "other")
      ),
    ] {
      var before: (irr: Double?, crossing: Double?, saved: Double)?
      for lead in leads {
        let results = try await Laws.results(
          Laws.own(purchase, site: ", electricity: 0.1 USD/kWh, lead-time: \(lead)w") + other,
          economics: "horizon: 4y, discount-rate: 0%", rate: 8)
        let irr = results.row(design: "own", metric: "irr")?.value
        let crossing = results.row(design: "own", metric: "crossover_month")?.value
        let saved = try Laws.value(results, "cost_saved_total")
        if let before {
          #expect((irr ?? -1) <= (before.irr ?? -1) + 1e-9, "\(purchase) \(lead)")
          #expect((crossing ?? .infinity) >= (before.crossing ?? .infinity), "\(purchase) \(lead)")
          #expect(saved <= before.saved + 0.01, "\(purchase) \(lead)")
        } else {
          #expect(irr ?? 0 > 0 && crossing != nil && saved > 0, "\(purchase)")
        }
        before = (irr, crossing, saved)
      }
    }
  }

  @Test("no payments cross before the first day of service, and what the wait costs is known")
  func waiting() async throws {
    let results = try await Laws.results(
      Laws.own("price: 100 USD, life: 4y", site: ", lead-time: 9mo")
        + Laws.rented("{ price: 10 USD/h }"),
      economics: "horizon: 4y, discount-rate: 0%")
    #expect(try Laws.value(results, "crossover_month") == 10)
    // 39 months of rent are saved, for as much as the machines lose in them.
    let (saved, month) = (try Laws.value(results, "cost_saved_total"), 2 * 10 * 730.5)
    #expect(abs(saved - (39 * month - 200 * 39 / 48)) < 0.01)
  }

  @Test("what is bought pays for itself within its life or not at all", arguments: [1.0, 3, 5])
  func life(years: Double) async throws {
    for price in [10_000.0, 100_000, 280_000, 600_000, 2_000_000] {
      for loan in ["", ", financing: { rate: 10%, term: 1y, deposit: 0% }"] {
        let results = try await Laws.results(
          Laws.own("price: \(price) USD, life: \(years)y, running: 2 USD/h\(loan)")
            + Laws.rented("{ price: 20 USD/h }"), economics: "horizon: 9y, discount-rate: 0%")
        let months = results.row(design: "own", metric: "break_even_months")?.value
        let interest = results.costs.filter { $0.chargeDescription.hasPrefix("interest") && $0.month < 12 }
          .reduce(0.0) { $0 + Double($1.billedCostMicros) / 1e6 }
        let alone = (2 * price + interest) / (2 * 18 * 730.5)
        let label = Comment(rawValue: "\(price) \(years) \(loan)")
        if alone <= years * 12 {
          #expect(abs(try #require(months, label) / alone - 1) < 1e-6, label)
        } else {
          #expect(months == nil, label)
          let expected = "does not pay for itself within its life of \(Int(years * 12)) months"
          #expect(results.notes.contains { $0.contains(expected) }, label)
        }
      }
    }
    let dear = try await Laws.results(
      Laws.own("price: 1 USD, running: 30 USD/h") + Laws.rented("{ price: 20 USD/h }"))
    #expect(dear.notes.contains("own: what is bought never pays for itself"))
  }

  @Test("things of shorter lives are bought again until the longest ends, month by month as counted")
  func lives() async throws {
    // Leased nodes beside which storage is bought, and nodes beside it, of other lives.
    for price in [1_000.0, 20_000, 60_000, 150_000] {
      let results = try await Laws.results(
        Laws.own(
          "price: \(price) USD, life: 1y", more: "    storage: { s: { kind: parallel-flash, holds: 100TB } }")
          + Laws.rented("{ price: 5 USD/h }"), economics: "horizon: 9y, discount-rate: 0%")
      let months = results.row(design: "own", metric: "break_even_months")?.value
      let rent: Double = 2 * 5 * 730.5
      // In steps of a hundredth of a month.
      let counted = stride(from: 0.0, through: 60, by: 0.01).first { month in
        let nodes = 2 * price * max(1, (month / 12).rounded(.up))
        return nodes + 35_000 <= rent * month
      }
      if let months, let counted {
        #expect(abs(months - counted) < 0.011, "\(price)")
      } else {
        #expect(months == nil && counted == nil, "\(price)")
      }
    }
  }

  @Test("what is paid in several ways is no reference for any one of them")
  func references() async throws {
    let own = Laws.own("price: 280000 USD")
    let metrics = ["break_even_tokens_per_day", "break_even_utilization", "cost_break_even_per_gpu_hour"]
    func rows(_ results: RunResults) -> [MetricRow] {
      results.rows.filter { $0.design == "own" && metrics.contains($0.metric) }
    }
    let alone = try await Laws.results(own + Self.mixed() + Laws.rented("reserved-1y"))
    #expect(rows(alone).isEmpty)
    #expect(alone.notes.allSatisfy { !$0.contains("by the token from") && !$0.contains("by the hour") })
    let pure = own + Laws.called() + Laws.rented("on-demand")
    let named = "horizon: 3y, discount-rate: 0%, against: mixed"
    let with = try await Laws.results(Self.mixed() + pure, economics: named)
    let without = try await Laws.results(pure)
    #expect(rows(with) == rows(without) && rows(with).count == 3)
    // Where the load decides who answers, cost is no straight line in tokens.
    #expect(with.row(design: "mixed", metric: metrics[0]) == nil)
    let partly = try await Laws.results(
      own + Laws.called(", pricing: { provisioned: 20 USD/h, units: 3 }")
        + Laws.rented("[ { spot: 50% }, { share: 50%, plan: reserved-3y } ]"))
    #expect(rows(partly).isEmpty)
  }

  @Test("a break-even past what machines have been asked for says so")
  func shown() async throws {
    let designs = Laws.own("price: 280000 USD") + Laws.called()
    let small = try await Laws.results(designs)
    #expect(
      small.notes.contains { $0.hasSuffix("times what is simulated: more than its replica has shown here") })
    let dear = Laws.own("price: 100 USD") + Laws.called(", pricing: { input: 50 USD, output: 250 USD }")
    let large = try await Laws.results(dear, rate: 4)
    #expect(large.notes.contains { $0.hasSuffix("times what is simulated") })
  }
}

/// What an estimate leaves out, and what tables say of money.
@Suite("Laws of money: estimates, tables and files")
struct MoneyTableTests {
  typealias Laws = MoneyLawTests

  @Test("an estimate of rent and calls alone is what rent and calls alone come to, at any hours of use")
  func naive() async throws {
    for hours in [0.0, 5, 8, 24] {
      let results = try await Laws.results(
        Laws.rented("on-demand", pool: ", daily-use: \(hours)h")
          + Laws.rented("[ { spot: 50% }, { on-demand: 50% } ]", name: "spot", pool: ", daily-use: \(hours)h")
          + Laws.rented("{ price: 9 USD/h, commitment: 1y }", name: "bound", pool: ", daily-use: \(hours)h")
          + Laws.called(", pricing: { input: 0.5 USD, output: 1 USD, per-request: 0.001 USD }")
          + Laws.called(
            ", pricing: { provisioned: 20 USD/h, units: 3, per-request: 0.001 USD }", name: "units")
          + Laws.own("lease: { term: 3y, payment: 9000 USD/month }", name: "leased"))
      for design in ["rented", "bound", "called", "units", "leased"] {
        let full = try Laws.value(results, "cost_total", design)
        #expect(abs(try Laws.value(results, "cost_naive_total", design) - full) <= 1e-6 * full, "\(design)")
      }
      let list = try Laws.value(results, "cost_naive_total", "rented")
      #expect(abs(try Laws.value(results, "cost_naive_total", "spot") - list) <= 1e-6 * list)
    }
  }

  @Test("limits of units are in the table, and fees of calls are of endpoints")
  func endpoints() async throws {
    let results = try await Laws.results(
      Laws.called(", pricing: { provisioned: 20 USD/h, units: 2, tokens-per-minute: 200000 }", name: "units")
        + Laws.called(", pricing: { input: 0 USD, output: 0 USD, per-request: 1 USD }")
        + Laws.rented("{ price: 1 USD/h }"))
    let row = try #require(results.factors.first { $0.factor == "availability of GPUs" })
    #expect(row.values[0] == "2 × 200,000 tokens a minute")
    #expect(results.notes.contains { $0.contains(" - managed endpoints for ") })
    let rows = results.costs.filter { $0.design == "units" }
    #expect(!rows.isEmpty && rows.allSatisfy { $0.serviceCategory == "AI and Machine Learning" })
  }

  @Test("designs are weighed over the horizon where unmet demand is worth something, and it is called so")
  func verdict() async throws {
    let designs = Laws.called() + Laws.rented("on-demand")
    let worth = try await Laws.results(
      designs, economics: "horizon: 3y, discount-rate: 0%, unmet: { per-request: 1 USD }")
    #expect(worth.verdict().contains("least over the horizon: called"))
    let plain = try await Laws.results(designs)
    #expect(plain.verdict().contains("least a month: called"))
  }

  @Test("the books in the file are those of the replication that they name")
  func replication() async throws {
    var scenario = try WorldTests.scenario(
      """
      version: 1
      name: books
      duration: 1m
      replications: 3
      workloads:
        chat:
          kind: inference
          model: llama-3.1-8b
          arrivals: { process: poisson, rate: 2/s }
          prompt-tokens: { distribution: constant, value: 200 }
          output-tokens: { distribution: lognormal, mean: 20, cv: 1 }
      designs:
      \(Laws.called())
      """)
    scenario.seed = 5
    let results = await Experiment.run(scenario, options: RunOptions())
    let names = Set(results.costs.map(\.replication))
    #expect(names.count == 1)
    let sum = results.costs.reduce(0) { $0 + $1.effectiveCostMicros }
    let row = try #require(
      results.rows.first { $0.metric == "cost_total" && $0.replication == names.first })
    #expect(abs(Double(sum) / 1e6 - (row.value ?? 0)) < 1e-6)
    #expect(results.costsCSV().contains("x_PriceDate,x_Replication\n"))
  }

  @Test("what is answered is answered: no request is unmet by the rounding of sums")
  func rounding() async throws {
    let results = try await Laws.results(
      Laws.rented("on-demand") + Laws.own("price: 1 USD", pool: ", deliveries: [ { at: 0mo, count: 2 } ]"),
      economics:
        "horizon: 3y, discount-rate: 0%, demand: { growth: 7%/month, seasons: [ 1, 0.9, 1.3 ], windows: 4 }")
    #expect(!results.months.isEmpty && results.months.allSatisfy { $0.unmet == 0 })
    var row = try #require(results.months.first)
    (row.offered, row.good) = (1e9, 1e9 - 1)
    #expect(row.unmet == 1)
  }

  @Test("every month simulated is no month interpolated")
  func everyMonth() async throws {
    let design = Laws.own(
      "price: 1 USD", pool: ", deliveries: [ { at: 0mo, count: 1 }, { at: 5mo, count: 1 } ]")
    func notes(_ more: String) async throws -> [String] {
      try await Laws.results(
        design, economics: "horizon: 9mo, discount-rate: 0%, demand: { growth: 10%/month\(more) }"
      ).notes.filter { $0.contains("levels of demand and capacity") }
    }
    let all = try await notes(", simulate: every-month")
    #expect(all.count == 1 && all[0].contains("those of all months") && !all[0].contains("interpolated"))
    let some = try await notes("")
    #expect(some.count == 1 && some[0].contains("interpolated"))
  }
}
