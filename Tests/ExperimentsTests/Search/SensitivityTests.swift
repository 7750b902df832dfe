import DryRack
import Foundation
import Testing

@testable import Experiments

@Suite("Which inputs decide", .serialized)
struct SensitivityTests {
  static let text = """
    version: 1
    name: three-ways
    seed: 3
    duration: 60s
    replications: 3
    workloads:
      chat:
        kind: inference
        model: llama-3.1-70b
        arrivals: { process: poisson, rate: 4/s }
        prompt-tokens: { distribution: lognormal, mean: 700, cv: 1, max: 4096 }
        output-tokens: { distribution: lognormal, mean: 150, cv: 0.8, max: 1024 }
        slo: { ttft: 2s }
    designs:
      buy:
        sites:
          dc:
            { kind: on-prem, electricity: 0.12 USD/kWh, pue: 1.4, space: 150 USD/kW-month, rack-power: 12kW,
              rack-price: 400 USD/month, demand-charge: 11 USD/kW-month, carbon: 400 g/kWh }
        pools:
          h100:
            site: dc
            node: hgx-h100
            count: 1
            purchase: { price: 290000 USD, life: 4y, residual: 10% }
        services: { chat: { workload: chat, pool: h100, replicas: 2, parallelism: { tensor: 4 } } }
        staff: { fte: 0.5, salary: 190000 USD/y }
      rent:
        sites: { cloud: { kind: cloud, provider: aws, region: us-east-1 } }
        pools: { h100: { site: cloud, node: p5.48xlarge, count: 1, pricing: on-demand } }
        services: { chat: { workload: chat, pool: h100, replicas: 2, parallelism: { tensor: 4 } } }
      call:
        services: { chat: { workload: chat, endpoint: together-llama-3.1-70b } }
    thresholds: [ "p99(ttft_s) < 5" ]

    """

  static func study(_ more: String, jobs: Int = 2, designs: [String] = []) throws -> SensitivityStudy {
    let family = try ScenarioFamily(bytes: Array((text + more).utf8), file: "t.yaml", folder: ".")
    let scenario = try family.scenario().get()
    var options = RunOptions()
    options.jobs = jobs
    options.designs = designs
    return SensitivityStudy(
      scenario, settings: scenario.sensitivity, source: { family.scenario(at: $0) }, options: options)
  }

  @Test("what is reckoned from the runs there are is what runs at those prices say, to the last bit")
  func repricing() async throws {
    var study = try Self.study("")
    let runs = await study.simulate(study.scenario, 0..<3)
    study.base = try #require(runs)
    let inputs =
      study.settings.found
      + study.scenario.endpoints.map {
        .init(path: "endpoints.\($0.name).price", number: nil, unit: "")
      }
    let knobs = inputs.compactMap { Knob($0, in: study.scenario) }.filter(\.isMoney)
    #expect(knobs.count >= 11, "\(knobs.map(\.input.path))")
    for key in ["space", "rack-price", "demand-charge"] {
      #expect(knobs.contains { $0.input.path == "designs.buy.sites.dc.\(key)" }, "\(key)")
    }
    // Emissions move no money; who asks for them gets them.
    #expect(!knobs.contains { $0.input.path.hasSuffix("carbon") })
    let carbon = try Self.study("sensitivity: { objective: carbon_kg }\n").settings.found.map(\.path)
    #expect(carbon.contains("designs.buy.sites.dc.carbon"))
    for knob in knobs {
      let changed = try #require(study.changed([(knob, knob.base * 1.37)]))
      let reckoned = study.repriced(changed, replication: nil)
      let simulated = await study.simulate(changed, 0..<3)
      let again = try #require(simulated).map { runs in
        let model = runs.model
        return (model.design.name, runs)
      }
      var other = study
      other.base = again.map(\.1)
      #expect(other.repriced(changed, replication: nil) == reckoned, "\(knob.input.path)")
      let full = await Experiment.run(changed, options: RunOptions())
      for state in reckoned {
        #expect(
          full.row(design: state.design, metric: "cost_per_month")?.value == state.objective,
          "\(knob.input.path) of \(state.design)")
      }
    }
  }

  @Test("prices move costs in proportion, and the break-even is where two lines cross")
  func breakEven() async throws {
    var study = try Self.study(
      "sensitivity: { inputs: [designs.rent.pools.h100.pricing, designs.buy.pools.h100.purchase.price] }\n",
      designs: ["buy", "rent"])
    let results = await study.run()
    let costs = results.designs.compactMap(\.objective)
    #expect(results.winner == "buy" && costs[0] < costs[1])
    let rent = try #require(results.effects.first { $0.path.hasSuffix("pricing") })
    #expect(rent.isRepriced)
    // All of what is rented is rent: the price that makes it as dear as what is bought is a rule of three.
    let expected = rent.base * costs[0] / costs[1]
    let found = try #require(rent.breakEvenBelow)
    #expect(abs(found.value / expected - 1) < 2e-4 && found.winner == "rent" && found.formerHolds)
    #expect(abs(try #require(rent.designs[1].elasticity) - 1) < 1e-6)
    #expect(rent.designs[0].elasticity == 0)
    let price = try #require(results.effects.first { $0.path.hasSuffix("purchase.price") })
    let share = try #require(price.designs[0].elasticity)
    #expect(share > 0 && share < 1)
    // The other cost of the bought design stays: base × (1 + share × (f − 1)) = the rent.
    let crossing = price.base * (1 + (costs[1] / costs[0] - 1) / share)
    let above = try #require(price.breakEvenAbove)
    #expect(abs(above.value / crossing - 1) < 2e-4)
    #expect(results.verdict.hasPrefix("buy wins"))
  }

  @Test("a scenario whose pools and sites stand in templates has the answer of one that writes them out")
  func templates() async throws {
    let more = "sensitivity: { spread: 30% }\n"
    let written = Self.text + more
    let rent = "{ site: cloud, node: p5.48xlarge, count: 1, pricing: on-demand }"
    let staff = "{ fte: 0.5, salary: 190000 USD/y }"
    let taken = written.replacing("pools: { h100: \(rent) }", with: "pools: { h100: { template: rented } }")
      .replacing("staff: \(staff)", with: "staff: { template: people }")
      .replacing("designs:", with: "templates:\n  rented: \(rent)\n  people: \(staff)\ndesigns:")
    #expect(taken != written && taken.contains("template: people"))
    var answers: [SensitivityResults] = []
    for text in [written, taken] {
      let family = try ScenarioFamily(bytes: Array(text.utf8), file: "t.yaml", folder: ".")
      let scenario = try family.scenario().get()
      var settings = scenario.sensitivity
      settings.found.removeAll { $0.path.hasPrefix("workloads.") }
      var study = SensitivityStudy(
        scenario, settings: settings, source: { family.scenario(at: $0) }, options: RunOptions())
      answers.append(await study.run())
    }
    #expect(answers[0].effects == answers[1].effects && answers[0].verdict == answers[1].verdict)
    #expect(answers[0].effects.contains { $0.path == "designs.buy.staff.salary" })
    #expect(answers[0].effects.contains { $0.path == "designs.rent.pools.h100.pricing" })
  }

  @Test("a break-even before a bound of the format is found; whole numbers move by one")
  func bounds() async throws {
    let plain = Self.text.replacing("0.12 USD/kWh, pue: 1.4", with: "0.38 USD/kWh, pue: 4")
    let text = plain + "sensitivity: { inputs: [designs.buy.sites.dc.pue, designs.buy.pools.h100.count] }\n"
    let family = try ScenarioFamily(bytes: Array(text.utf8), file: "t.yaml", folder: ".")
    let scenario = try family.scenario().get()
    var options = RunOptions()
    options.designs = ["buy", "rent"]
    var study = SensitivityStudy(
      scenario, settings: scenario.sensitivity, source: { family.scenario(at: $0) }, options: options)
    let results = await study.run()
    #expect(results.winner == "buy")
    // 10 is the most that the format takes, and the next factor lies beyond.
    let pue = try #require(results.effects.first { $0.path.hasSuffix("pue") })
    let share = try #require(pue.designs[0].elasticity)
    let costs = results.designs.compactMap(\.objective)
    let crossing = pue.base * (1 + (costs[1] / costs[0] - 1) / share)
    #expect(crossing > 2 * pue.base && crossing < 10)
    let above = try #require(pue.breakEvenAbove)
    #expect(abs(above.value / crossing - 1) < 2e-3 && above.winner == "rent")
    let count = try #require(results.effects.first { $0.path.hasSuffix("count") })
    // No machine at all is no scenario: twice as many tell the elasticity.
    let buy = count.designs[0]
    let (one, two) = (try #require(buy.base), try #require(buy.high))
    #expect(count.high == 2 && buy.low == nil && two > one)
    #expect(abs(try #require(buy.elasticity) - (two / one - 1)) < 1e-9)
  }

  @Test("ties, a single design and nothing to move are called so")
  func words() async throws {
    func answer(_ text: String, designs: [String] = []) async throws -> SensitivityResults {
      let family = try ScenarioFamily(bytes: Array(text.utf8), file: "t.yaml", folder: ".")
      let scenario = try family.scenario().get()
      var options = RunOptions()
      options.designs = designs
      var study = SensitivityStudy(
        scenario, settings: scenario.sensitivity, source: { family.scenario(at: $0) }, options: options)
      return await study.run()
    }
    let inputs = "sensitivity: { inputs: [designs.buy.staff.fte] }\n"
    let alone = try await answer(Self.text + inputs, designs: ["buy"])
    #expect(alone.verdict.hasPrefix("buy is the only design") && !alone.verdict.contains("winner"))
    let tie = Self.text.replacing("  call:\n", with: "  same: { extends: buy }\n  call:\n") + inputs
    let tied = try await answer(tie, designs: ["buy", "same"])
    #expect(tied.equals == ["buy", "same"] && tied.verdict.contains("buy and same come to the same"))
    #expect(!tied.verdict.contains("wins") || tied.verdict.contains("none of them wins"))
    let bare = """
      version: 1
      name: bare
      replications: 1
      workloads:
        train: { kind: training, model: llama-3.1-8b, sequence: 4096, global-batch: 64, steps: 20 }
      designs:
        one:
          sites: { dc: { kind: on-prem } }
          pools: { gpu: { site: dc, node: hgx-h100, count: 1 } }
          jobs: { train: { workload: train, pool: gpu, accelerators: 8 } }

      """
    let nothing = try await answer(bare)
    #expect(nothing.objective.metric == "cost_per_training_run")
    // Of two jobs the cost of a run is two figures: designs are compared by the month.
    let two = bare.replacing("{ train: {", with: "{ again: { workload: train, pool: gpu }, train: {")
    #expect(try await answer(two).objective.metric == "cost_per_month")
    #expect(nothing.effects.isEmpty && nothing.notes.contains { $0.hasPrefix("no input was moved") })
  }

  @Test("the load of a schedule is a factor on all its points, that of a trace its speed")
  func schedule() async throws {
    let text = Self.text.replacing(
      "{ process: poisson, rate: 4/s }",
      with: "{ process: schedule, points: [[0s, 2/s], [20s, 6/s], [40s, 0/s]] }")
    let family = try ScenarioFamily(bytes: Array(text.utf8), file: "t.yaml", folder: ".")
    let scenario = try family.scenario().get()
    let input = try #require(scenario.sensitivity.found.first { $0.path == "workloads.chat.arrivals.points" })
    let knob = try #require(Knob(input, in: scenario))
    #expect(!knob.isMoney && knob.base == 1)
    let more = try family.scenario(at: [try #require(knob.override(1.5))]).get()
    guard case .generated(.schedule(let points), _, _) = more.workloads[0].traffic else {
      Issue.record("no schedule")
      return
    }
    #expect(points.map(\.rate.value) == [3, 9, 0] && points.map(\.time.value) == [0, 20, 40])
  }

  @Test("load is simulated again; results do not depend on jobs")
  func load() async throws {
    let more = """
      sensitivity: { inputs: [workloads.chat.arrivals.rate] }
      uncertainty:
        workloads.chat.arrivals.rate: { distribution: normal, mean: 4/s, deviation: 1/s, min: 1/s, max: 8/s }
        designs.buy.sites.dc.electricity: { distribution: lognormal, mean: 0.12 USD/kWh, cv: 0.4 }
      """
    let extra = more.replacing(
      "[workloads.chat.arrivals.rate] }", with: "[workloads.chat.arrivals.rate], draws: 12 }")
    var one = try Self.study(extra, jobs: 1)
    var four = try Self.study(extra, jobs: 4)
    let (left, right) = (await one.run(), await four.run())
    #expect(left.json() == right.json() && left.csv() == right.csv() && left.drawsCSV() == right.drawsCSV())
    let effect = try #require(left.effects.first)
    #expect(!effect.isRepriced)
    let call = try #require(effect.designs.first { $0.design == "call" })
    // Tokens are paid as they come: a fifth more load is about a fifth more cost.
    #expect(abs(try #require(call.elasticity) - 1) < 0.15)
    let outlook = try #require(left.outlook)
    #expect(outlook.draws.count == 12 && !outlook.isRepriced)
    let total = outlook.designs.compactMap { $0.cheapest?.estimate }.reduce(0, +)
    #expect(abs(total - 1) < 1e-12)
  }

  @Test("chances of prices alone: known in closed form")
  func chances() async throws {
    // The rent is 0.5 to 1.5 times what costs as much as the bought design: half of the draws are cheaper.
    var first = try Self.study(
      "sensitivity: { inputs: [designs.rent.pools.h100.pricing] }\n", designs: ["buy", "rent"])
    let costs = await first.run().designs.compactMap(\.objective)
    let hourly = costs[0] / 730.5
    var study = try Self.study(
      """
      sensitivity: { draws: 400, inputs: [designs.rent.pools.h100.pricing] }
      uncertainty:
        designs.rent.pools.h100.pricing:
          { distribution: uniform, from: \(hourly * 0.5) USD/h, to: \(hourly * 1.5) USD/h }

      """, designs: ["buy", "rent"])
    let outlook = try #require(await study.run().outlook)
    #expect(outlook.isRepriced && outlook.draws.count == 400)
    let rent = try #require(outlook.designs.last?.cheapest)
    #expect(abs(rent.estimate - 0.5) < 0.01 && rent.contains(0.5))
    let median = try #require(outlook.designs.last?.median)
    #expect(abs(median / costs[0] - 1) < 0.01)
  }

  @Test("who wins as written but seldom under the uncertain inputs is not called the winner alone")
  func verdict() async throws {
    var first = try Self.study(
      "sensitivity: { inputs: [designs.rent.pools.h100.pricing] }\n", designs: ["buy", "rent"])
    let costs = await first.run().designs.compactMap(\.objective)
    let hourly = costs[0] / 730.5
    var study = try Self.study(
      """
      sensitivity: { draws: 200, inputs: [designs.rent.pools.h100.pricing] }
      uncertainty:
        designs.rent.pools.h100.pricing:
          { distribution: uniform, from: \(hourly * 0.2) USD/h, to: \(hourly * 1.2) USD/h }

      """, designs: ["buy", "rent"])
    let results = await study.run()
    #expect(results.winner == "buy")
    let verdict = results.verdict
    #expect(verdict.hasPrefix("buy wins with the values as written alone"), "\(verdict)")
    #expect(verdict.contains("under the uncertain inputs rent is the cheapest that holds in 80"))
    #expect(verdict.contains("of draws, and buy in 20"))
  }

  @Test("quantiles of the laws are those of their inverse distribution functions")
  func laws() {
    let input = SensitivitySettings.Input(path: "x", number: 1, unit: "")
    func quantile(_ law: SensitivitySettings.Uncertainty.Law, _ share: Double) -> Double {
      SensitivitySettings.Uncertainty(input: input, law: law).quantile(share)
    }
    #expect(quantile(.uniform(from: 2, to: 4), 0.25) == 2.5)
    for share in [0.01, 0.3, 0.5, 0.77, 0.99] {
      let x = quantile(.triangular(low: 1, mode: 2, high: 5), share)
      let cdf = x <= 2 ? (x - 1) * (x - 1) / 4 : 1 - (5 - x) * (5 - x) / 12
      #expect(abs(cdf - share) < 1e-12)
      let normal = quantile(.normal(mean: 3, deviation: 2), share)
      #expect(abs(NormalLaw.cdf((normal - 3) / 2) - share) < 1e-12)
      let log = Distribution.lognormal(mean: 3, cv: 0.5)
      #expect(abs(log.cdf(quantile(.lognormal(mean: 3, cv: 0.5), share)) - share) < 1e-12)
    }
    #expect(quantile(.triangular(low: 2, mode: 2, high: 2), 0.5) == 2)
    let bounded = SensitivitySettings.Uncertainty(
      input: input, law: .normal(mean: 0, deviation: 1), minimum: -0.5, maximum: 0.5)
    #expect(bounded.quantile(0.001) == -0.5 && bounded.quantile(0.999) == 0.5)
  }
}
