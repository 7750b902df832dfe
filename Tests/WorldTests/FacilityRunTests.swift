import DryRack
import Foundation
import Testing

/// What rooms, caps, hours and currencies do to the figures of whole runs.
@Suite("Rooms, caps, hours and currencies")
struct FacilityRunTests {
  static func scenario(
    site: String = "", pool: String = "", economics: String = "discount-rate: 0%", rate: String = "6/s",
    duration: String = "2m", arrivals: String? = nil, tokens: (prompt: Int, output: Int) = (1500, 60),
    node: String = "dgx-h100", count: Int = 2
  ) throws -> Scenario {
    try WorldTests.scenario(
      """
      version: 1
      name: facility
      duration: \(duration)
      economics: { \(economics) }
      workloads:
        chat:
          kind: inference
          model: llama-3.1-8b
          arrivals: \(arrivals ?? "{ process: poisson, rate: \(rate) }")
          prompt-tokens: { distribution: constant, value: \(tokens.prompt) }
          output-tokens: { distribution: constant, value: \(tokens.output) }
      designs:
        own:
          sites: { dc: { kind: on-prem\(site) } }
          pools: { gpu: { site: dc, node: \(node), count: \(count), purchase: {}\(pool) } }
          services: { chat: { workload: chat, pool: gpu, replicas: \(count) } }
      """)
  }

  static func run(_ scenario: Scenario) async -> RunResults {
    await Experiment.run(scenario, options: RunOptions())
  }

  static func value(_ results: RunResults, _ metric: String, _ statistic: String = "value") throws -> Double {
    try #require(
      results.row(design: "own", metric: metric, statistic: statistic)?.value, "\(metric) \(statistic)")
  }

  // MARK: Caps

  @Test("a cap at the thermal design power changes no figure")
  func noCap() async throws {
    let plain = await Self.run(try Self.scenario())
    let capped = await Self.run(try Self.scenario(pool: ", power-cap: 700W"))
    #expect(plain.rows == capped.rows && plain.series == capped.series && plain.costs == capped.costs)
  }

  @Test("a lower cap never speeds serving; prompts slow more than answers; energy falls, and rises again")
  func serving() async throws {
    // A replica that computes prompts most of the time.
    var energies: [Double] = []
    var last = (ttft: 0.0, tpot: 0.0)
    let plain = await Self.run(try Self.scenario(tokens: (4000, 4)))
    let first = try (ttft: Self.value(plain, "ttft_s", "p50"), tpot: Self.value(plain, "tpot_s", "p50"))
    for watts in [700, 600, 500, 400, 320, 250, 215] {
      let results = await Self.run(try Self.scenario(pool: ", power-cap: \(watts)W", tokens: (4000, 4)))
      let now = try (ttft: Self.value(results, "ttft_s", "p50"), tpot: Self.value(results, "tpot_s", "p50"))
      #expect(now.ttft >= last.ttft * (1 - 1e-6), "\(watts) W")
      #expect(now.ttft / first.ttft >= 1 && watts < 300 || now.tpot <= now.ttft)
      energies.append(try Self.value(results, "energy_kwh"))
      last = now
    }
    #expect(zip(energies.prefix(5), energies.dropFirst().prefix(4)).allSatisfy { $0 > $1 }, "\(energies)")
    #expect(last.ttft > 1.3 * first.ttft)
    let best = try #require(energies.indices.min { energies[$0] < energies[$1] })
    #expect(best > 0 && best < energies.count - 1, "the minimum lies inside: \(energies)")
  }

  @Test("decodes barely slow under a cap that slows prompts")
  func decodes() async throws {
    let plain = await Self.run(try Self.scenario(rate: "1/s", tokens: (1500, 200)))
    let capped = await Self.run(
      try Self.scenario(pool: ", power-cap: 350W", rate: "1/s", tokens: (1500, 200)))
    let prompts = try Self.value(capped, "prefill_s", "p50") / Self.value(plain, "prefill_s", "p50")
    let answers = try Self.value(capped, "tpot_s", "p50") / Self.value(plain, "tpot_s", "p50")
    #expect(prompts > 1.15 && answers < 1.02 && answers >= 1 - 1e-9, "\(prompts) \(answers)")
  }

  static func training(_ pool: String) throws -> Scenario {
    try WorldTests.scenario(
      """
      version: 1
      name: training
      duration: 1h
      workloads:
        pretrain: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 64, steps: 20 }
      designs:
        own:
          sites: { dc: { kind: on-prem, electricity: 0.1 USD/kWh } }
          pools: { gpu: { site: dc, node: hgx-h100, count: 2, fabric: infiniband-ndr, purchase: {}\(pool) } }
          jobs: { pretrain: { workload: pretrain, pool: gpu, accelerators: 16 } }
      """)
  }

  @Test("training slows under a cap, at most as its arithmetic does, and uses less energy a run")
  func trainingStep() async throws {
    let plain = await Self.run(try Self.training(""))
    #expect(await Self.run(try Self.training(", power-cap: 700W")).rows == plain.rows)
    var last = try Self.value(plain, "step_time_s", "mean")
    let first = last
    for watts in [600.0, 500, 400] {
      let results = await Self.run(try Self.training(", power-cap: \(watts)W"))
      let step = try Self.value(results, "step_time_s", "mean")
      let accelerator = try #require(Catalog.builtIn.accelerator("h100-sxm"))
      let cap = try #require(Catalog.builtIn.powerCap(of: accelerator, at: Watts(watts)))
      #expect(step > last && step < first / cap.computeSpeed * (1 + 1e-9))
      // The model's arithmetic over the peak of the chip, not of the slowed one.
      let useful = try [results, plain].map { try Self.value($0, "mfu") * Self.value($0, "gpu_hours") }
      #expect(abs(useful[0] / useful[1] - 1) < 1e-9)
      last = step
    }
  }

  // MARK: Rooms

  @Test("S04: 64 H100 are 8 racks of 15 kW; what is stranded, drawn and paid for them follows")
  func racks() async throws {
    let scenario = try Self.scenario(
      site: ", rack-power: 15kW, rack-price: 900 USD/month", pool: ", daily-use: 24h")
    var eight = scenario
    eight.designs[0].pools[0].nodeCount = 8
    let results = await Self.run(eight)
    #expect(try Self.value(results, "racks") == 8)
    #expect(abs(try Self.value(results, "stranded_kw") - 38.4) < 1e-9)
    #expect(abs(try Self.value(results, "site_power_kw") - 106.08) < 1e-9)
    let perRack = try Self.value(results, "cost_per_month") / 8
    #expect(abs(try Self.value(results, "cost_per_rack") - perRack) < 1e-6)
    let rent = results.costs.filter { $0.chargeDescription == "racks" && $0.month == 1 }
    #expect(rent.count == 1 && rent[0].billedCostMicros == 7_200_000_000 && rent[0].pricingQuantity == 8)
    // A design that says nothing of its room has no such rows.
    #expect(await Self.run(try Self.scenario()).row(design: "own", metric: "racks") == nil)
  }

  // MARK: Hours

  static func profile(_ value: (Int) -> Double, _ unit: String) -> String {
    "[" + (0..<24).map { "\(value($0)) \(unit)" }.joined(separator: ", ") + "]"
  }

  @Test("emissions are energy times intensity; a flat profile is a constant")
  func carbon() async throws {
    let constant = await Self.run(try Self.scenario(site: ", carbon: 400 g/kWh"))
    let energy = try Self.value(constant, "energy_kwh")
    #expect(abs(try Self.value(constant, "carbon_kg") - energy * 0.4) < 1e-9 * energy)
    let flat = Self.profile({ _ in 0.4 }, "kg/kWh")
    let profile = await Self.run(try Self.scenario(site: ", carbon: { profile: \(flat) }, starts: 17:20"))
    #expect(try Self.value(profile, "carbon_kg") == Self.value(constant, "carbon_kg"))
    // A run of two minutes says nothing of the hours of a day: the plain mean, and a note.
    let day = Self.profile({ Double($0 * 10) }, "g/kWh")
    let short = await Self.run(try Self.scenario(site: ", carbon: { profile: \(day) }"))
    #expect(abs(try Self.value(short, "carbon_kg") - energy * 0.115) < 1e-9 * energy)
    #expect(short.notes.contains { $0.contains("the plain mean of the day") })
  }

  /// A run of a day on one accelerator, all of whose requests come in the first six hours.
  static func day(_ site: String) async throws -> RunResults {
    await run(
      try scenario(
        site: site, duration: "25h", arrivals: "{ process: schedule, points: [[0s, 1.5/s], [6h, 0.02/s]] }",
        tokens: (3000, 40), node: "{ accelerator: h100-sxm, accelerators: 1 }", count: 1))
  }

  @Test("a whole day weighs each hour with the draw that was simulated at it")
  func wholeDay() async throws {
    let dirty = Self.profile({ (6..<12).contains($0) ? 1000 : 0 }, "g/kWh")
    func kilograms(_ starts: String) async throws -> (carbon: Double, energy: Double) {
      let results = try await Self.day(", carbon: { profile: \(dirty) }, starts: \(starts)")
      #expect(results.notes.contains { $0.contains("each hour weighted") })
      return (try Self.value(results, "carbon_kg"), try Self.value(results, "energy_kwh"))
    }
    let busy = try await kilograms("06:00")
    let idle = try await kilograms("12:00")
    #expect(busy.energy == idle.energy)
    // The idle draw is spread over the day; what is above it falls on the dirty hours, or on clean ones.
    let quarter = busy.energy / 4
    #expect(busy.carbon > 1.2 * quarter && idle.carbon < 0.95 * quarter, "\(busy) \(idle)")
    // Moved by six hours four times, the dirty hours meet every hour of the run once: nothing is lost.
    let others = try await [kilograms("18:00"), kilograms("00:00")]
    let all = ([busy, idle] + others).reduce(0) { $0 + $1.carbon }
    #expect(abs(all - busy.energy) < 1e-6 * busy.energy)
  }

  @Test("a price by the hour is that of the hours of use; the same at all hours is the plain price")
  func timeOfUse() async throws {
    func electricity(_ results: RunResults) -> Int64 {
      results.costs.filter { $0.chargeDescription == "electricity" && $0.month == 0 }[0].billedCostMicros
    }
    func site(_ price: (Int) -> Double) -> String {
      ", electricity-by-hour: \(Self.profile(price, "USD/kWh"))"
    }
    let plain = try await Self.day(", electricity: 0.1 USD/kWh")
    let flat = electricity(try await Self.day(site { _ in 0.1 }))
    #expect(flat == electricity(plain))
    let cheap = electricity(try await Self.day(site { $0 < 6 ? 0.05 : 0.1 }))
    let dear = electricity(try await Self.day(site { $0 < 6 ? 0.15 : 0.1 }))
    // By as much above the plain price as below it.
    #expect(abs(Double(cheap + dear) / Double(2 * electricity(plain)) - 1) < 1e-6)
    // The busy quarter of the day weighs more than a quarter.
    #expect(Double(dear) > Double(electricity(plain)) * (1 + 0.5 * 0.27))
  }

  // MARK: Currencies

  static func inCurrency(_ economics: String, electricity: String) async throws -> RunResults {
    let text = """
      version: 1
      name: currency
      duration: 1m
      economics: { discount-rate: 8%, \(economics) }
      workloads:
        chat:
          kind: inference
          model: llama-3.1-70b
          arrivals: { process: constant, rate: 1/s }
          prompt-tokens: { distribution: constant, value: 200 }
          output-tokens: { distribution: constant, value: 20 }
      designs:
        own:
          sites: { dc: { kind: on-prem, electricity: \(electricity) } }
          pools: { gpu: { site: dc, node: hgx-h100, count: 2, fabric: infiniband-ndr, purchase: {} } }
          services: { chat: { workload: chat, pool: gpu, replicas: 1, parallelism: { tensor: 4 } } }
        cloud:
          sites: { us: { kind: cloud, provider: aws, region: us-east-1 } }
          pools: { gpu: { site: us, node: p5.48xlarge, count: 2, pricing: on-demand } }
          services: { chat: { workload: chat, pool: gpu, replicas: 1, parallelism: { tensor: 4 } } }
          storage: { data: { kind: object-store, site: us, price: s3-standard, holds: 10TB } }
        called:
          services: { chat: { workload: chat, endpoint: together-llama-3.1-70b } }
      """
    return await run(try WorldTests.scenario(text))
  }

  @Test("doubling the rate doubles every cost; a rate of 1 is the dollar; every unit names the currency")
  func currencies() async throws {
    let dollars = try await Self.inCurrency("currency: USD", electricity: "0.1 USD/kWh")
    let one = try await Self.inCurrency("currency: EUR, exchange: { USD: 1 }", electricity: "0.1 USD/kWh")
    let two = try await Self.inCurrency("currency: EUR, exchange: { USD: 2 }", electricity: "0.1 USD/kWh")
    let mixed = try await Self.inCurrency("currency: EUR, exchange: { USD: 2 }", electricity: "0.2 EUR/kWh")
    #expect(dollars.rows.count == two.rows.count && mixed.rows == two.rows && mixed.costs == two.costs)
    #expect(two.costs.allSatisfy { $0.currency == "EUR" })
    var doubled = 0
    for (index, row) in dollars.rows.enumerated() {
      let (same, other) = (one.rows[index], two.rows[index])
      #expect(same.value == row.value && other.metric == row.metric && other.design == row.design)
      let isMoney = Metric.named(row.metric)?.unit.hasPrefix("money") == true
      #expect(row.unit.replacing("USD", with: "EUR") == other.unit)
      #expect(!isMoney || other.unit.hasPrefix("EUR"))
      guard let value = row.value else { continue }
      let expected = value * (isMoney ? 2 : 1)
      #expect(abs((other.value ?? 0) - expected) <= 1e-6 * abs(expected) + 1e-9, "\(row)")
      if isMoney && value > 0 { doubled += 1 }
    }
    #expect(doubled > 15)
    let sums = [dollars, two].map { $0.costs.reduce(Int64(0)) { $0 + $1.billedCostMicros } }
    #expect(abs(Double(sums[1]) / Double(sums[0]) - 2) < 1e-9)
    // No exchange, one that is not used, and no word of the currency are one and the same.
    let plain = try await Self.inCurrency("", electricity: "0.1 USD/kWh")
    let unused = try await Self.inCurrency(
      "exchange: { CHF: 1.1, date: 2026-11-01 }", electricity: "0.1 USD/kWh")
    #expect(plain.rows == dollars.rows && unused.rows == dollars.rows && unused.costs == dollars.costs)
  }
}
